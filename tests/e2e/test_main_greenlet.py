# SPDX-License-Identifier: MIT
"""Exceptions that gevent throws into the main greenlet end a program, but no worker: they are
logged, and requests go on."""
import os
import signal

import pytest

GOES_ON = 'error worker.*this worker goes on'

APP = '''
import signal
import sys

import gevent
from gevent.event import Event
import uwsgi

released = Event()


def raiser(exception):
    def fail():
        raise exception
    return fail


def hear(*_):
    raise TimeoutError('the signal is heard')


DEEDS = {
    '/system': lambda: gevent.spawn(raiser(SystemError('a greenlet fails'))),
    '/exit': lambda: gevent.spawn(sys.exit, 'a greenlet exits'),
    '/interrupt': lambda: gevent.spawn(raiser(KeyboardInterrupt('a greenlet is interrupted'))),
    '/callback': lambda: gevent.get_hub().loop.run_callback(sys.exit, 'a callback exits'),
    '/timer': lambda: gevent.get_hub().loop.timer(0).start(raiser(SystemError('a timer fails'))),
    '/parent': lambda: gevent.get_hub().loop.run_callback(
        gevent.get_hub().parent.throw, ValueError('thrown by hand')),
    '/switch': lambda: gevent.get_hub().loop.run_callback(gevent.get_hub().parent.switch),
    '/break': lambda: gevent.get_hub().loop.break_(),
    '/raw': lambda: gevent.spawn_raw(lambda: gevent.get_hub().handle_error(
        None, SystemError, SystemError('told by a raw greenlet'), None)),
    '/usr1': lambda: signal.signal(signal.SIGUSR1, hear),
    '/own-exit': lambda: sys.exit(3),
    '/own-interrupt': raiser(KeyboardInterrupt('of the request')),
    '/own-system': raiser(SystemError('of the request')),
    '/hold': lambda: (print('a request is held', flush=True), released.wait()),
    '/release': lambda: released.set(),
}


def application(environ, start_response):
    DEEDS.get(environ['PATH_INFO'], lambda: None)()
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


class Held:
    """A request that waits in the worker during the block."""

    def __init__(self, running):
        self.running = running
        self.client = running.raw()
        self.client.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        running.get('/')  # when this is answered, the request waits

    def answer(self):
        self.running.get('/release')
        return self.client.read_answer()


@pytest.mark.parametrize('path, said', [
    ('/system', 'SystemError: a greenlet fails'),
    ('/exit', 'SystemExit: a greenlet exits'),
    ('/interrupt', 'KeyboardInterrupt: a greenlet is interrupted'),
    ('/callback', 'SystemExit: a callback exits'),
    ('/timer', 'SystemError: a timer fails'),
    ('/parent', 'ValueError: thrown by hand'),
    ('/break', 'LoopExit'),
    ('/raw', 'SystemError: told by a raw greenlet'),
])
@pytest.mark.parametrize('preload', [True, False])
def test_it_is_logged_and_the_worker_goes_on(server, path, said, preload):
    running = server(APP, {'app': {'preload': preload}})
    running.expect_error(GOES_ON)
    [pid] = running.workers()
    held = Held(running)
    for _ in range(2):
        since = running.log.mark()
        assert running.get(path).status == 200
        running.wait_log(GOES_ON, since=since)
        running.wait_log(said, since=since)
    assert held.answer().status == 200
    assert running.workers() == [pid]


def test_a_switch_to_the_main_greenlet_is_no_matter(server):
    running = server(APP)
    [pid] = running.workers()
    for _ in range(3):
        assert running.get('/switch').status == 200
    assert running.workers() == [pid]


@pytest.mark.parametrize('preload', [True, False])
def test_what_a_python_handler_raises_while_the_worker_idles(server, preload):
    running = server(APP, {'app': {'preload': preload}})
    running.expect_error(GOES_ON)
    # A traceback has several such lines: the last of one signal's may be taken for the next one's,
    # which then meets the request below.
    running.expect_error('GET / failed')
    [pid] = running.workers()
    running.get('/usr1')
    held = Held(running)
    for _ in range(3):
        since = running.log.mark()
        os.kill(pid, signal.SIGUSR1)
        running.wait_log('TimeoutError: the signal is heard', since=since)
        running.get('/')  # when this is answered, the traceback is printed
    assert held.answer().status == 200
    assert running.workers() == [pid]


@pytest.mark.parametrize('path, said', [
    ('/own-exit', 'SystemExit: 3'),
    ('/own-interrupt', 'KeyboardInterrupt: of the request'),
    ('/own-system', 'SystemError: of the request'),
])
@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
def test_what_a_request_raises_itself_is_its_own_failure(server, path, said, greenlet):
    running = server(APP, {'workers': {'greenlet': greenlet}})
    running.expect_error(f'GET {path} failed')
    [pid] = running.workers()
    assert running.get(path).status == 500
    running.wait_log(said)
    assert running.get('/').status == 200
    assert running.workers() == [pid]


def test_a_signals_handler_that_exits_has_failed_alone(server):
    running = server('''
import sys
import uwsgi

uwsgi.register_signal(3, 'worker', lambda number: sys.exit('a handler exits'))


def application(environ, start_response):
    if environ['PATH_INFO'] == '/signal':
        uwsgi.signal(3)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''')
    running.expect_error('handler of signal 3 failed')
    [pid] = running.workers()
    running.get('/signal')
    running.wait_log('SystemExit: a handler exits')
    assert running.get('/').status == 200
    assert running.workers() == [pid]


HOOKS = '''
import sys
import gevent
from gevent.event import Event
import uwsgi


def hook(name):
    gevent.spawn(sys.exit, 'beside ' + name)
    gevent.sleep(0.01)
    print(name, 'is done', flush=True)


uwsgi.post_fork_hook = lambda: hook('the fork hook')
uwsgi.atexit = lambda: hook('the exit hook')


def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


@pytest.mark.parametrize('preload', [True, False])
def test_a_hook_that_waits_is_not_interrupted_by_it(server, preload):
    running = server(HOOKS, {'app': {'preload': preload}})
    running.expect_error(GOES_ON)
    running.wait_log('SystemExit: beside the fork hook')
    assert '\nthe fork hook is done' in running.log.text()
    assert running.get('/').status == 200
    assert running.stop() == 0
    assert 'SystemExit: beside the exit hook' in running.log.text()
    assert '\nthe exit hook is done' in running.log.text()


@pytest.mark.parametrize('patch', ['before-load', 'none'])
@pytest.mark.parametrize('preload', [True, False])
def test_the_fork_hook_runs_in_the_main_thread(server, preload, patch):
    running = server('''
import asyncio
import threading
import greenlet
import uwsgi


def hook():
    assert threading.current_thread() is threading.main_thread()
    assert greenlet.getcurrent().parent is None
    assert asyncio.get_event_loop().run_until_complete(asyncio.sleep(0, 'there')) == 'there'
    print('the hook is done', flush=True)


def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']


uwsgi.post_fork_hook = hook
''', {'app': {'preload': preload, 'monkey-patch': patch}})
    running.wait_log('the hook is done')
    assert running.get('/').status == 200


def test_a_hook_that_waits_for_ever_is_told_so(server):
    running = server('''
from gevent.event import Event
import uwsgi

uwsgi.post_fork_hook = lambda: Event().wait()
application = print
''', wait=False)
    running.expect_error('post_fork_hook failed|died|cannot|not start|LoopExit')
    running.expected_exit = 1
    assert running.wait_exit() == 1
    assert running.log.wait_end() and 'LoopExit' in running.log.text()


def test_a_drain_is_not_interrupted_by_it(server):
    running = server('''
import sys
import gevent


def work():
    try:
        while True:
            gevent.spawn(sys.exit, 'beside the drain')
            gevent.sleep(0.02)
    finally:
        print('the background greenlet ends', flush=True)


def application(environ, start_response):
    gevent.spawn(work)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''', {'limits': {'drain-background': '300ms'}})
    running.expect_error(GOES_ON)
    running.get('/')
    assert running.stop() == 0
    assert '\nthe background greenlet ends' in running.log.text()
    assert 'exited with code 0' in running.log.text()


def test_a_worker_whose_hub_has_ended_says_so_and_ends(server):
    running = server('''
import gevent


def break_hub():
    hub = gevent.get_hub()
    loop, hub.loop = hub.loop, None
    loop.break_()


def application(environ, start_response):
    if environ['PATH_INFO'] == '/break':
        gevent.get_hub().loop.run_callback(break_hub)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''')
    running.expect_error('this worker goes on|cannot serve|died')
    [pid] = running.workers()
    running.get('/break')
    running.wait_log("the worker cannot serve: gevent's hub has ended")
    running.wait_workers(1, without=[pid])
    assert running.get('/').status == 200
