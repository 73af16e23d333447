# SPDX-License-Identifier: MIT
"""Threads that the application starts run while the hub waits and while requests run."""
import pytest

APP = '''
import threading
import time
from gevent import monkey

start_thread = monkey.get_original('_thread', 'start_new_thread')
native_sleep = monkey.get_original('time', 'sleep')
count = 0
running = []


def work():
    global count
    while True:
        count += 1
        native_sleep(0.001)


def application(environ, start_response):
    if not running:
        running.append(start_thread(work, ()))
    before = count
    if environ['PATH_INFO'] == '/wait':
        time.sleep(0.5)  # gevent's: the hub waits
    elif environ['PATH_INFO'] == '/compute':
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass
    body = b'%d' % (count - before)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def most_counted(running, path, enough):
    """In one of several requests, since a machine may stall during one."""
    for _ in range(20):
        counted = int(running.get(path).body)
        if counted > enough:
            break
    return counted


@pytest.mark.parametrize('preload', [True, False])
def test_native_threads_count_while_the_hub_waits(server, preload):
    running = server(APP, {'app': {'preload': preload}})
    assert most_counted(running, '/wait', 50) > 50


def test_native_threads_count_while_a_request_computes(server):
    running = server(APP)
    assert most_counted(running, '/compute', 5) > 5


def test_a_thread_of_patched_threading_runs(server):
    running = server('''
import threading
import time

done = threading.Event()


def work():
    time.sleep(0.05)
    print('the thread is done', flush=True)
    done.set()


def application(environ, start_response):
    threading.Thread(target=work).start()
    done.wait()
    start_response('200 OK', [('Content-Length', '0')])
    return []
''')
    assert running.get('/').status == 200
    running.wait_log('the thread is done')
