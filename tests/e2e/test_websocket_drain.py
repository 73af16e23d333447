# SPDX-License-Identifier: MIT
"""What becomes of WebSockets when their worker is replaced or the server stops."""
import concurrent.futures
import signal

import pytest

from harness.websockets import CLOSE, RawSocket, frame

ECHO = '''
import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    if ws is None:
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'a page']
    ws.accept()
    for message in ws:
        ws.send(message)
    return []
'''


@pytest.mark.parametrize('why, code', [('reload', 1012), ('stop', 1001)])
def test_it_is_closed_when_the_worker_leaves(server, why, code):
    running = server(ECHO, {'limits': {'drain-websockets': '2s', 'drain-requests': '60s'}})
    clients = [RawSocket(running.address()) for _ in range(20)]
    old = running.workers()
    running.signal(signal.SIGHUP if why == 'reload' else signal.SIGTERM)
    if why == 'reload':
        running.wait_workers(1, without=old)
        assert running.get('/').status == 200

    def leave(client):
        told = client.read_close()
        client.send(frame(CLOSE, told.to_bytes(2, 'big')))
        return told, client.is_closed_by_server()

    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:  # each answers at once
        assert list(pool.map(leave, clients)) == [(code, True)] * len(clients)
    if why == 'reload':
        running.wait_status(lambda status: not set(old) & {w['pid'] for w in status['workers']})
    else:
        assert running.wait_exit() == 0


def test_one_that_does_not_answer_does_not_hold_the_worker(server):
    running = server(ECHO, {'limits': {'drain-websockets': '500ms'}})
    client = RawSocket(running.address())
    old = running.workers()
    running.signal(signal.SIGHUP)
    assert client.read_close() == 1012
    running.wait_status(lambda status: not set(old) & {w['pid'] for w in status['workers']})


def test_a_single_one_is_not_kept_waiting(server):
    running = server(ECHO, {'limits': {'drain-websockets': '24h'}})
    client = RawSocket(running.address())
    running.signal(signal.SIGTERM)
    assert client.read_close() == 1001
    client.send(frame(CLOSE, (1001).to_bytes(2, 'big')))
    assert running.wait_exit() == 0
