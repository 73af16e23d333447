# SPDX-License-Identifier: MIT
"""environ['gunicorn.socket'] as a socket: what libraries call besides recv() and send()."""
import pytest

from harness.faces import HANDSHAKE
from harness.websockets import BINARY, CLOSE, TEXT, RawSocket, frame

APP = HANDSHAKE + '''
import os
import select
import socket
import threading

import gevent.event

go = gevent.event.Event()


def say(sock, text):
    sock.send(b'\\x81' + bytes([len(text)]) + text.encode())


def used_by():
    return 'greenlet' if threading.current_thread() is threading.main_thread() else 'thread'


def closes(sock):
    sock.close()
    go.wait()


def closes_in_a_frame(sock):
    sock.send(b'\\x82\\x05abc')
    sock.close()
    go.wait()


def waits(sock):
    sock.settimeout(0.01)
    assert sock.gettimeout() == 0.01
    for call in (lambda: sock.recv(10), lambda: sock.recv_into(bytearray(10))):
        try:
            call()
        except socket.timeout as error:
            say(sock, str(error))
    try:
        while True:
            sock.send(b'\\x82\\x7f' + (1 << 20).to_bytes(8, 'big') + bytes(1 << 20))
    except socket.timeout:
        print('nobody reads what a', used_by(), 'sends', flush=True)
    sock.settimeout(None)
    say(sock, 'at last')


def does_not_wait(sock):
    sock.setblocking(False)
    assert sock.gettimeout() == 0.0
    try:
        sock.recv(10)
    except BlockingIOError:
        say(sock, 'nothing yet')
    sock.setblocking(True)
    assert sock.gettimeout() is None
    room = bytearray(4)
    got = sock.recv_into(room, 2)
    got += sock.recv_into(memoryview(room)[2:])
    say(sock, f'{got} {bytes(room)}')
    for wrong in (-1, float('nan'), 'soon'):
        try:
            sock.settimeout(wrong)
        except (ValueError, TypeError) as error:
            say(sock, type(error).__name__)


def looks(sock):
    def is_readable():
        return select.select([sock.fileno()], [], [], 0) != ([], [], [])

    first = sock.recv(2)
    seen = [is_readable()]
    for _ in range(2):
        first += sock.recv(2)
        seen.append(is_readable())
    say(sock, f'{first} {seen}')
    while sock.recv(2):
        if not is_readable():
            say(sock, 'empty')
    print('the end of', used_by(), 'is', is_readable(), flush=True)


def is_asked(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    say(sock, str(sock.getpeername()))


def forks(sock):
    child = os.fork()
    if child == 0:
        sock.close()
        os._exit(0)
    os.waitpid(child, 0)
    say(sock, 'still here')


def application(environ, start_response):
    sock = environ.get('gunicorn.socket')
    if sock is None:
        go.set()
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'go']
    handshake(environ, sock)
    deed = globals()[environ['PATH_INFO'][1:]]
    if environ['QUERY_STRING'] == 'thread':
        watcher = gevent.get_hub().loop.async_()
        done = gevent.event.Event()
        watcher.start(done.set)
        threading.Thread(target=lambda: (deed(sock), watcher.send())).start()
        done.wait()
    else:
        deed(sock)
    return []
'''


@pytest.fixture(scope='module')
def raw(module_server):
    return module_server(APP, {'app': {'monkey-patch': 'none'}})


@pytest.fixture(params=['', '?thread'], ids=['greenlet', 'thread'])
def where(request):
    return request.param


def test_close_says_good_bye_while_the_view_goes_on(raw):
    with RawSocket(raw.address(), '/closes') as client:
        assert client.read_frame() == (CLOSE, b'\x03\xe8')
        client.send(frame(TEXT, b'crossing'), frame(CLOSE, b'\x03\xe8'))
        assert client.is_closed_by_server()
        assert raw.status()['workers'][0]['websockets'] == 1  # its greenlet has not ended
        assert raw.get('/go').text == 'go'
    raw.wait_status(lambda status: status['workers'][0]['websockets'] == 0)


def test_close_within_a_frame_ends_it(raw):
    with RawSocket(raw.address(), '/closes_in_a_frame') as client:
        assert client.read_exactly(5) == b'\x82\x05abc'
        assert client.is_closed_by_server()
        assert raw.get('/go').text == 'go'


def test_timeouts(raw, where):
    with RawSocket(raw.address(), '/waits' + where) as client:
        assert client.read_frame() == (TEXT, b'timed out')
        assert client.read_frame() == (TEXT, b'timed out')
        raw.wait_log(f'nobody reads what a {where[1:] or "greenlet"} sends')
        while (got := client.read_frame())[0] == BINARY:
            pass
        assert got == (TEXT, b'at last')


def test_a_socket_that_does_not_block(raw, where):
    with RawSocket(raw.address(), '/does_not_wait' + where) as client:
        assert client.read_frame() == (TEXT, b'nothing yet')
        client.send(b'abc')
        assert client.read_frame() == (TEXT, b"3 b'abc\\x00'")
        assert [client.read_frame()[1] for _ in range(3)] == [
            b'ValueError', b'ValueError', b'TypeError']


def test_the_descriptor_says_at_once_what_is_there(raw, where):
    with RawSocket(raw.address(), '/looks' + where) as client:
        client.send(b'abcdef')
        assert client.read_frame() == (TEXT, b"b'abcdef' [True, True, False]")
        client.send(b'1234')
        assert client.read_frame() == (TEXT, b'empty')
        client.finish_sending()
        raw.wait_log(f'the end of {where[1:] or "greenlet"} is True')


def test_what_libraries_ask(raw):
    with RawSocket(raw.address(), '/is_asked') as client:
        assert client.read_frame() == (TEXT, str(client.socket.getsockname()).encode())


def test_a_child_that_closes_it_closes_nothing(raw):
    with RawSocket(raw.address(), '/forks') as client:
        assert client.read_frame() == (TEXT, b'still here')
        assert client.read_frame() == (CLOSE, b'\x03\xe8')
