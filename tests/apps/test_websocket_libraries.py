# SPDX-License-Identifier: MIT
"""Unmodified applications with the libraries that people use for WebSockets, and their own clients:
Flask-SocketIO in its four ways, python-socketio, flask-sock, gevent-websocket, a Django view."""
import subprocess

import pytest

from harness.virtualenv import make_virtualenv
from harness.websockets import BINARY, PING, TEXT, connect

PACKAGES = ['flask-socketio', 'python-socketio[client]', 'flask-sock', 'simple-websocket',
            'websocket-client']
SOCKETIO = '''
from flask import Flask
from flask_socketio import SocketIO, emit

app = Flask(__name__)
socketio = SocketIO(app{mode}, cors_allowed_origins='*')
print('the mode is', socketio.async_mode, flush=True)


@socketio.on('say')
def say(text):
    emit('said', text, broadcast=True)
    return len(text)


@socketio.on('picture')
def picture(data):
    emit('pictured', bytes(reversed(data)))
'''
CLIENT = '''
import sys
import threading

import socketio

said, pictured = threading.Event(), threading.Event()
got = []
clients = []
for _ in range(2):
    client = socketio.Client()
    client.on('said', lambda text: (got.append(text), len(got) == 2 and said.set()))
    client.on('pictured', lambda data: (got.append(data), pictured.set()))
    client.connect(sys.argv[1], transports=sys.argv[2].split(','))
    clients.append(client)
assert clients[0].call('say', 'Köln') == 4
assert said.wait(20) and got == ['Köln', 'Köln'], got
clients[1].emit('picture', bytes(range(256)) * 100)
assert pictured.wait(20) and got[2] == bytes(reversed(bytes(range(256)) * 100))
print('transport:', {client.transport() for client in clients})
for client in clients:
    client.disconnect()
'''


@pytest.fixture(scope='module')
def libraries(tmp_path_factory):
    return make_virtualenv(tmp_path_factory.mktemp('sockets') / 'venv', PACKAGES)


@pytest.fixture(scope='module')
def with_gevent_websocket(tmp_path_factory):
    return make_virtualenv(tmp_path_factory.mktemp('gevent') / 'venv',
                           [*PACKAGES, 'gevent-websocket'])


def talk(running, virtualenv, transports):
    result = subprocess.run(
        [virtualenv / 'bin/python', '-c', CLIENT, running.url(''), transports],
        capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "transport: {'websocket'}" in result.stdout


@pytest.mark.parametrize('transports', ['polling,websocket', 'websocket'])
@pytest.mark.parametrize('mode, extra', [
    ('gevent_uwsgi', ''), ('gevent', ", async_mode='gevent'"),
    ('threading', ", async_mode='threading'")])
def test_flask_socketio(server, libraries, mode, extra, transports):
    running = server(SOCKETIO.format(mode=extra), {'app': {
        'module': 'app:app', 'virtualenv': str(libraries), 'monkey-patch': 'before-load'}})
    running.wait_log(f'the mode is {mode}')
    talk(running, libraries, transports)


@pytest.mark.parametrize('transports', ['polling,websocket', 'websocket'])
def test_flask_socketio_with_gevent_websocket(server, with_gevent_websocket, transports):
    running = server(SOCKETIO.format(mode=", async_mode='gevent'"), {'app': {
        'module': 'app:app', 'virtualenv': str(with_gevent_websocket)}})
    talk(running, with_gevent_websocket, transports)


FLASK_SOCK = '''
from flask import Flask
from flask_sock import Sock

app = Flask(__name__)
app.config['SOCK_SERVER_OPTIONS'] = {'ping_interval': 1}
sock = Sock(app)


@sock.route('/echo')
def echo(ws):
    while True:
        ws.send(ws.receive())


@sock.route('/once')
def once(ws):
    ws.send(ws.receive())
'''


def test_flask_sock(server, libraries):
    running = server(FLASK_SOCK, {'app': {
        'module': 'app:app', 'virtualenv': str(libraries), 'monkey-patch': 'before-load'}})
    client = connect(running, '/echo')
    for _ in range(3):
        client.send('hello')
        assert client.recv() == 'hello'
    client.send_binary(b'\x00' * 100_000)
    assert client.recv_data() == (BINARY, b'\x00' * 100_000)
    # The library waits in a selector for the socket. It sends the second ping only if it has read
    # the answer to the first.
    for _ in range(2):
        assert client.recv_data(control_frame=True) == (PING, b'')
    client.send('after a silence')
    assert client.recv() == 'after a silence'
    client.close()
    client = connect(running, '/once')
    client.send('one')
    assert client.recv_data() == (TEXT, b'one')
    assert client.recv_data()[1] == b'\x03\xe8'


GEVENT_WEBSOCKET = '''
from geventwebsocket import Resource, WebSocketApplication, WebSocketError


class Echo(WebSocketApplication):
    def on_open(self):
        print('opened', self.ws.path, flush=True)

    def on_message(self, message):
        if message is not None:
            self.ws.send(message)

    def on_close(self, reason):
        print('closed', reason, flush=True)


def page(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'a page']


application = Resource([('^/echo', Echo), ('^/.*', page)])
'''


def test_gevent_websocket(server, with_gevent_websocket):
    running = server(GEVENT_WEBSOCKET, {'app': {'virtualenv': str(with_gevent_websocket)}})
    assert running.get('/').body == b'a page'
    client = connect(running, '/echo')
    client.send('hello')
    assert client.recv() == 'hello'
    client.close()
    running.wait_log('closed')


DJANGO = '''
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

import geventd

settings.configure(SECRET_KEY='x', ROOT_URLCONF=__name__, ALLOWED_HOSTS=['*'])


def echo(request):
    ws = geventd.websocket(request.META)
    if ws is None:
        return HttpResponse('a page')
    ws.accept()
    for message in ws:
        ws.send(message)
    return HttpResponse()


urlpatterns = [path('echo', echo)]
application = get_wsgi_application()
'''


def test_a_view_of_django(server):
    running = server(DJANGO)
    assert running.get('/echo').body == b'a page'
    client = connect(running, '/echo')
    client.send('hello')
    assert client.recv() == 'hello'
    client.close()
