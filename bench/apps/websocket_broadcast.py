# SPDX-License-Identifier: MIT
"""What one client sends, all get: in each of the ways by which an application uses a WebSocket."""
import functools

import gevent
import gevent.event
import gevent.queue
import gevent.socket

clients = set()


def send_to_all(message):
    for client in list(clients):
        client.send(message)


def native(environ, start_response):
    import geventd
    ws = geventd.websocket(environ)
    ws.accept()
    clients.add(ws)
    for message in ws:
        send_to_all(message)
    clients.discard(ws)
    return []


class Outbox:
    """A client of uWSGI's, to whom only his own greenlet can send: the way of python-engineio."""

    def __init__(self, descriptor):
        self.messages = gevent.queue.Queue()
        self.event = gevent.event.Event()
        self.watcher = gevent.spawn(self.watch, descriptor)

    def watch(self, descriptor):
        while True:
            self.event.set()
            gevent.socket.wait_read(descriptor)  # select() knows no more than 1,024 descriptors

    def send(self, message):
        self.messages.put(message)
        self.event.set()


def uwsgi_functions(environ, start_response):
    import uwsgi
    uwsgi.websocket_handshake()
    outbox = Outbox(uwsgi.connection_fd())
    clients.add(outbox)
    try:
        while True:
            outbox.event.wait()
            outbox.event.clear()
            while not outbox.messages.empty():
                uwsgi.websocket_send(outbox.messages.get())
            message = uwsgi.websocket_recv_nb()
            if message:
                send_to_all(message)
    except OSError:
        return ''
    finally:
        clients.discard(outbox)
        outbox.watcher.kill()


def gevent_websocket(environ, start_response):
    ws = environ['wsgi.websocket']
    clients.add(ws)
    while True:
        message = ws.receive()
        if message is None:
            clients.discard(ws)
            return []
        send_to_all(message)


@functools.lru_cache
def _flask_sock():
    import flask
    import flask_sock
    app = flask.Flask(__name__)

    @flask_sock.Sock(app).route('/')
    def broadcast(ws):
        clients.add(ws)
        try:
            while True:
                send_to_all(ws.receive())
        finally:
            clients.discard(ws)
    return app


def flask_sock(environ, start_response):
    return _flask_sock()(environ, start_response)
