# SPDX-License-Identifier: MIT
"""Requests that ask for a WebSocket and cannot have one: what their clients get, and what the log
says to whom can mend it."""
import pytest

from harness import uwsgi
from harness.client import RawClient
from harness.faces import ECHOES, FACES
from harness.websockets import BINARY, KEY, RawSocket, connect, request

APP = '''
import geventd
import uwsgi


def native(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    for message in ws:
        ws.send(message)


def functions(environ, start_response):
    uwsgi.websocket_handshake()
    uwsgi.websocket_send(uwsgi.websocket_recv())


def geventwebsocket(environ, start_response):
    ws = environ['wsgi.websocket']
    ws.send(ws.receive())
    return []


def socket(environ, start_response):
    environ['gunicorn.socket'].send(b'HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n')


def caught(environ, start_response):
    """As frameworks do: the exception becomes a page."""
    ws = geventd.websocket(environ)
    try:
        ws.accept()
    except Exception as error:
        print('caught', error, flush=True)
    start_response('500 Failed', [('Content-Type', 'text/plain')])
    return [b'the page of a failure']


def caught_twice(environ, start_response):
    ws = environ['wsgi.websocket']
    for _ in range(2):
        try:
            ws.receive()
        except OSError:
            pass
    return []


def library(environ, start_response):
    """As wsproto does: it looks at the version itself, before it uses the socket."""
    raise ValueError('a library refuses the version')


def fails(environ, start_response):
    try:
        geventd.websocket(environ).accept()
    except OSError:
        raise ValueError('something else') from None


def plain(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [str(geventd.websocket(environ) is None).encode()]


def application(environ, start_response):
    return globals()[environ['PATH_INFO'][1:]](environ, start_response)
'''
FIELDS = {'Connection': 'Upgrade', 'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': KEY}


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0']})


def ask(running, path, protocol='HTTP/1.1', **changes):
    """The answer to a request with the fields of a handshake, but for the changes; None: without
    that field."""
    fields = {**FIELDS, **{name.replace('_', '-'): value for name, value in changes.items()}}
    lines = [f'{name}: {value}\r\n' for name, value in fields.items() if value is not None]
    with RawClient(running.address()) as client:
        client.send(f'GET {path} {protocol}\r\nHost: x\r\n{"".join(lines)}\r\n'.encode())
        return client.read_answer()


@pytest.mark.parametrize('version', ['8', '14', '0', 'x', None])
@pytest.mark.parametrize('face', ['native', 'functions', 'geventwebsocket', 'socket', 'caught',
                                  'caught_twice'])
def test_another_version_is_told_ours(running, face, version):
    answer = ask(running, f'/{face}', Sec_WebSocket_Version=version)
    assert answer.status == 426
    assert answer.header('sec-websocket-version') == '13'
    assert answer.header('upgrade') == 'websocket'
    assert 'upgrade' in answer.header('connection').lower()
    assert answer.body == b'this version of WebSocket is not supported\n'


def test_the_client_may_ask_again_on_the_same_connection(running):
    with RawClient(running.address()) as client:
        client.send(request('/native').replace(b'Version: 13', b'Version: 8'))
        assert client.read_answer().status == 426
        client.send(request('/native'))
        assert b' 101 ' in client.read_until(b'\r\n\r\n')


def test_an_application_without_websockets_answers_another_version(running):
    assert (ask(running, '/plain', Sec_WebSocket_Version='8').status,
            ask(running, '/plain', Sec_WebSocket_Version='13').status) == (200, 200)
    with RawSocket(running.address(), '/native') as client:
        assert ' 101 ' in client.head


def test_what_fails_beside_another_version_is_told(server):
    running = server(APP)
    for path, error in (('/library', 'a library refuses'), ('/fails', 'something else')):
        running.expect_error(f'{path} failed')
        assert ask(running, path, Sec_WebSocket_Version='8').status == 426
        running.wait_log(error)
    assert running.status()['workers'][0]['errors'] == 2
    assert ask(running, '/native', Sec_WebSocket_Version='8').status == 426
    assert running.status()['workers'][0]['errors'] == 2


TOLD = ' asks for a WebSocket, which it cannot become: '


@pytest.mark.parametrize('protocol, changes, text', [
    ('HTTP/1.0', {}, 'it has come by HTTP/1.0'),
    ('HTTP/1.1', {'Connection': 'close', 'Upgrade': None}, 'the field Upgrade is missing'),
    ('HTTP/1.1', {'Connection': 'keep-alive'}, 'its field Connection does not name Upgrade'),
    ('HTTP/1.1', {'Connection': None}, 'its field Connection does not name Upgrade'),
    ('HTTP/1.1', {'Sec_WebSocket_Key': 'short'}, 'its Sec-WebSocket-Key is not'),
    ('HTTP/1.1', {'Sec_WebSocket_Version': '8'}, 'its Sec-WebSocket-Version is "8"'),
])
def test_the_cause_is_told_once(server, protocol, changes, text):
    running = server(APP, {'workers': {'processes': 2}})
    for _ in range(6):
        assert ask(running, '/plain', protocol, **changes).status == 200
    running.wait_log(f'warning .*: /plain{TOLD}{text}')
    assert running.log.text().count(TOLD) == 1


@pytest.mark.parametrize('protocol, text', [
    ({}, 'the web server in front does not say by which version of HTTP'),
    ({'SERVER_PROTOCOL': 'HTTP/1.0'}, 'it has come by HTTP/1.0')])
def test_a_web_server_is_told_of_its_protocol(server, protocol, text):
    running = server(APP, {'listen': ['uwsgi://127.0.0.1:0']})
    variables = {'HTTP_' + name.upper().replace('-', '_'): value for name, value in FIELDS.items()}
    packet = uwsgi.packet([('REQUEST_METHOD', 'GET'), ('PATH_INFO', '/plain'),
                           ('REQUEST_URI', '/plain'), *protocol.items(), *variables.items()])
    with RawClient(running.address()) as client:
        client.send(packet)
        assert client.read_all().endswith(b'True')
    running.wait_log(TOLD + text)


def test_nothing_is_told_of_what_is_no_websocket(server):
    running = server(APP)
    for changes in ({'Upgrade': 'h2c', 'Sec_WebSocket_Key': None},
                    {'Upgrade': None, 'Sec_WebSocket_Key': None}):
        assert ask(running, '/plain', **changes).status == 200
    client = connect(running, '/native')
    client.send('x')
    assert client.recv() == 'x'
    client.close()
    assert TOLD not in running.log.text()


THREADS = '''
import threading

import gevent.event


def echo(sock):
    got = sock.recv(4096)
    sock.send(b'\\x82' + bytes([len(got)]) + got)


def unaware(sock):
    """As flask-sock and simple-websocket do: the view waits for a thread."""
    got = threading.Event()
    threading.Thread(target=lambda: (echo(sock), got.set())).start()
    got.wait()


def aware(sock):
    """As engineio does with gevent: what would be threads are greenlets."""
    gevent.spawn(echo, sock).join()


def application(environ, start_response):
    sock = environ['gunicorn.socket']
    sock.send(b'HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n')
    globals()[environ['PATH_INFO'][1:]](sock)
    return []
'''
OF_THREADS = 'has opened gunicorn.socket in the thread of the worker.s hub and uses it in another'


@pytest.mark.parametrize('patch, view, is_told', [
    ('none', 'unaware', True), ('none', 'aware', False), ('before-load', 'unaware', False)])
def test_threads_that_are_not_patched_are_told(server, patch, view, is_told):
    running = server(THREADS, {'app': {'monkey-patch': patch}})
    for message in (b'one', b'two'):  # early: a hub that waits for a thread receives nothing
        with RawSocket(running.address(), f'/{view}', early=message) as client:
            assert client.read_frame() == (BINARY, message)
    if is_told:
        running.wait_log(f'/{view} {OF_THREADS}.*app.monkey-patch')
    assert running.log.text().count('has opened gunicorn.socket') == int(is_told)


@pytest.mark.parametrize('face', FACES)
@pytest.mark.parametrize('fields, body', [
    ('Content-Length: 4\r\n', b'body'),
    ('Transfer-Encoding: chunked\r\n', b'4\r\nbody\r\n0\r\n\r\n')], ids=['length', 'chunks'])
def test_a_handshake_with_a_body(server, face, fields, body):
    running = server(ECHOES)
    with running.raw() as client:
        client.send(request(f'/{face}', fields) + body)
        answer = client.read_answer()
        assert (answer.status, answer.text) == (400, 'a handshake has no body\n')
    assert running.status()['workers'][0]['errors'] == 0


def test_a_page_for_a_handshake_with_a_body(server):
    with server(ECHOES).raw() as client:
        client.send(request('/page', 'Content-Length: 4\r\n') + b'body')
        assert client.read_answer().text == 'a page'
