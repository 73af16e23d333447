# SPDX-License-Identifier: MIT
"""What holds for a WebSocket by whichever way the application uses it: what it costs, which limits
it has, and its line in the access log."""
import contextlib
import time

import pytest

from harness.faces import ECHOES, FACES
from harness.websockets import BINARY, CLOSE, RawSocket, assert_echo, frame, request

HELD = ECHOES.replace('def application(', 'def answer(') + '''

import gevent.event


def application(environ, start_response):
    if environ['PATH_INFO'] == '/held':
        gevent.event.Event().wait()
    return answer(environ, start_response)
'''
NORMAL = b'\x03\xe8'


def open_socket(running, face, headers=''):
    client = RawSocket(running.address(), f'/{face}', headers)
    assert client.head.startswith('HTTP/1.1 101 ')
    return client


def ask(running, face, headers=''):
    """The answer to a handshake that is refused."""
    with running.raw() as client:
        client.send(request(f'/{face}', headers))
        return client.read_answer()


@pytest.mark.parametrize('face', FACES)
def test_it_holds_no_core_and_no_time(server, face):
    running = server(HELD, {'workers': {'cores': 1}, 'limits': {'request-time': '300ms'}})
    running.expect_error('/held')
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(open_socket(running, face)) for _ in range(5)]
        assert running.get('/page').body == b'a page'
        running.wait_status(lambda status: (status['workers'][0]['cores_busy'],
                                            status['workers'][0]['websockets']) == (0, 5))
        # A request that began later than they did has come to the end of that time.
        assert running.get('/held').status == 504
        for client in clients:
            assert_echo(client)
            client.send(frame(CLOSE, NORMAL))
            assert client.read_frame() == (CLOSE, NORMAL)
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)


@pytest.mark.parametrize('face', FACES)
def test_too_many_are_refused(server, face):
    running = server(ECHOES, {'limits': {'websockets': 1}})
    with open_socket(running, face) as first:
        answer = ask(running, face)
        assert (answer.status, answer.text) == (503, 'limits.websockets are open\n')
        running.wait_log('limits.websockets are open')
        assert_echo(first)
        assert running.get('/page').status == 200
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)
    with open_socket(running, face) as next_one:
        assert_echo(next_one, b'there is room')


@pytest.mark.parametrize('face', FACES)
def test_origins_that_are_not_allowed_are_refused(server, face):
    running = server(ECHOES, {'limits': {'websocket-origins': ['*.example.org']}})
    assert ask(running, face, 'Origin: https://evil.test\r\n').status == 403
    running.wait_log(f'refused the WebSocket /{face} of https://evil.test')
    with open_socket(running, face, 'Origin: https://chat.example.org\r\n') as client:
        assert_echo(client, b'allowed')
    status = running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)
    assert status['workers'][0]['errors'] == 0


@pytest.mark.parametrize('face', FACES)
def test_its_line_in_the_access_log_comes_at_the_end(server, face):
    names = ('status', 'messages_in', 'messages_out', 'rsize', 'bytes_in', 'micros')
    fields = ' '.join(f'{name}=${{{name}}}' for name in names)
    running = server(ECHOES, {'log': {'access': '${uri} ' + fields}})
    begin = time.monotonic()
    with open_socket(running, face) as client:
        opened = time.monotonic()
        count = 0
        # Longer than the handshake took, so that the time of that alone would be too little.
        while count < 3 or time.monotonic() - opened < opened - begin:
            assert_echo(client, b'12345')
            count += 1
        least = time.monotonic() - opened
        assert f'/{face} ' not in running.log.text()
        client.send(frame(CLOSE, NORMAL))
        assert client.read_frame() == (CLOSE, NORMAL)
        assert client.is_closed_by_server()
    found = running.wait_log(f'^/{face} status=101 messages_in={count} messages_out={count} '
                             r'rsize=(\d+) bytes_in=(\d+) micros=(\d+)$')
    most = time.monotonic() - begin
    sent, received, micros = map(int, found.groups())
    head = len(client.head) if face == 'gunicorn.socket' else 0  # which the application sends
    assert sent == head + count * (2 + len(b'12345')) + 2 + len(NORMAL)
    assert received == count * len(frame(BINARY, b'12345')) + len(frame(CLOSE, NORMAL))
    assert least <= micros / 1e6 <= most
