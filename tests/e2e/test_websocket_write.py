# SPDX-License-Identifier: MIT
"""limits.websocket-write: a client that takes nothing of what is sent to it is gone."""
import contextlib
import select
import socket
import time

import pytest

from harness.faces import FACES, OPENED
from harness.websockets import BINARY, TEXT, RawSocket, frame

SIZE = 1 << 20
FLOODS = OPENED + f'''

def application(environ, start_response):
    """Sends as many messages of {SIZE} bytes as the client has asked for, and then what it says."""
    receive, send = opened(environ)
    try:
        for number in range(int(receive())):
            send(bytes({SIZE}))
        while (message := receive()) is not None:
            send(message)
    except OSError as error:
        print('cannot send to its client:', error, flush=True)
        raise
    return []
'''
LIMIT = 2


class Narrow(RawSocket):
    """A client whose host takes little before it reads."""

    def _connect(self, address):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        super()._connect(address)


@pytest.fixture
def running(server):
    return server(FLOODS, {'limits': {'websocket-write': f'{LIMIT}s', 'websocket-ping': '0s'}})


def open_count(running):
    return running.status()['workers'][0]['websockets']


@pytest.mark.parametrize('face', FACES)
def test_a_client_that_does_not_read_is_ended(running, face):
    with Narrow(running.address(), f'/{face}') as client, \
            RawSocket(running.address(), f'/{face}') as other:
        other.send(frame(TEXT, b'0'))
        begin = time.monotonic()
        client.send(frame(TEXT, b'100'))
        running.wait_log('cannot send to its client: ')
        assert time.monotonic() - begin >= LIMIT
        running.wait_status(lambda status: status['workers'][0]['websockets'] == 1)
        with contextlib.suppress(ConnectionResetError):
            assert len(client.read_all()) < 100 * SIZE
        # One that has nothing to take has no such limit.
        other.send(frame(BINARY, b'still there'))
        assert other.read_frame() == (BINARY, b'still there')
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)
    assert running.status()['workers'][0]['errors'] == 0


@pytest.mark.parametrize('face', FACES)
def test_a_client_that_reads_slowly_is_not_ended(running, face):
    count = 20
    with Narrow(running.address(), f'/{face}') as client:
        client.send(frame(TEXT, str(count).encode()))
        begin = time.monotonic()
        for _ in range(count):
            assert client.read_frame() == (BINARY, bytes(SIZE))
            select.select([], [], [], LIMIT / 10)  # a reader's slowness, not a wait for something
        assert time.monotonic() - begin > LIMIT
        client.send(frame(BINARY, b'still there'))
        assert client.read_frame() == (BINARY, b'still there')
