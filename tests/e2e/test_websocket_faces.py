# SPDX-License-Identifier: MIT
"""The other ways by which applications use a WebSocket, each without geventd's own names: uWSGI's
functions, gevent-websocket's object, and a socket for libraries that make frames themselves."""
import base64
import hashlib
import signal
import struct

import pytest

from harness.faces import HANDSHAKE
from harness.websockets import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, connect, frame, request

UWSGI = '''
import gevent
import gevent.select
import uwsgi


def echo():
    uwsgi.websocket_handshake()
    while True:
        uwsgi.websocket_send(uwsgi.websocket_recv())


def keyed(environ):
    uwsgi.websocket_handshake(environ['HTTP_SEC_WEBSOCKET_KEY'].encode(), b'', b'')
    message = uwsgi.websocket_recv()
    uwsgi.websocket_send_binary(message + repr(type(message)).encode())


def select():
    fd = uwsgi.connection_fd()
    uwsgi.websocket_handshake()
    assert fd == uwsgi.connection_fd()
    assert uwsgi.websocket_recv_nb() == b''
    got = []
    while len(got) < 3:
        gevent.select.select([fd], [], [])
        while True:
            message = uwsgi.websocket_recv_nb()
            if not message:
                break
            got.append(message)
        assert gevent.select.select([fd], [], [], 0)[0] == []
    uwsgi.websocket_send(b','.join(got))
    gevent.select.select([fd], [], [])
    try:
        uwsgi.websocket_recv_nb()
    except IOError as error:
        print('selected the end:', error, flush=True)


def elsewhere():
    uwsgi.websocket_handshake()
    context = uwsgi.request_context()
    done = gevent.event.Event()

    def other():
        uwsgi.websocket_send('from another greenlet', request_context=context)
        uwsgi.websocket_send(uwsgi.websocket_recv(request_context=context), context)
        uwsgi.disconnect()
        try:
            uwsgi.websocket_recv(request_context=context)
        except IOError as error:
            print('at the end:', error, flush=True)
        done.set()

    gevent.spawn(other)
    done.wait()
    try:
        uwsgi.websocket_send('too late')
    except IOError as error:
        print('at the end:', error, flush=True)
    return ''


def polled():
    uwsgi.websocket_handshake()
    context, fd = uwsgi.request_context(), uwsgi.connection_fd()

    def other():
        gevent.select.select([fd], [], [])
        message = uwsgi.websocket_recv_nb(request_context=context)
        uwsgi.websocket_send_binary(b'\\xff' + message, request_context=context)
        return uwsgi.websocket_recv_nb(context)

    assert gevent.spawn(other).get() == b'', 'there is no second message'


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/none':
        try:
            uwsgi.websocket_handshake()
        except IOError as error:
            start_response('200 OK', [('Content-Type', 'text/plain')])
            return [str(error).encode()]
    if path == '/keyed':
        return keyed(environ)
    return globals()[path[1:]]()
'''


@pytest.fixture(scope='module')
def uwsgi(module_server):
    return module_server(UWSGI)


def test_uwsgi_echo(uwsgi):
    client = connect(uwsgi, '/echo', subprotocols=['first', 'second'])
    assert client.getsubprotocol() == 'first'
    for message in ('hello', 'Köln', ''):
        client.send(message)
        assert client.recv_data() == (TEXT, message.encode())
    client.close()


def test_the_end_is_no_error(server):
    """Neither the client's nor the server's, for an application that does not catch it: the audit
    looks for lines of errors."""
    running = server(UWSGI)
    left, kept = connect(running, '/echo'), connect(running, '/echo')
    for client in (left, kept):
        client.send('x')
        assert client.recv() == 'x'
    left.sock.close()
    running.signal(signal.SIGTERM)
    assert kept.recv_data() == (CLOSE, b'\x03\xe9the server stops')
    kept.close()
    assert running.wait_exit() == 0


def test_uwsgi_gives_bytes_and_takes_a_key(uwsgi):
    client = connect(uwsgi, '/keyed')
    client.send('x')
    assert client.recv_data() == (BINARY, b"x<class 'bytes'>")
    assert client.recv_data() == (CLOSE, b'\x03\xe8')


def test_uwsgi_descriptor_tells_of_messages_and_of_the_end(uwsgi):
    with RawSocket(uwsgi.address(), '/select') as client:
        client.send(frame(PING), frame(TEXT, b'in ', first=0))
        assert client.read_frame() == (PONG, b'')
        client.send(frame(0, b'pieces') + frame(TEXT, b'two') + frame(BINARY, b'three'))
        assert client.read_frame() == (TEXT, b'in pieces,two,three')
    uwsgi.wait_log('selected the end: unable to receive websocket message')


def test_uwsgi_calls_in_other_greenlets(uwsgi):
    client = connect(uwsgi, '/elsewhere')
    assert client.recv() == 'from another greenlet'
    client.send('back')
    assert client.recv() == 'back'
    assert client.recv_data() == (CLOSE, b'\x03\xe8')
    uwsgi.wait_log('at the end: unable to receive websocket message')
    uwsgi.wait_log('at the end: unable to send websocket message')


def test_uwsgi_polls_and_sends_bytes_in_another_greenlet(uwsgi):
    with RawSocket(uwsgi.address(), '/polled') as client, \
            RawSocket(uwsgi.address(), '/polled') as other:
        for one, message in ((other, b'of the other'), (client, b'of the one')):
            one.send(frame(TEXT, message))
            assert one.read_frame() == (BINARY, b'\xff' + message)
            assert one.read_frame() == (CLOSE, b'\x03\xe8')


def test_uwsgi_sends_no_text_that_is_no_utf8(server):
    running = server('''
import uwsgi

def application(environ, start_response):
    uwsgi.websocket_handshake()
    try:
        uwsgi.websocket_send(b'\\xff')
    except OSError as error:
        uwsgi.websocket_send(str(error))
    return []
''')
    assert connect(running).recv().startswith('a text message must be UTF-8')


def test_uwsgi_without_a_handshake(uwsgi):
    assert uwsgi.get('/none').body == b'unable to complete websocket handshake'


RAW = HANDSHAKE + '''
import signal
import struct
import threading

import gevent.event
import gevent.select


def echo(sock):
    while True:
        got = sock.recv(4096)
        if not got:
            break
        sock.send(b'\\x82' + bytes([len(got)]) + got)
    print('the end', flush=True)


def selects(sock):
    fd = sock.fileno()
    assert gevent.select.select([fd], [], [], 0)[0] == [] or sock.recv(1)
    sock.send(b'\\x81\\x05ready')
    gevent.select.select([fd], [], [])
    got = sock.recv(2)
    gevent.select.select([fd], [], [])
    got += sock.recv(4096)
    sock.send(b'\\x82' + bytes([len(got)]) + got)


def leaves(sock):
    sock.send(b'\\x88\\x02\\x03\\xe8')
    raise StopIteration()


def fails(sock):
    raise KeyError('on purpose')


def flood(sock):
    for piece in range(1 << 10):
        sock.send(b'\\x82\\x7f' + (1 << 20).to_bytes(8, 'big') + bytes(1 << 20))
        print('sent', piece, flush=True)


def paused(sock):
    payload = bytes(range(256)) * 256
    sock.send(b'\\x82\\x7f' + len(payload).to_bytes(8, 'big'))
    assert sock.recv(4096)
    sock.send(payload)
    while sock.recv(4096):
        pass


def threaded(sock):
    def run():
        got = sock.recv(4096)
        sock.send(b'\\x82' + bytes([len(got)]) + got)
        for piece in range(64):
            sock.send(b'\\x82\\x7f' + (1 << 20).to_bytes(8, 'big') + bytes(1 << 20))
        watcher.send()
    watcher = gevent.get_hub().loop.async_()
    done = gevent.event.Event()
    watcher.start(done.set)
    threading.Thread(target=run).start()
    done.wait()


def application(environ, start_response):
    sock = environ.get('gunicorn.socket')
    if sock is None or environ['PATH_INFO'] == '/page':
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [' '.join(name for name in environ if 'socket' in name.lower()).encode()]
    handshake(environ, sock)
    globals()[environ['PATH_INFO'][1:]](sock)
    return [b'nothing of an answer']
'''


@pytest.fixture(scope='module')
def raw(module_server):
    return module_server(RAW)


def test_a_library_speaks_on_the_socket(raw):
    with RawSocket(raw.address(), '/echo') as client:
        digest = hashlib.sha1(b'dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
        assert base64.b64encode(digest.digest()).decode() in client.head
        assert client.head.count('HTTP/1.1') == 1
        client.send(b'hello')
        assert client.read_frame() == (BINARY, b'hello')
        client.finish_sending()
        raw.wait_log('the end')


def test_a_plain_request_has_no_way_of_a_websocket(raw):
    assert raw.get('/page').body == b''
    with raw.raw() as client:
        client.send(request('/page'))
        asked = set(client.read_answer().text.split())
        assert {'gunicorn.socket', 'wsgi.websocket', 'wsgi.websocket_version'} < asked
        client.send(b'GET /page HTTP/1.1\r\nHost: x\r\n\r\n')  # where there was a handshake
        assert client.read_answer().body == b''


def test_bytes_that_came_with_the_request_are_first(raw):
    with raw.raw() as client:
        client.send(request('/echo') + b'early')
        assert client.read_until(b'early').endswith(b'\r\n\r\n\x82\x05early')


def test_its_descriptor_tells_of_bytes(raw):
    with RawSocket(raw.address(), '/selects') as client:
        assert client.read_frame() == (TEXT, b'ready')
        client.send(b'abcdef')
        assert client.read_frame() == (BINARY, b'abcdef')


def test_stop_iteration_is_the_end(raw):
    with RawSocket(raw.address(), '/leaves') as client:
        assert client.read_frame() == (CLOSE, b'\x03\xe8')
        client.send(frame(CLOSE, b'\x03\xe8'))
        assert client.is_closed_by_server()


def test_a_failure_ends_it_with_1011(raw):
    raw.expect_error('/fails failed')
    with RawSocket(raw.address(), '/fails') as client:
        assert client.read_close() == 1011


def test_a_drain_says_good_bye_between_two_frames(server):
    running = server(RAW, {'limits': {'drain-websockets': '1s'}})
    old = running.workers()
    client = RawSocket(running.address(), '/echo')
    flooded = RawSocket(running.address(), '/flood')
    running.wait_log('sent 1')
    running.signal(signal.SIGHUP)
    assert client.read_close() == 1012
    client.send(frame(CLOSE, struct.pack('>H', 1012)))
    assert client.is_closed_by_server()
    running.wait_gone(old)
    flooded.close()


def test_a_drain_waits_for_the_end_of_a_frame_that_has_begun(server):
    running = server(RAW, {'limits': {'drain-websockets': '20s'}})
    old = running.workers()
    payload = bytes(range(256)) * 256
    with RawSocket(running.address(), '/paused') as client:
        assert client.read_exactly(10) == b'\x82\x7f' + len(payload).to_bytes(8, 'big')
        with RawSocket(running.address(), '/echo') as other:
            running.signal(signal.SIGHUP)
            # Those who came first are told first: the moment of the one in its frame is over, too.
            assert other.read_close() == 1012
            client.send(frame(TEXT, b'go on'))
            assert client.read_exactly(len(payload)) == payload
            assert client.read_frame() == (CLOSE, b'\x03\xf4the server restarts')
            for one in (client, other):
                one.send(frame(CLOSE, b'\x03\xf4'))
                assert one.is_closed_by_server()
    running.wait_gone(old)


def test_a_drain_waits_for_a_client_that_has_not_taken_a_frame(server):
    running = server(RAW, {'limits': {'drain-websockets': '20s'}})
    old = running.workers()
    with RawSocket(running.address(), '/flood') as client, \
            RawSocket(running.address(), '/echo') as other:
        running.wait_log('sent 1$')
        running.signal(signal.SIGHUP)
        assert other.read_close() == 1012
        while (got := client.read_frame())[0] != CLOSE:
            assert got == (BINARY, bytes(1 << 20))
        assert got[1] == b'\x03\xf4the server restarts'
        for one in (client, other):
            one.send(frame(CLOSE, b'\x03\xf4'))
            assert one.is_closed_by_server()
    assert 'sent 1000' not in running.log.text()
    running.wait_gone(old)


def test_threads_use_it(server):
    running = server(RAW, {'app': {'monkey-patch': 'none'}})
    with RawSocket(running.address(), '/threaded') as client:
        client.send(b'from a thread')
        assert client.read_frame() == (BINARY, b'from a thread')
        for _ in range(64):
            assert client.read_frame()[0] == BINARY
