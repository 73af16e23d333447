# SPDX-License-Identifier: MIT
"""The same echo in each of the ways by which an application uses a WebSocket."""
import functools


def native(environ, start_response):
    import geventd
    ws = geventd.websocket(environ)
    ws.accept()
    for message in ws:
        ws.send(message)
    return []


def uwsgi_functions(environ, start_response):
    import uwsgi
    uwsgi.websocket_handshake()
    try:
        while True:
            uwsgi.websocket_send(uwsgi.websocket_recv())
    except OSError:
        return ''


def gevent_websocket(environ, start_response):
    ws = environ['wsgi.websocket']
    while True:
        message = ws.receive()
        if message is None:
            return []
        ws.send(message)


@functools.lru_cache
def _flask_sock():
    import flask
    import flask_sock
    app = flask.Flask(__name__)

    @flask_sock.Sock(app).route('/')
    def echo(ws):
        while True:
            ws.send(ws.receive())
    return app


def flask_sock(environ, start_response):
    return _flask_sock()(environ, start_response)
