# SPDX-License-Identifier: MIT
"""What an application starts while it is loaded, before the fork: the log says once, and truly,
which of it runs in the workers, and that runs there undisturbed."""
import os
import re
import signal

import pytest

from harness import procfs

APP = '''
import os
import threading
import time

begun = threading.Event()
may_end = threading.Event()


def tick():
    while not may_end.is_set():
        begun.set()
        time.sleep(0.01)
    print('the thread ends in', os.getpid(), flush=True)


thread = threading.Thread(target=tick, name='ticker', daemon=True)
thread.start()


def application(environ, start_response):
    if environ['PATH_INFO'] == '/end':
        may_end.set()
        thread.join()
    else:
        begun.clear()
        begun.wait()
    body = f'{thread.is_alive()} {thread in threading.enumerate()} {os.getpid()}'.encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

ENDED = '''
import threading

begun = threading.Event()
thread = threading.Thread(target=begun.set)
thread.start()
{wait}


def application(environ, start_response):
    thread.join()
    body = f'{{begun.is_set()}} {{thread.is_alive()}}'.encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

QUICK = {'limits': {'drain-background': '0s'}}


def hazards(running):
    return [line for line in running.log.lines() if 'while it was loaded' in line]


def test_a_patched_thread_runs_in_every_worker_and_is_told_once(server):
    running = server(APP, {'workers': {'processes': 2}, **QUICK})
    [line] = hazards(running)
    assert 'warning template' in line and '(ticker)' in line
    assert 'greenlets' in line and 'do not exist' not in line
    for _ in range(4):
        assert running.get('/').text.startswith('True True')
    text = running.get('/end').text
    assert text.startswith('False False')
    running.wait_log(f'the thread ends in {text.split()[-1]}')
    assert running.stop() == 0
    assert 'Traceback' not in running.log.text()


@pytest.mark.parametrize('wait', ['begun.wait()', 'thread.join()', 'pass'])
def test_a_thread_that_ended_while_the_application_was_loaded_is_no_matter(server, wait):
    running = server(ENDED.format(wait=wait), {'workers': {'processes': 2}})
    for _ in range(4):
        assert running.get('/').text == 'True False'
    [pid, _] = running.workers()
    running.expect_error('died')
    os.kill(pid, signal.SIGKILL)  # its successor is forked by the spare or a later template
    running.wait_workers(2, without=[pid])
    for _ in range(4):
        assert running.get('/').text == 'True False'
    assert running.stop() == 0
    assert 'Traceback' not in running.log.text()
    assert 'Exception ignored' not in running.log.text()


def test_it_runs_in_workers_of_later_forks_and_of_the_spare(server):
    running = server(APP, QUICK)
    running.expect_error('died')
    for _ in range(2):
        [pid] = running.workers()
        os.kill(pid, signal.SIGKILL)
        running.wait_workers(1, without=[pid])
        assert running.get('/').text.startswith('True True')
    [pid] = running.workers()
    for other in set(procfs.children(running.pid)) - {pid}:
        if b'template' in procfs.command(other).encode():
            os.kill(other, signal.SIGKILL)
            break
    os.kill(pid, signal.SIGKILL)
    running.wait_workers(1, without=[pid])
    assert running.get('/').text.startswith('True True')
    assert 'Traceback' not in running.log.text()


def test_a_native_thread_is_told_to_be_lost(server):
    running = server('''
import threading
import time

thread = threading.Thread(target=time.sleep, args=(1000,), name='native', daemon=True)
thread.start()


def application(environ, start_response):
    body = str(thread.is_alive()).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
''', {'app': {'monkey-patch': 'none'}, **QUICK})
    [line] = hazards(running)
    assert '(native)' in line and 'do not exist in the workers' in line
    assert running.get('/').text == 'False'


def test_greenlets_are_named_by_what_they_run(server):
    running = server('''
import functools
import gevent


class Job:
    def work(self):
        gevent.sleep(1000)


def tick(seconds):
    gevent.sleep(seconds)


gevent.spawn(tick, 1000)
gevent.spawn(functools.partial(Job().work))
gevent.spawn(gevent.sleep, 1000).name = 'named \\udc80'
gevent.sleep(0)
gevent.spawn(tick, 2000)  # has not begun to run
gevent.spawn_later(1000, Job().work)


def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''', QUICK)
    [line] = hazards(running)
    names = re.search(r'while it was loaded \((.*)\):', line)[1].split(', ')
    assert len(names) == 5 and names.count('tick') == 2
    assert sum(re.fullmatch(r'(Job\.)?work', name) is not None for name in names) == 2
    assert any(re.fullmatch(r'named \\+udc80', name) for name in names)
    assert running.get('/').text == 'ok'


def test_without_preload_nothing_is_told(server):
    running = server(APP, {'app': {'preload': False}, **QUICK})
    assert running.get('/').text.startswith('True True')
    assert hazards(running) == []
