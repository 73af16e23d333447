# SPDX-License-Identifier: MIT
"""limits.websocket-write: a client that takes nothing of what is sent to it is gone."""
import contextlib
import select
import time

import pytest

from harness.faces import FACES, OPENED
from harness.websockets import TEXT, RawSocket, assert_echo, frame

MIB = 1 << 20
SIZE = 32 * MIB  # more than the kernels take for a client that does not read
FLOODS = OPENED + f'''

def application(environ, start_response):
    """Echoes; only a number gets so many messages of {SIZE} bytes. send() waits for former ones."""
    receive, send = opened(environ)
    try:
        while (message := receive()) is not None:
            for answer in [bytes({SIZE})] * int(message) if message.isdigit() else [message]:
                send(answer)
    except OSError:
        print('the sender is told', flush=True)
        raise
    print('the receiver is told', flush=True)
    return []
'''
LIMIT = 1


def narrow(running, face):
    """A client whose host takes little before it reads."""
    return RawSocket(running.address(), f'/{face}', receive_buffer=4096)


@pytest.fixture
def running(server):
    return server(FLOODS, {'limits': {'websocket-write': f'{LIMIT}s', 'websocket-ping': '0s'}})


@pytest.mark.parametrize('face', FACES)
def test_a_client_that_does_not_read_is_ended(running, face):
    floods = {'the receiver is told': 1, 'the sender is told': 2}  # of which the second waits
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(RawSocket(running.address(), f'/{face}'))
        clients = []
        begin = time.monotonic()
        for count in floods.values():
            clients.append(stack.enter_context(narrow(running, face)))
            clients[-1].send(frame(TEXT, b'%d' % count))
        for told in floods:
            running.wait_log(told)
        assert time.monotonic() - begin >= LIMIT
        running.wait_status(lambda status: status['workers'][0]['websockets'] == 1)
        for client in clients:
            with contextlib.suppress(ConnectionResetError):
                assert len(client.read_all()) < SIZE
        assert_echo(other)  # which was silent for longer: who has nothing to take has no such limit
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)
    assert running.status()['workers'][0]['errors'] == 0


@pytest.mark.parametrize('face', FACES)
def test_a_client_that_reads_slowly_is_not_ended(running, face):
    """Although a single message takes it longer than the limit."""
    with narrow(running, face) as client:
        client.send(frame(TEXT, b'1'))
        assert client.read_exactly(10) == b'\x82\x7f' + SIZE.to_bytes(8, 'big')
        begin = time.monotonic()
        for _ in range(SIZE // MIB):
            assert client.read_exactly(MIB) == bytes(MIB)
            select.select([], [], [], LIMIT / 10)  # a reader's slowness, not a wait for something
        assert time.monotonic() - begin > 2 * LIMIT
        assert_echo(client)


@pytest.mark.parametrize('face', FACES)
def test_a_client_that_dribbles_is_not_ended(running, face):
    """Its host takes bytes all the time, but less than makes room in the server's kernel."""
    with narrow(running, face) as client:
        client.send(frame(TEXT, b'1'))
        client.dribble(3 * LIMIT)
        assert running.status()['workers'][0]['websockets'] == 1
