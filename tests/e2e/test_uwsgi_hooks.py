# SPDX-License-Identifier: MIT
"""The hooks that an application sets in the module uwsgi: when they run, and the effect of their
failures."""
import signal

import pytest

APP = '''
import os
import gevent
import uwsgi

say = lambda *words: os.write(1, (' '.join(['hook:', *map(str, words)]) + chr(10)).encode())
loaded_in = os.getpid()


def forked():
    say('forked', uwsgi.worker_id(), os.getpid() != loaded_in)
    gevent.spawn(say, 'greenlet of', uwsgi.worker_id())


def ended():
    say('ended', uwsgi.worker_id())


def after_request():
    say('after', uwsgi.request_id(), uwsgi.get_logvar('path'))


uwsgi.post_fork_hook = forked
uwsgi.atexit = ended
uwsgi.after_req_hook = after_request


def application(environ, start_response):
    path = environ['PATH_INFO']
    uwsgi.set_logvar('path', path)
    if path == '/fails':
        raise ValueError('on purpose')
    if path == '/unset':
        uwsgi.after_req_hook = None
    if path == '/delete':
        del uwsgi.after_req_hook
    if path == '/broken':
        uwsgi.after_req_hook = lambda: 1 / 0
    start_response('200 OK', [])
    return [path.encode()]
'''


@pytest.mark.parametrize('preload', [True, False])
def test_post_fork_hook_runs_in_each_worker_before_it_serves(server, preload):
    running = server(APP, {'workers': {'processes': 2}, 'app': {'preload': preload}})
    ready = running.log.mark()
    lines = running.log.lines()[:ready]
    for number in (1, 2):
        assert f'hook: forked {number} {preload}' in lines
        running.wait_log(f'^hook: greenlet of {number}$')


@pytest.mark.parametrize('preload', [True, False])
def test_a_worker_whose_post_fork_hook_fails_does_not_serve(server, preload):
    running = server('''
import uwsgi
import time


def hook():
    raise OSError('no database')


uwsgi.post_fork_hook = hook
application = print
''', {'app': {'preload': preload}}, wait=False)
    running.expect_error('post_fork_hook failed|died|cannot|not start|no database')
    running.expected_exit = 1
    assert running.wait_exit() == 1
    assert running.log.wait_end() and 'OSError: no database' in running.log.text()


def test_atexit_runs_when_a_worker_ends(server):
    running = server(APP, {'workers': {'processes': 2}})
    running.get('/')
    running.signal(signal.SIGHUP)
    for number in (1, 2):
        running.wait_log(f'^hook: ended {number}$')
    since = running.log.mark()
    running.wait_workers(2, generation=2)
    running.stop()
    for number in (1, 2):
        running.wait_log(f'^hook: ended {number}$', since=since)


def test_a_failing_atexit_is_logged_and_the_worker_leaves(server):
    running = server('import uwsgi\nuwsgi.atexit = lambda: 1 / 0\napplication = print\n')
    running.expect_error('uwsgi.atexit failed')
    assert running.stop() == 0
    assert 'ZeroDivisionError' in running.log.text()


def test_after_req_hook_runs_after_each_request_as_its_own(server):
    running = server(APP)
    running.expect_error('failed')
    for number, (path, status) in enumerate([('/a', 200), ('/fails', 500), ('/b', 200)]):
        assert running.get(path).status == status
        running.wait_log(f"^hook: after {number} b'{path}'$")


@pytest.mark.parametrize('path', ['/unset', '/delete'])
def test_after_req_hook_can_be_taken_back(server, path):
    running = server(APP)
    running.get(path)
    running.get('/later')
    assert running.stop() == 0
    assert 'hook: after' not in running.log.text()


def test_a_failing_after_req_hook_is_logged_and_harms_no_answer(server):
    running = server(APP)
    running.expect_error('uwsgi.after_req_hook failed after GET /broken')
    with running.raw() as client:
        for path in ('/broken', '/unset', '/last'):
            client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            assert client.read_answer().text == path
    running.wait_log('ZeroDivisionError')
