# SPDX-License-Identifier: MIT
"""Requests that wait run at the same time, one per core; full workers stop accepting."""
import asyncio
import time

import pytest

from harness import procfs
from harness.apps import SLEEP
from harness.limits import SANITIZED


async def fetch(port, target):
    """(status, when) of one request."""
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    writer.write(f'GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'.encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), time.monotonic()


async def fetch_all(port, targets):
    return await asyncio.gather(*(fetch(port, target) for target in targets))


def test_a_thousand_sleepers_on_two_workers_are_done_in_one_sleep(server):
    running = server(SLEEP, {'workers': {'processes': 2, 'cores': 500},
                             'listen': [{'address': 'http://127.0.0.1:0', 'backlog': 2048}]})
    times = []
    for seconds in (1, 1, 2, 4, 8, 16):  # the slower the machine, the later the last request
        started = time.monotonic()
        answers = asyncio.run(fetch_all(running.port(), [f'/{seconds}'] * 1000))
        times.append(time.monotonic() - started)
        assert {status for status, _ in answers} == {200}
        peaks = [worker['cores_peak'] for worker in running.status()['workers']]
        if times[-1] < 2.5 * seconds or peaks == [500, 500]:  # all of them ran at once
            return
    raise AssertionError(times)


def test_more_requests_than_cores_wait_for_their_turn_and_burn_no_time(server):
    running = server(SLEEP, {'workers': {'processes': 1, 'cores': 2}})
    worker, = running.workers()
    asyncio.run(fetch_all(running.port(), ['/0'] * 4))
    for _ in range(5):  # the machine may be busy: the best try counts
        busy = procfs.cpu_seconds(worker)
        started = time.monotonic()
        answers = asyncio.run(fetch_all(running.port(), ['/1.5'] * 5))
        turns = sorted(round((when - started) / 1.5) for _, when in answers)
        used = procfs.cpu_seconds(worker) - busy
        room = 0.02 * (time.monotonic() - started) + (0.2 if SANITIZED else 0.02)
        if turns == [1, 1, 2, 2, 3] and used < room:
            break
    assert turns == [1, 1, 2, 2, 3]
    assert used < room


@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
def test_one_core_serves_one_after_the_other(server, greenlet):
    running = server(SLEEP, {'workers': {'processes': 1, 'cores': 1, 'greenlet': greenlet}})
    started = time.monotonic()
    answers = asyncio.run(fetch_all(running.port(), ['/0.2'] * 5))
    assert {status for status, _ in answers} == {200}
    assert time.monotonic() - started >= 1


def test_an_idle_server_burns_no_time(server):
    running = server(SLEEP, {'workers': {'processes': 2}})
    pids = [running.pid, *running.workers()]
    running.get('/0')
    for _ in range(5):  # the first request, and the time after a start, cost more
        before = [procfs.cpu_seconds(pid) for pid in pids]
        running.get('/2')  # two seconds in which nothing happens
        used = [procfs.cpu_seconds(pid) - former for pid, former in zip(pids, before)]
        if max(used) <= 0.05:
            break
    assert max(used) <= 0.05, used
