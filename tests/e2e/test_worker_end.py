# SPDX-License-Identifier: MIT
"""A worker ends like a Python process: what CPython does at exit happens, within the limits for
draining."""
import os
import signal

import pytest

from harness.apps import BOTH_ENDS, assert_end_of_python

SURVIVORS = BOTH_ENDS + '''
class Stubborn(gevent.Greenlet):
    def __repr__(self):
        raise SystemExit('a greenlet of the application was asked for its looks')

    def _run(self):
        while True:
            try:
                time.sleep(0.1)
            except BaseException:
                pass


def loop():
    while True:
        try:
            time.sleep(0.1)
        except BaseException:
            pass


def slow_finally():
    try:
        gevent.sleep(1000)
    finally:
        gevent.sleep(1000)


def leaves():
    try:
        gevent.sleep(1000)
    except gevent.GreenletExit:
        raise SystemExit(3)


def interrupts():
    try:
        gevent.sleep(1000)
    except gevent.GreenletExit:
        raise KeyboardInterrupt


def swarm():
    try:
        gevent.sleep(1000)
    finally:
        gevent.spawn(loop)


DEEDS = {
    '/loop': lambda: gevent.spawn(loop),
    '/slow-finally': lambda: gevent.spawn(slow_finally),
    '/exit': lambda: gevent.spawn(leaves),
    '/interrupt': lambda: gevent.spawn(interrupts),
    '/swarm': lambda: gevent.spawn(swarm),
    '/class': lambda: Stubborn().start(),
}


def application(environ, start_response):
    DEEDS[environ['PATH_INFO']]()
    gevent.sleep(0)
    return answer(start_response)
'''


def stop(running):
    assert running.stop() == 0


def recycle(running):
    """Reloads by geventctl; afterwards there is a fresh worker."""
    pids = running.workers()
    assert running.ctl('reload').returncode == 0
    running.wait_workers(1, without=pids)
    running.wait_status(lambda s: len(s['generations']) == 1)


@pytest.mark.parametrize('path, name', [
    ('/loop', 'loop'), ('/slow-finally', 'slow_finally'), ('/exit', 'leaves'),
    ('/interrupt', 'interrupts'), ('/swarm', 'swarm'), ('/class', 'Stubborn._run')])
@pytest.mark.parametrize('end', [stop, recycle])
def test_a_greenlet_that_survives_its_kill_is_named_and_left_behind(server, path, name, end):
    running = server(SURVIVORS, {'limits': {'drain-background': '200ms'}})
    assert running.get(path).status == 200
    end(running)
    running.wait_log(rf'did not end within limits.drain-background and are ended: {name}.*app.py:')
    if path not in ('/exit', '/interrupt', '/swarm'):
        running.wait_log(rf'warning worker.*survive GreenletExit and are left behind.*{name}')
    assert_end_of_python(running)
    assert 'is gone: exited with code 0' in running.log.text()


def test_a_request_that_survives_its_kill_is_named_and_left_behind(server):
    running = server(BOTH_ENDS + '''
def application(environ, start_response):
    print('a request is held', flush=True)
    while True:
        try:
            time.sleep(0.1)
        except BaseException:
            print('it swallows', flush=True)
''', {'limits': {'drain-requests': '100ms', 'drain-background': '10s'}})
    with running.raw() as client:
        client.send(b'GET /stubborn HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        assert running.stop() == 0
    running.wait_log('GET /stubborn did not end within limits.drain-requests')
    running.wait_log('survive GreenletExit and are left behind: .*app.py:')
    assert_end_of_python(running)


@pytest.mark.parametrize('patch', ['before-load', 'before-start', 'none'])
@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('kind', ['pool', 'thread'])
def test_submitted_work_and_threads_are_waited_for(server, patch, preload, kind):
    """A thread started by a request is no daemon, even if the request's thread is a stand-in."""
    running = server(BOTH_ENDS + '''
import concurrent.futures

pools = []


def write():
    print('writing', flush=True)
    time.sleep(0.3)
    print('it is written', flush=True)


def application(environ, start_response):
    if environ['PATH_INFO'] == '/pool':
        pools.append(concurrent.futures.ThreadPoolExecutor(2))
        pools[-1].submit(write)
    else:
        threading.Thread(target=write).start()
    return answer(start_response)
''', {'app': {'monkey-patch': patch, 'preload': preload},
      'limits': {'drain-background': '30s'}})
    running.get(f'/{kind}')
    assert running.stop() == 0
    text = running.log.text()
    assert 'Traceback' not in text and 'warning' not in text
    assert text.index('it is written') < text.index('\natexit has run')


@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_daemons_and_idle_pools_are_not_waited_for(server, patch):
    """The limit is longer than a test may take."""
    running = server(BOTH_ENDS + '''
import concurrent.futures
import queue

pool = concurrent.futures.ThreadPoolExecutor(4)
tasks = queue.Queue()


def serve_tasks():
    while True:
        tasks.get()


def sleep_long():
    try:
        time.sleep(100000)
    finally:
        print('a daemon was ended', flush=True)


def application(environ, start_response):
    list(pool.map(str, range(8)))
    for deed in (serve_tasks, sleep_long):
        threading.Thread(target=deed, daemon=True).start()
    timer = threading.Timer(100000, print)
    timer.daemon = True
    timer.start()
    return answer(start_response)
''', {'app': {'monkey-patch': patch}, 'limits': {'drain-background': '10m'}})
    running.get('/')
    assert running.stop() == 0
    text = running.log.text()
    for noise in ('Traceback', 'GreenletExit', 'warning', 'a daemon was ended'):
        assert noise not in text
    assert_end_of_python(running)


@pytest.mark.parametrize('patch', ['before-load', 'none'])
@pytest.mark.parametrize('kind', ['thread', 'pool'])
def test_a_join_that_does_not_end_in_time_is_cut(server, patch, kind):
    running = server(BOTH_ENDS + '''
import concurrent.futures

pool = concurrent.futures.ThreadPoolExecutor(1, 'endless')


def forever():
    while True:
        time.sleep(0.01)


def application(environ, start_response):
    if environ['PATH_INFO'] == '/pool':
        pool.submit(forever)
    else:
        threading.Thread(target=forever, name='endless').start()
    return answer(start_response)
''', {'app': {'monkey-patch': patch}, 'limits': {'drain-background': '200ms'}})
    running.get('/' + kind)
    assert running.stop() == 0
    running.wait_log('warning worker.*threads did not end in time and are cut off: endless')
    assert 'Traceback' not in running.log.text()
    assert_end_of_python(running)


@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_who_waits_for_the_main_thread_is_told_before_threads_are_joined(server, patch):
    running = server(BOTH_ENDS + '''
def wait():
    threading.main_thread().join()
    print('the main thread has ended', flush=True)


def application(environ, start_response):
    threading.Thread(target=wait).start()
    return answer(start_response)
''', {'app': {'monkey-patch': patch}, 'limits': {'drain-background': '10m'}})
    running.get('/')
    assert running.stop() == 0
    text = running.log.text()
    assert text.index('the main thread has ended') < text.index('\natexit has run')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_what_an_application_does_with_signals_does_not_break_the_drain(server, number):
    running = server(BOTH_ENDS + '''
import os
import signal
import sys

import gevent.os

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: sys.exit(5))


def work():
    print('work has begun', flush=True)
    gevent.os.nb_read(os.open('go', os.O_RDWR | os.O_NONBLOCK), 1)
    print('work is done', flush=True)


def application(environ, start_response):
    if environ['PATH_INFO'] == '/work':
        gevent.spawn(work)
    return answer(start_response)
''', {'limits': {'drain-background': '30s'}})
    running.expect_error('this worker goes on')
    [pid] = running.workers()
    os.mkfifo(running.folder / 'go')
    running.get('/work')
    running.wait_log('work has begun')
    running.get('/')  # when this is answered, the greenlet waits
    running.signal(signal.SIGTERM)
    running.wait_log('stopping')
    for _ in range(50):
        os.kill(pid, number)  # some arrive while exceptions of others are handed over, or logged
    (running.folder / 'go').write_text('go')
    assert running.wait_exit() == 0
    running.wait_log('work is done')
    running.wait_log('atexit has run')
    assert running.log.wait_end()
    assert_end_of_python(running)


def test_the_time_of_a_handler_that_is_cut_off_does_not_end_the_worker(server):
    """Its limit falls due while the worker waits for background greenlets."""
    running = server('''
import atexit
import gevent
import geventd


def last():
    gevent.sleep(1)
    print('the background is through', flush=True)


@geventd.register(5)
def handler(number):
    print('it runs', flush=True)
    gevent.spawn(last)
    gevent.sleep(60)


atexit.register(print, 'atexit', flush=True)


def application(environ, start_response):
    start_response('200 OK', [])
    return [b'']
''', {'signals': {'handler-time': '1s'},
      'limits': {'drain-requests': '100ms', 'drain-background': '30s'}})
    running.expect_error('cut off')
    assert running.ctl('signal', '5').returncode == 0
    running.wait_log('it runs')
    assert running.stop() == 0
    running.wait_log('the background is through')
    running.wait_log('atexit')
    assert 'SIGSEGV' not in running.log.text()
