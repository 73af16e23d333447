# SPDX-License-Identifier: MIT
"""environ['wsgi.websocket'], as gevent-websocket gives it to applications."""
import pytest
import websocket

from harness.websockets import BINARY, CLOSE, TEXT, RawSocket, connect, request

GEVENT = '''
import gevent


def application(environ, start_response):
    path = environ['PATH_INFO']
    ws = environ.get('wsgi.websocket')
    if ws is None or path == '/page':
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [str(ws is None).encode()]
    if path == '/chat':
        while True:
            message = ws.receive()
            if message is None:
                break
            for client in list(ws.handler.server.clients.values()):
                client.ws.send(message)
        assert ws.closed
        try:
            ws.receive()
        except OSError as error:
            print('at the end:', type(error).__name__, error, flush=True)
    else:
        ws.send(repr((ws.origin, ws.path, ws.version, ws.closed, ws.environ is environ)))
        ws.send('text', binary=True)
        ws.send(b'bytes')
        ws.send(b'as text', binary=False)
        ws.close(4000, b'enough')
        ws.close()
    return []
'''

CLIENTS = '''
import gevent.event

clients = None
go = gevent.event.Event()


def application(environ, start_response):
    global clients
    path = environ['PATH_INFO']
    if path in ('/count', '/go'):
        if path == '/go':
            go.set()
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [str(len(clients)).encode()]
    ws = environ['wsgi.websocket']
    clients = ws.handler.server.clients
    ws.send('hello')
    assert ws.handler.active_client.ws is ws
    if path == '/raises':
        raise KeyError('on purpose')
    if path == '/stays':
        go.wait()
    if path == '/casts':
        for client in list(clients.values()):
            try:
                client.ws.send('to all')
            except OSError as error:
                print('cast:', error, flush=True)
        print('left:', len(clients), flush=True)
    return []
'''


@pytest.fixture(scope='module')
def gevent(module_server):
    return module_server(GEVENT)


def test_gevent_websocket(gevent):
    one = connect(gevent, '/chat')
    other = connect(gevent, '/chat')
    other.send_binary(b'\xff')  # the handshake is answered at the first use
    assert other.recv_data() == (BINARY, b'\xff')
    one.send('hello')
    assert [one.recv(), other.recv()] in (['hello', 'hello'], [b'\xff', 'hello'])
    one.close()
    gevent.wait_log('at the end: .*Error Connection is already closed')


def test_gevent_websocket_attributes(gevent):
    client = connect(gevent, '/attributes', origin='http://x')
    assert client.recv() == repr(('http://x', '/attributes', '13', False, True))
    assert client.recv_data() == (BINARY, b'text')
    assert client.recv_data() == (BINARY, b'bytes')
    assert client.recv_data() == (TEXT, b'as text')
    assert client.recv_data() == (CLOSE, b'\x0f\xa0enough')


LATE = '''
import gevent.event

go = gevent.event.Event()


def application(environ, start_response):
    path = environ['PATH_INFO'][1:]
    if path == 'go':
        go.set()
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'go']
    ws = environ['wsgi.websocket']
    print('it waits', flush=True)
    go.wait()
    try:
        result = {'receive': ws.receive, 'close': ws.close,
                  'send': lambda: ws.send('x'),
                  'send_frame': lambda: ws.send_frame(b'', ws.OPCODE_PING)}[path]()
    except OSError as error:
        result = type(error).__name__
    print('late', path, result, ws.closed, flush=True)
    return []
'''


@pytest.mark.parametrize('how, result', [
    ('receive', 'WebSocketError'), ('close', None), ('send', 'WebSocketError'),
    ('send_frame', 'WebSocketError')])
def test_gevent_websocket_of_a_client_that_left_before_the_first_use(server, how, result):
    running = server(LATE)
    client = running.raw()
    client.send(request(f'/{how}'))
    running.wait_log('it waits')
    client.reset()
    running.get('/go')
    running.wait_log(f'late {how} {result} True')


def test_gevent_websocket_is_not_used(gevent):
    assert gevent.get('/page').body == b'True'
    with pytest.raises(websocket.WebSocketBadStatusException, match='200'):
        connect(gevent, '/page')


@pytest.mark.parametrize('way', ['raises', 'returns'])
def test_gevent_websocket_clients_leave_with_their_requests(server, way):
    running = server(CLIENTS)
    running.expect_error('/raises failed')
    clients = [connect(running, f'/{way}') for _ in range(50)]
    for client in clients:
        assert client.recv() == 'hello'
        assert client.recv_data()[0] == CLOSE
        client.close()
    assert running.get('/count').body == b'0'


def test_gevent_websocket_clients_without_a_port_are_told_apart(server):
    running = server(CLIENTS, {'listen': ['http+unix:app.sock', 'http://127.0.0.1:0']})
    with RawSocket(running.address(), '/stays') as one, \
            RawSocket(running.address(), '/stays') as other:
        assert one.read_frame() == other.read_frame() == (TEXT, b'hello')
        assert running.get('/count', index=1).body == b'2'
        running.get('/go', index=1)


def test_gevent_websocket_a_dead_client_leaves(server):
    running = server(CLIENTS)
    with RawSocket(running.address(), '/stays') as dead:
        assert dead.read_frame() == (TEXT, b'hello')
    running.wait_status(lambda status: running.get('/count').body == b'1')
    with RawSocket(running.address(), '/casts') as client:
        assert client.read_frame() == (TEXT, b'hello')
        assert client.read_frame() == (TEXT, b'to all')
    running.wait_log('cast: .*Socket is dead')
    running.wait_log('left: 1')
    running.get('/go')
