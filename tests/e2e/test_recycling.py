# SPDX-License-Identifier: MIT
"""Workers are replaced because of their requests, age or memory, and no client notices."""
import contextlib
import os
import signal
import threading

import pytest

from harness.apps import HOLD

# /pid: the worker's pid. /grow: allocates 64 MiB and keeps it.
APP = '''
import os

kept = []


def application(environ, start_response):
    if environ['PATH_INFO'] == '/grow':
        kept.append(bytearray(b'x') * (64 << 20))
    body = str(os.getpid()).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''


class Clients:
    """Threads that request the pid all the time, over kept connections and new ones."""

    def __init__(self, running, count=4):
        self.running = running
        self.pids, self.faults, self.ended = set(), [], threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(number % 2 == 0,))
                        for number in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def ask(self, keep):
        client = None
        while not self.ended.is_set():
            try:
                client = client or self.running.raw()
                client.send(b'GET /pid HTTP/1.1\r\nHost: x\r\n\r\n')
                answer = client.read_answer()
                self.pids.add(int(answer.body))
                if not keep or answer.header('connection') == 'close':
                    client.close()
                    client = None
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append(fault)
                return
        if client:
            client.close()


@pytest.mark.parametrize('preload', [True, False])
def test_workers_that_served_enough_are_replaced_without_a_failed_request(server, preload):
    running = server(APP, {'app': {'preload': preload},
                           'workers': {'processes': 2, 'max-requests': 50,
                                       'max-requests-jitter': 20}})
    first = running.workers()
    with Clients(running) as clients:
        running.wait_log('is recycled: it has served its number of requests', count=6)
        running.wait_gone(first)
    assert not clients.faults
    assert len(clients.pids) >= 4
    status = running.status()
    assert status['generations'][-1]['respawns'] == 0


def test_the_successor_is_ready_before_the_old_worker_drains(server):
    running = server(HOLD, {'workers': {'processes': 1, 'cores': 5, 'max-requests': 1},
                            'log': {'level': 'debug'}})
    old, = running.workers()
    with running.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        with running.raw() as kept:
            kept.send(b'GET /pid HTTP/1.1\r\nHost: x\r\n\r\n')
            assert int(kept.read_answer().body) == old
            running.wait_status(lambda s: sorted(w['state'] for w in s['workers'])
                                == ['draining', 'ready'])
            running.wait_log('finishes its requests')  # the status shows what the master has sent
            kept.send(b'GET /release HTTP/1.1\r\nHost: x\r\n\r\n')
            assert kept.read_answer().header('connection') == 'close'
        assert held.read_answer().body == b'/hold'
    running.wait_status(lambda s: old not in [w['pid'] for w in s['workers']])


def test_old_workers_are_replaced(server):
    running = server(APP, {'workers': {'processes': 2, 'max-lifetime': '700ms'}})
    first = running.workers()
    running.wait_log('is recycled: it has reached workers.max-lifetime', count=2)
    running.wait_workers(2, without=first)


def test_a_worker_that_grew_is_replaced(server):
    running = server(APP, {'workers': {'processes': 1, 'reload-on-rss': '100MiB'}})
    old, = running.workers()
    running.get('/grow')
    running.get('/grow')
    running.wait_log(r'is recycled: it holds \d+ MiB of memory, more than workers.reload-on-rss')
    running.wait_workers(1, without=[old])


def test_a_successor_that_dies_leaves_the_old_worker_serving(server):
    running = server(APP, {'app': {'preload': False},
                           'workers': {'processes': 1, 'max-requests': 1}})
    running.expect_error('successor of worker 1 died|cannot work|Traceback|SyntaxError')
    old, = running.workers()
    running.write_app('this is no Python')
    running.get('/pid')
    running.wait_log('the successor of worker 1 died')
    assert int(running.get('/pid').body) == old
    running.write_app(APP)
    running.wait_workers(1, without=[old])


def kill_one(running):
    """By the time a pid is used, its worker may have been replaced and be gone."""
    while True:
        with contextlib.suppress(ProcessLookupError):
            return os.kill(running.workers()[0], signal.SIGKILL)


def test_the_killed_worker_is_replaced_while_another_is_recycled(server):
    running = server(APP, {'workers': {'processes': 2, 'max-lifetime': '500ms'}})
    running.expect_error('died: killed by SIGKILL')
    kill_one(running)
    running.wait_log('is recycled', count=3)
    running.wait_status(lambda s: sum(w['state'] == 'ready' for w in s['workers']) >= 2)
