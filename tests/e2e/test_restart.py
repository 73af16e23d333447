# SPDX-License-Identifier: MIT
"""reload.strategy: restart, for applications that hold an exclusive lock."""
import subprocess

import pytest

from harness.limits import GEVENTCTL

# Takes the lock when it is loaded or in each worker, as the test says. Answers with its version.
APP = '''
import fcntl
import os
import uwsgi

VERSION = 1


def take_lock():
    global held
    held = open('lock', 'w')
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)


%s


def application(environ, start_response):
    if environ['PATH_INFO'] == '/slow':
        import gevent
        os.write(1, b'slow begins' + chr(10).encode())
        while not os.path.exists('go'):
            gevent.sleep(0.01)
    body = str(VERSION).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''
IN_WORKER = APP % 'uwsgi.post_fork_hook = take_lock'
AT_IMPORT = APP % 'take_lock()'
RESTART = {'strategy': 'restart'}


def second(app):
    return app.replace('VERSION = 1', 'VERSION = 2')


def test_other_strategies_cannot_reload_such_an_application(server):
    running = server(IN_WORKER)
    running.expect_error('.')
    running.write_app(second(IN_WORKER))
    assert running.ctl('reload').returncode == 1
    assert running.get('/').text == '1'


@pytest.mark.parametrize('app, reload, preload', [
    (IN_WORKER, RESTART, True), (IN_WORKER, RESTART, False),
    (AT_IMPORT, {**RESTART, 'rollback': False}, True), (AT_IMPORT, RESTART, False),
])
def test_the_new_code_starts_when_the_old_workers_have_ended(server, app, reload, preload):
    running = server(app, {'reload': reload, 'app': {'preload': preload}})
    running.write_app(second(app))
    result = running.ctl('reload')
    assert result.returncode == 0, result.stderr
    assert running.get('/').text == '2'
    running.wait_log(r'ready: 1 worker, .* \(generation 2\), after a gap of \d+\.\d s$')
    told = 'the old code cannot come back' in running.log.text()
    assert told == (not preload or reload != RESTART)


def test_a_connection_that_is_kept_open_delays_nothing(server):
    running = server(IN_WORKER, {'reload': RESTART})
    with running.http() as idle:
        idle.request('GET', '/')
        assert idle.getresponse().read() == b'1'
        running.write_app(second(IN_WORKER))
        assert running.ctl('reload', timeout=30).returncode == 0
    gap = running.wait_log(r'after a gap of (\d+)\.\d s$')
    assert int(gap[1]) < 20


def test_running_requests_finish_and_new_ones_wait(server):
    running = server(IN_WORKER, {'reload': RESTART})
    with running.http() as slow, running.http() as waiting:
        slow.request('GET', '/slow')
        running.wait_log('^slow begins$')
        running.write_app(second(IN_WORKER))
        reload = subprocess.Popen([GEVENTCTL, '-c', running.config_path, 'reload'])
        running.wait_status(lambda s: any(w['state'] == 'draining' for w in s['workers']))
        assert running.ctl('workers', '3').returncode == 1
        waiting.request('GET', '/')
        (running.folder / 'go').touch()
        assert slow.getresponse().read() == b'1'
        assert waiting.getresponse().read() == b'2'
        assert reload.wait() == 0


@pytest.mark.parametrize('fault', ['1 / 0', 'uwsgi.post_fork_hook = lambda: 1 / 0'])
def test_the_old_workers_come_back_when_the_new_code_fails(server, fault):
    running = server(IN_WORKER, {'reload': RESTART})
    old, = running.workers()
    running.expect_error('reload failed|post_fork_hook|died|ZeroDivisionError')
    running.write_app(second(IN_WORKER) + fault + '\n')
    since = running.log.mark()
    result = running.ctl('reload')
    assert result.returncode == 1
    assert 'ZeroDivisionError' in result.stderr or 'uwsgi.post_fork_hook' in result.stderr
    running.wait_log('ZeroDivisionError', since=since)
    running.wait_log(r'generation 1 serves again, after a gap of \d+\.\d s', since=since)
    assert running.get('/').text == '1'
    running.wait_workers(1, without=[old], generation=1)
    # And the next attempt is made from there.
    running.write_app(second(IN_WORKER))
    assert running.ctl('reload').returncode == 0
    assert running.get('/').text == '2'


@pytest.mark.parametrize('reload, preload', [({**RESTART, 'rollback': False}, True),
                                             (RESTART, False)])
def test_where_nothing_can_come_back_the_server_ends_with_the_reason(server, reload, preload):
    running = server(AT_IMPORT, {'reload': reload, 'app': {'preload': preload}})
    running.expect_error('.')
    running.expected_exit = 1
    running.write_app(second(AT_IMPORT) + '1 / 0\n')
    result = running.ctl('reload')
    assert result.returncode == 1 and 'ZeroDivisionError' in result.stderr
    assert 'nothing serves any more' in result.stderr
    assert running.wait_exit() == 1
    running.wait_log('restart: generation 1 ends with all its processes')


def test_a_stop_ends_a_restart_that_waits(server):
    running = server(IN_WORKER, {'reload': RESTART, 'limits': {'drain-requests': '2s'}})
    running.expect_error('did not end within|reload failed|ended')
    with running.http() as slow:
        slow.request('GET', '/slow')
        running.wait_log('^slow begins$')
        reload = subprocess.Popen([GEVENTCTL, '-c', running.config_path, 'reload'],
                                  stderr=subprocess.PIPE)
        running.wait_status(lambda s: any(w['state'] == 'draining' for w in s['workers']))
        assert running.stop() == 0
        reload.communicate()
        assert reload.returncode == 1
