# SPDX-License-Identifier: MIT
"""What becomes of WebSockets when their worker is replaced or the server stops."""
import concurrent.futures
import contextlib
import json
import selectors
import signal
import time

import pytest

from harness import procfs
from harness.faces import ECHOES, FACES
from harness.limits import DEADLINE
from harness.websockets import CLOSE, TEXT, RawSocket, assert_echo, frame
from test_cheaper import hold
from test_size import WAIT, wanted

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


def leave(running, why):
    """Has the worker leave, by one way or another."""
    signals = {'reload': signal.SIGHUP, 'stop': signal.SIGTERM, 'upgrade': signal.SIGUSR2}
    if why in signals:
        running.signal(signals[why])
    else:
        assert running.get('/').status == 200  # workers.max-requests


@pytest.mark.parametrize('why, code', [
    ('reload', 1012), ('stop', 1001), ('upgrade', 1012), ('max-requests', 1012)])
def test_it_is_closed_when_the_worker_leaves(server, why, code):
    count = 20
    running = server(ECHO, {  # a WebSocket counts as a request when it is opened
        'workers': {'max-requests': count + 1} if why == 'max-requests' else {},
        'limits': {'drain-websockets': '2s', 'drain-requests': '60s'}})
    old = running.workers()
    clients = [RawSocket(running.address()) for _ in range(count)]
    assert running.workers() == old
    leave(running, why)
    if why == 'upgrade':
        assert running.follow(1)['upgrade']['result'] == 'done'
    if why != 'stop':
        running.wait_workers(1, without=old)
        assert running.get('/').status == 200

    def answer(client):
        told = client.read_close()
        client.send(frame(CLOSE, told.to_bytes(2, 'big')))
        return told, client.is_closed_by_server()

    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:  # each answers at once
        assert list(pool.map(answer, clients)) == [(code, True)] * len(clients)
    if why == 'stop':
        assert running.wait_exit() == 0
    else:
        assert all(procfs.wait_gone(pid, DEADLINE) for pid in old)
        running.wait_gone(old)


MAY_WAIT = WAIT.replace('def application(', 'def page(') + '''

import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    if ws is None:
        return page(environ, start_response)
    ws.accept()
    for message in ws:
        ws.send(message)
    return []
'''


def places(running):
    """{path: the worker that holds it}."""
    listed = json.loads(running.ctl('websockets', '--json').stdout)['websockets']
    return {one['path']: one['pid'] for one in listed}


@pytest.mark.parametrize('why', ['by hand', pytest.param('cheaper', marks=pytest.mark.slow)])
def test_it_is_closed_when_its_worker_is_one_too_many(server, why):
    workers = {'processes': 2, 'cores': 4, **({'cheaper': 1} if why == 'cheaper' else {})}
    running = server(MAY_WAIT, {'workers': workers, 'limits': {'websocket-ping': '0s'}})
    with contextlib.ExitStack() as stack:
        if why == 'cheaper':
            hold(running, stack, 3)  # there is one worker until now
        old = running.wait_workers(2)
        clients = {}
        while set((held_by := places(running)).values()) != set(old):
            path = f'/{len(clients)}'
            clients[path] = stack.enter_context(RawSocket(running.address(), path))
            assert len(clients) < 100, 'one worker gets all'
        if why == 'cheaper':
            (running.folder / 'go').touch()
            running.wait_log('1 workers from now on, 2 before: there is little to do', timeout=60)
        else:
            assert running.ctl('workers', '1').returncode == 0
        kept, = running.wait_workers(1)
        for path, client in clients.items():
            if held_by[path] != kept:
                assert client.read_close() == 1012
                client.send(frame(CLOSE, (1012).to_bytes(2, 'big')))
                assert client.is_closed_by_server()
        running.wait_status(wanted(1))
        for path, client in clients.items():
            if held_by[path] == kept:
                client.send(frame(TEXT, b'still here'))
                assert client.read_frame() == (TEXT, b'still here')


@pytest.mark.parametrize('why, code', [('reload', 1012), ('stop', 1001)])
def test_they_do_not_leave_all_at_once(server, why, code):
    running = server(ECHO, {'limits': {'drain-websockets': '20s'}})
    times = []
    with selectors.DefaultSelector() as waiting:
        for _ in range(150):  # of whom 50 a second are told: it takes three seconds
            client = RawSocket(running.address())
            waiting.register(client.socket, selectors.EVENT_READ, client)
        leave(running, why)
        while waiting.get_map():
            ready = waiting.select(DEADLINE)
            assert ready, f'only {len(times)} are told'
            for key, _ in ready:
                assert key.data.read_close() == code
                times.append(time.monotonic())
                key.data.send(frame(CLOSE, code.to_bytes(2, 'big')))
                waiting.unregister(key.fileobj)
                key.data.close()
    # Half of that time is between the first quarter of them and the last.
    assert times[112] - times[37] > 0.5


def test_one_that_does_not_answer_does_not_hold_the_worker(server):
    running = server(ECHO, {'limits': {'drain-websockets': '500ms'}})
    client = RawSocket(running.address())
    old = running.workers()
    running.signal(signal.SIGHUP)
    assert client.read_close() == 1012
    running.wait_gone(old)


def test_a_single_one_is_not_kept_waiting(server):
    running = server(ECHO, {'limits': {'drain-websockets': '24h'}})
    client = RawSocket(running.address())
    running.signal(signal.SIGTERM)
    assert client.read_close() == 1001
    client.send(frame(CLOSE, (1001).to_bytes(2, 'big')))
    assert running.wait_exit() == 0


@pytest.mark.parametrize('why, code', [('reload', 1012), ('stop', 1001)])
@pytest.mark.parametrize('face', FACES)
def test_it_is_closed_by_whichever_way_it_is_used(server, face, why, code):
    running = server(ECHOES, {'limits': {'drain-websockets': '24h'}})
    old = running.workers()
    with RawSocket(running.address(), f'/{face}') as client:
        assert_echo(client)
        leave(running, why)
        assert client.read_close() == code
        client.send(frame(CLOSE, code.to_bytes(2, 'big')))
        assert client.is_closed_by_server()
    # The application's greenlet has learned of it, too: it does not use up the time.
    if why == 'stop':
        assert running.wait_exit() == 0
    else:
        running.wait_gone(old)
        with RawSocket(running.address(), f'/{face}') as client:
            assert_echo(client)
