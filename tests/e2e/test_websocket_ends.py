# SPDX-License-Identifier: MIT
"""How a WebSocket ends, and what still arrives then."""
import signal

import pytest

from harness.websockets import CLOSE, PING, TEXT, RawSocket, connect, frame

FAILS = '''
import sys

import geventd
import uwsgi


def through(environ):
    if environ['PATH_INFO'] == '/wsgi.websocket':
        environ['wsgi.websocket'].send('hello')
    elif environ['PATH_INFO'] == '/uwsgi':
        uwsgi.websocket_handshake()
    else:
        geventd.websocket(environ).accept()
    raise KeyError('on purpose')


def application(environ, start_response):
    """As a framework does, which makes a page of the exception."""
    try:
        return through(environ)
    except KeyError:
        start_response('500 Internal Server Error', [], sys.exc_info())
        return [b'a page for developers']
'''


@pytest.mark.parametrize('face', ['geventd', 'uwsgi', 'wsgi.websocket'])
def test_a_failed_view_closes_as_a_failure(server, face):
    running = server(FAILS)
    client = RawSocket(running.address(), '/' + face)
    assert client.read_close() == 1011


BUSY = '''
import os

import gevent
import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    got = [ws.receive()]
    ws.send('busy')
    while not os.path.exists('go'):
        gevent.sleep(0.01)
    got.extend(ws)
    print('got:', *got, ws.closed, ws.ended, ws.close_code, flush=True)
    return []
'''


def test_what_a_client_has_sent_is_received_although_the_worker_leaves(server):
    running = server(BUSY, {'limits': {'drain-websockets': '60s'}})
    client = RawSocket(running.address())
    client.send(frame(TEXT, b'one'))
    assert client.read_frame() == (TEXT, b'busy')
    client.send(frame(TEXT, b'two'), frame(TEXT, b'three'))
    running.signal(signal.SIGHUP)
    assert client.read_close() == 1012
    client.send(frame(TEXT, b'four'), frame(CLOSE, (1012).to_bytes(2, 'big')))
    (running.folder / 'go').touch()
    running.wait_log('got: one two three four True True 1012')


DISCONNECT = '''
import gevent.event
import uwsgi

contexts = []


def application(environ, start_response):
    uwsgi.websocket_handshake()
    contexts.append(uwsgi.request_context())
    while True:
        message = uwsgi.websocket_recv()
        for context in list(contexts):
            try:
                uwsgi.websocket_send(message, request_context=context)
            except IOError:
                contexts.remove(context)
        if message == b'bye':
            uwsgi.disconnect()
'''


def test_uwsgi_disconnect_ends_the_connection_of_the_greenlets_own_request(server):
    running = server(DISCONNECT)
    with RawSocket(running.address()) as first:
        first.send(frame(TEXT, b'hello'))
        assert first.read_frame() == (TEXT, b'hello')
        with RawSocket(running.address()) as second:
            second.send(frame(TEXT, b'hello'))
            assert second.read_frame() == (TEXT, b'hello')
            first.send(frame(TEXT, b'bye'))
            assert first.read_close() == 1000
            assert second.read_frame() == (TEXT, b'bye')
            second.send(frame(TEXT, b'still there'))
            assert second.read_frame() == (TEXT, b'still there')


LISTENERS = '''
import gevent

listeners = []


def application(environ, start_response):
    if environ['PATH_INFO'] == '/say':
        for ws in listeners:
            ws.send('news')
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'said']
    ws = environ['wsgi.websocket']
    listeners.append(ws)
    while not ws.closed:
        gevent.sleep(0.01)
    listeners.remove(ws)
    print('a listener has left', ws.environ, flush=True)
    return []
'''


@pytest.mark.parametrize('unread', [0, 2])
def test_a_handler_that_only_waits_for_the_end(server, unread):
    """As in a chat whose messages come from elsewhere."""
    running = server(LISTENERS)
    client = connect(running)
    assert running.get('/say').text == 'said'
    assert client.recv() == 'news'
    for _ in range(unread):
        client.send('nobody takes this')
    client.close()
    running.wait_log('a listener has left')
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)


def test_a_client_that_leaves_behind_messages_that_nobody_takes(server):
    running = server(LISTENERS, {'limits': {'websocket-ping': '200ms'}})
    with RawSocket(running.address()) as client:
        client.send(*[frame(TEXT, b'nobody takes this')] * 300)
        client.send(frame(CLOSE, (1000).to_bytes(2, 'big')))
        assert client.read_frame() == (PING, b'')  # though nothing is read from it any more
    running.wait_log('a listener has left')
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)


SLOW = '''
import gevent
import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    count = 0
    for message in ws:
        count += 1
        gevent.sleep(0.001)
    print('took', count, 'then', ws.close_code, flush=True)
    return []
'''


def test_messages_of_a_client_that_has_left_are_taken_by_a_slow_handler(server):
    running = server(SLOW, {'limits': {'websocket-ping': '200ms'}})
    with RawSocket(running.address()) as client:
        client.send(*[frame(TEXT, b'one')] * 1000, frame(CLOSE, (1000).to_bytes(2, 'big')))
    running.wait_log('took 1000 then 1000')


LAST = '''
def application(environ, start_response):
    ws = environ['wsgi.websocket']
    while not ws.closed:
        print('got', ws.receive(), flush=True)
    return []
'''


def test_a_handler_that_looks_for_the_end_gets_what_came_before_it(server):
    running = server(LAST)
    with RawSocket(running.address()) as client:
        client.send(frame(TEXT, b'one'), frame(TEXT, b'two'),
                    frame(CLOSE, (1000).to_bytes(2, 'big')))
        running.wait_log('got two')


GIVEN = '''
import uwsgi


def application(environ, start_response):
    offered = environ['HTTP_SEC_WEBSOCKET_PROTOCOL']
    protocol = {'/empty': '', '/bytes': b'other', '/all': offered}[environ['PATH_INFO']]
    uwsgi.websocket_handshake(environ['HTTP_SEC_WEBSOCKET_KEY'], None, protocol)
    return ''
'''


@pytest.mark.parametrize('path, chosen', [('/empty', 'chat'), ('/bytes', 'other'),
                                          ('/all', 'chat')])
def test_uwsgi_takes_the_protocol_as_uwsgi_does(server, path, chosen):
    running = server(GIVEN)
    client = connect(running, path, subprotocols=['chat', 'other'])
    assert client.getsubprotocol() == chosen
    assert client.recv_data()[0] == CLOSE


def test_messages_are_not_compressed_where_that_is_off(server):
    running = server(FAILS, {'limits': {'websocket-compress': '0'}})
    with RawSocket(running.address(), '/', 'Sec-WebSocket-Extensions: permessage-deflate\r\n') as c:
        assert 'permessage-deflate' not in c.head


RAW = '''
def application(environ, start_response):
    sock = environ['gunicorn.socket']
    sock.send(b'HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n')
    sock.recv(1)
    raise StopIteration
'''


@pytest.mark.parametrize('ping', ['1h', '0s'])
def test_a_silent_client_of_a_raw_socket_is_asked_by_the_kernel(server, ping):
    """The timer of the server's end of the connection tells, in the kernel's table: 2 is that of
    keep-alive."""
    running = server(RAW, {'limits': {'websocket-ping': ping}})
    with RawSocket(running.address()) as client:
        ends = ['%08X:%04X' % (0x0100007f, end[1])
                for end in (client.socket.getpeername(), client.socket.getsockname())]
        with open('/proc/net/tcp', encoding='ascii') as table:
            timers = [line.split()[5][:2] for line in table if line.split()[1:3] == ends]
    assert timers == ['00' if ping == '0s' else '02']
