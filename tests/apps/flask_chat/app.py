# SPDX-License-Identifier: MIT
"""A chat: sessions are kept in Redis, messages go to everybody through Redis channels, and browsers
receive them as server-sent events."""
import json
import os
import uuid

import redis
from flask import Flask, Response, request, session
from flask.sessions import SessionInterface, SessionMixin

store = redis.Redis.from_url('unix://' + os.environ['REDIS_SOCKET'])


class RedisSession(dict, SessionMixin):
    def __init__(self, key, *values):
        super().__init__(*values)
        self.key = key


class RedisSessions(SessionInterface):
    """The cookie holds a random key, Redis the values under it."""

    def open_session(self, app, request):
        key = request.cookies.get('session')
        known = store.get(f'session:{key}') if key else None
        return RedisSession(key, json.loads(known)) if known else RedisSession(uuid.uuid4().hex)

    def save_session(self, app, session, response):
        store.setex(f'session:{session.key}', 60, json.dumps(session))
        response.set_cookie('session', session.key, httponly=True)


app = Flask(__name__)
app.session_interface = RedisSessions()


@app.post('/name')
def name():
    session['name'] = request.form['name']
    return ''


@app.post('/say')
def say():
    session['said'] = session.get('said', 0) + 1
    event = {'name': session.get('name', 'somebody'), 'text': request.form['text'],
             'number': session['said']}
    return str(store.publish(request.form['room'], json.dumps(event)))


@app.get('/events/<room>')
def events(room):
    subscription = store.pubsub(ignore_subscribe_messages=True)
    subscription.subscribe(room)

    def stream():
        try:
            yield 'event: ready\ndata:\n\n'
            for message in subscription.listen():
                if message:
                    yield f'data: {message["data"].decode()}\n\n'
        finally:
            subscription.close()
    return Response(stream(), mimetype='text/event-stream')
