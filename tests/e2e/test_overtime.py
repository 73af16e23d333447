# SPDX-License-Identifier: MIT
"""A process that nobody can reach any more ends by itself."""
import os
import signal
import socket

import pytest

from harness import procfs
from harness.limits import DEADLINE

LIMITS = {'limits': {'drain-requests': '200ms', 'drain-background': '200ms'}}

APP = '''
import atexit
import collections
import itertools
import signal
import time

from gevent import monkey
import uwsgi


def compute():
    while True:
        pass


def compute_in_c():
    collections.deque(itertools.repeat(None), maxlen=0)  # holds the GIL, deaf to signals


DEEDS = {
    '/python': compute,
    '/c': compute_in_c,
    '/native': lambda: monkey.get_original('time', 'sleep')(100000),
    '/masked': lambda: (signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)), compute()),
    '/atexit': lambda: atexit.register(compute_in_c),
    '/hook': lambda: setattr(uwsgi, 'atexit', compute_in_c),
}


def application(environ, start_response):
    print('it begins', flush=True)
    DEEDS.get(environ['PATH_INFO'], lambda: None)()
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


def kill_master(running):
    os.kill(running.pid, signal.SIGKILL)
    running.expected_exit = -signal.SIGKILL
    running.process.wait()
    running.control_path.unlink(missing_ok=True)


def assert_port_is_free(running):
    host, _, port = running.addresses[0].rpartition('/')[2].rpartition(':')
    with socket.create_server((host, int(port))):
        pass


@pytest.mark.parametrize('path, preload', [
    ('/python', True), ('/c', True), ('/c', False), ('/native', True), ('/masked', True),
    ('/atexit', True), ('/hook', False)])
def test_a_worker_that_cannot_be_reached_ends_after_the_master(server, path, preload):
    running = server(APP, {**LIMITS, 'workers': {'processes': 1}, 'app': {'preload': preload}})
    running.expect_error('does not come to its end|the master is gone')
    [pid] = running.workers()
    with running.raw() as client:
        client.send(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path.encode())
        running.wait_log('it begins')
        if path in ('/atexit', '/hook'):
            client.read_answer()
        kill_master(running)
        assert procfs.wait_gone(pid, DEADLINE)
    running.wait_log('this worker does not come to its end within its time: it ends at once')
    assert_port_is_free(running)


def test_a_worker_that_was_told_by_hand_and_hangs_at_its_end_is_replaced(server):
    running = server(APP, LIMITS)
    running.expect_error('does not come to its end|died')
    [pid] = running.workers()
    assert running.get('/atexit').status == 200
    os.kill(pid, signal.SIGTERM)
    running.wait_log('died: exited with code 67: it did not come to its end within its time')
    running.wait_workers(1, without=[pid])
    assert running.get('/').status == 200


def test_a_worker_that_ends_in_time_is_left_alone(server):
    # A slow machine needs time for that end.
    running = server(APP, {'limits': {'drain-requests': '60s', 'drain-background': '60s'}})
    [pid] = running.workers()
    assert running.get('/').status == 200
    kill_master(running)
    assert procfs.wait_gone(pid, DEADLINE)
    assert 'does not come to its end' not in running.log.text()


@pytest.mark.parametrize('preload', [True, False])
def test_a_process_that_loads_ends_with_the_master(server, preload):
    running = server('''
import os

print(f'loading in {os.getpid()}', flush=True)
while True:
    pass
''', {'app': {'preload': preload}}, wait=False)
    pid = int(running.wait_log(r'loading in (\d+)')[1])
    kill_master(running)
    assert procfs.wait_gone(pid, DEADLINE)


def test_a_worker_whose_post_fork_hook_hangs_ends_after_the_master(server):
    running = server('''
import os
import uwsgi


def hang():
    print(f'hanging in {os.getpid()}', flush=True)
    while True:
        pass


uwsgi.post_fork_hook = hang
application = print
''', LIMITS, wait=False)
    running.expect_error('does not come to its end')
    pid = int(running.wait_log(r'hanging in (\d+)')[1])
    kill_master(running)
    assert procfs.wait_gone(pid, DEADLINE)


@pytest.mark.parametrize('turn', ['worker', 'spare'])
def test_a_process_that_stands_still_in_a_hook_of_the_fork_ends_with_the_master(server, turn):
    """The template forks a worker first, then a spare."""
    running = server(f'''
import os

forks = []


def hang():
    if len(forks) == {1 + (turn == 'spare')}:
        print(f'hanging in {{os.getpid()}}', flush=True)
        while True:
            pass


os.register_at_fork(before=lambda: forks.append(1), after_in_child=hang)
application = print
''', LIMITS, wait=False)
    pid = int(running.wait_log(r'hanging in (\d+)')[1])
    kill_master(running)
    assert procfs.wait_gone(pid, DEADLINE)
