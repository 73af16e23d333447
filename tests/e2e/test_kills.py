# SPDX-License-Identifier: MIT
"""SIGKILL of any process: the service comes back to full strength by itself."""
import os
import signal
import threading

import pytest

from harness import procfs
from harness.apps import HELLO, HOLD, SLEEP


DEATHS = 'template|worker .* died'


class LightLoad:
    """Requests one after the other on new connections. Counts failures, since a request inside a
    killed process cannot be saved."""

    def __init__(self, running):
        self.running = running
        self.answered = self.failed = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.over.is_set():
            try:
                assert self.running.get('/0.001').status == 200
                self.answered += 1
            except (OSError, AssertionError, ValueError):
                self.failed += 1
            except Exception as error:  # exceptions of http.client
                assert 'Remote' in repr(error) or 'BadStatus' in repr(error)
                self.failed += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def template_pids(status):
    generation = status['generations'][-1]
    return generation['template_pid'], generation['spare_pid']


def wait_full_strength(running, workers, without):
    def fits(status):
        pids = {w['pid'] for w in status['workers'] if w['state'] == 'ready'}
        template, spare = template_pids(status)
        return len(pids) == workers and not pids & without and template and spare \
            and not {template, spare} & without
    return running.wait_status(fits)


@pytest.mark.parametrize('victims', ['worker', 'template', 'spare', 'both', 'all'])
def test_under_light_load_it_is_back_by_itself(server, victims):
    running = server(SLEEP, {'workers': {'processes': 2}})
    running.expect_error(DEATHS)
    for _ in range(2):
        status = wait_full_strength(running, 2, set())
        template, spare = template_pids(status)
        workers = [w['pid'] for w in status['workers']]
        killed = {'worker': workers[:1], 'template': [template], 'spare': [spare],
                  'both': [template, workers[0]], 'all': [template, spare, *workers]}[victims]
        with LightLoad(running) as load:
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            wait_full_strength(running, 2, set(killed))
            seen = load.answered
            while load.answered < seen + 20:
                load.over.wait(0.01)
        assert load.failed <= 2 * len(killed)


def test_a_storm_of_kills_leaves_nobody_behind(server):
    running = server(HELLO, {'workers': {'processes': 2}})
    running.expect_error(DEATHS)
    for _ in range(5):
        children = procfs.children(running.pid)
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    running.wait_status(
        lambda s: len([w for w in s['workers'] if w['state'] == 'ready']) == 2, timeout=90)
    assert running.get('/').status == 200
    wait_full_strength(running, 2, set())
    running.wait_status(lambda s: {*template_pids(s), *(w['pid'] for w in s['workers'])}
                        == set(procfs.children(running.pid)))  # the dead are reaped, too


def test_a_worker_that_dies_without_preload_is_replaced(server):
    running = server(HELLO, {'app': {'preload': False}, 'workers': {'processes': 2}})
    running.expect_error(DEATHS)
    old = running.workers()
    os.kill(old[0], signal.SIGKILL)
    running.wait_workers(2, without=old[:1])
    assert running.get('/').status == 200


def test_the_death_of_a_worker_is_told_with_its_signal(server):
    running = server(HELLO)
    running.expect_error(DEATHS)
    worker, = running.workers()
    os.kill(worker, signal.SIGKILL)
    running.wait_log(rf'{worker}.*SIGKILL')
    running.wait_workers(1, without=[worker])


def test_a_worker_that_leaves_by_itself_is_replaced(server):
    running = server('''
import os


def application(environ, start_response):
    if environ['PATH_INFO'] == '/exit':
        os._exit(7)
    start_response('200 OK', [('Content-Length', '0')])
    return []
''')
    running.expect_error(DEATHS)
    worker, = running.workers()
    with running.raw() as client:
        client.send(b'GET /exit HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.is_closed_by_server()
    running.wait_workers(1, without=[worker])
    assert running.get('/').status == 200


@pytest.mark.parametrize('preload', [True, False])
def test_the_death_of_the_master_drains_the_workers(server, preload):
    running = server(HOLD, {'app': {'preload': preload}})
    worker, = running.workers()
    family = procfs.children(running.pid)
    with running.raw() as held, running.raw() as release:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        release.send(b'GET /release HTTP/1.1\r\nHost: x\r\n')
        running.wait_status(lambda s: s['workers'][0]['connections'] == 2)
        running.expected_exit = running.stop(signal.SIGKILL)
        running.wait_log('master is gone')
        release.send(b'\r\n')
        assert held.read_answer().body == b'/hold'
    for pid in family:
        assert procfs.wait_gone(pid, 30), procfs.command(pid)
    running.control_path.unlink()  # no process was left to remove it


def test_a_fresh_server_starts_on_the_same_addresses_at_once(make_server):
    first = make_server()
    first.write_app(HOLD)
    listen = ['http://127.0.0.1:0', f'http+unix:{first.folder}/http.sock']
    first.write_config({'listen': listen, 'limits': {'drain-requests': '1s'}})
    first.expect_error('GreenletExit|failed')
    first.start()
    with first.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        first.wait_log('a request is held')
        second = make_server()
        second.write_app(HELLO)
        second.write_config({'listen': [f'http://127.0.0.1:{first.port()}', listen[1]],
                             'control': str(first.control_path)})
        first.expected_exit = first.stop(signal.SIGKILL)
        second.start()
        # Connections already queued may reach the old worker; soon only the new one answers.
        assert second.get('/', index=1).body == b'hello'
        assert second.get('/').body == b'hello'
    second.stop()
