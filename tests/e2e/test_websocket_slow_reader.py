# SPDX-License-Identifier: MIT
"""A client that reads slowly while an application sends a GiB: the sender waits, and the worker
keeps no more than what is on its way, by whichever way the application uses the WebSocket."""
import pytest

from harness import procfs
from harness.faces import FACES, OPENED
from harness.limits import SANITIZED
from harness.websockets import BINARY, RawSocket

# A sanitizer keeps what is freed.
MOST_GROWTH = (64 if SANITIZED else 8) << 20
MESSAGE = b'x' * (1 << 20)
APP = OPENED + '''
MESSAGE = b'x' * (1 << 20)


def application(environ, start_response):
    if environ['PATH_INFO'] == '/page':
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'a page']
    receive, send = opened(environ)
    for number in range(1 << 10):
        send(MESSAGE)
        print('sent', number, flush=True)
    return []
'''


@pytest.mark.parametrize('face', FACES)
def test_a_slow_client_makes_its_sender_wait(server, face):
    running = server(APP)
    worker, = running.workers()
    with RawSocket(running.address(), f'/{face}') as client:
        assert client.read_frame() == (BINARY, MESSAGE)
        assert running.get('/page').body == b'a page'
        before = procfs.rss_bytes(worker)
        grown = 0
        for _ in range(64):
            assert client.read_frame() == (BINARY, MESSAGE)
            assert running.get('/page').status == 200  # the sender has had its turn, too
            grown = max(grown, procfs.rss_bytes(worker) - before)
        assert grown < MOST_GROWTH, f'{grown >> 20} MiB'
    assert 'sent 1000' not in running.log.text()
