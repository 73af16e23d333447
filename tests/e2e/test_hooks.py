# SPDX-License-Identifier: MIT
"""The functions that the configuration names under `hooks`."""
import os
import signal

import pytest

from harness.program import check

APP = '''
import os

import gevent
import uwsgi


def say(*words):
    os.write(1, (' '.join(['hook:', *map(str, words)]) + chr(10)).encode())


def forked():
    say('forked', uwsgi.worker_id())


def ended():
    say('ended', uwsgi.worker_id())


def draining():
    say('draining', uwsgi.worker_id())
    gevent.sleep(0.01)
    say('still there', uwsgi.worker_id())


def died(pid, reason):
    say('heard by', uwsgi.worker_id(), type(pid).__name__, pid, reason)


def dies_of_it(pid, reason):
    if not os.path.exists('died once'):
        open('died once', 'w').close()
        os.kill(os.getpid(), 9)
    died(pid, reason)


def fails(*_):
    raise OSError('on purpose')


def application(environ, start_response):
    if environ['PATH_INFO'] == '/hold':
        say('held')
        while not os.path.exists('go'):
            gevent.sleep(0.01)
        say('finished')
    start_response('200 OK', [('Content-Length', '0')])
    return []
'''
PRELOAD = pytest.mark.parametrize('preload', [True, False])


def start(server, hooks, preload=True, app=APP, **options):
    return server(app, {'workers': {'processes': 2}, 'app': {'preload': preload},
                        'hooks': hooks}, **options)


@PRELOAD
def test_post_fork_runs_in_each_worker_before_it_serves(server, preload):
    running = start(server, {'post-fork': 'app:forked'}, preload)
    lines = running.log.lines()
    for number in (1, 2):
        assert lines.count(f'hook: forked {number}') == 1


def test_post_fork_runs_beside_that_of_uwsgi(server):
    running = start(server, {'post-fork': 'app:forked'},
                    app=APP + "uwsgi.post_fork_hook = lambda: say('uwsgi', uwsgi.worker_id())\n")
    for number in (1, 2):
        lines = running.log.lines()
        assert f'hook: forked {number}' in lines and f'hook: uwsgi {number}' in lines


@PRELOAD
def test_a_worker_whose_post_fork_fails_does_not_serve(server, preload):
    running = start(server, {'post-fork': 'app:fails'}, preload, wait=False)
    running.expect_error('.')
    running.expected_exit = 1
    assert running.wait_exit() == 1
    running.wait_log('hooks.post-fork failed: Traceback')
    running.wait_log('OSError: on purpose')


@PRELOAD
def test_worker_exit_runs_when_the_requests_have_ended(server, preload):
    running = start(server, {'worker-exit': 'app:ended'}, preload)
    with running.http() as held:
        held.request('GET', '/hold')
        running.wait_log('^hook: held$')
        running.signal(signal.SIGTERM)
        running.wait_log('^hook: ended [12]$')  # the other worker
        (running.folder / 'go').touch()
        assert held.getresponse().status == 200
    assert running.wait_exit() == 0
    said = [line for line in running.log.lines() if line.startswith('hook:')]
    assert said[-2] == 'hook: finished'
    assert sorted((said[-3], said[-1])) == ['hook: ended 1', 'hook: ended 2']


def test_a_failing_worker_exit_is_logged_and_the_worker_leaves(server):
    running = start(server, {'worker-exit': 'app:fails'})
    running.expect_error('hooks.worker-exit failed')
    assert running.stop() == 0
    running.wait_log('hooks.worker-exit failed', count=2)


@PRELOAD
def test_drain_begins_runs_while_requests_are_still_running(server, preload):
    running = start(server, {'drain-begins': 'app:draining'}, preload)
    with running.http() as held:
        held.request('GET', '/hold')
        running.wait_log('^hook: held$')
        running.signal(signal.SIGHUP)
        for number in (1, 2):
            running.wait_log(f'^hook: draining {number}$')
            running.wait_log(f'^hook: still there {number}$')
        assert 'hook: finished' not in running.log.text()
        (running.folder / 'go').touch()
        assert held.getresponse().status == 200


def test_a_failing_drain_begins_is_logged_and_the_worker_drains(server):
    running = start(server, {'drain-begins': 'app:fails'})
    running.expect_error('hooks.drain-begins failed')
    assert running.stop() == 0
    running.wait_log('hooks.drain-begins failed', count=2)


@PRELOAD
def test_another_worker_hears_of_one_that_died(server, preload):
    running = start(server, {'worker-died': 'app:died'}, preload)
    running.expect_error('worker .* died')
    victim = running.workers()[0]
    os.kill(victim, signal.SIGKILL)
    running.wait_log(f'^hook: heard by [12] int {victim} killed by SIGKILL')


def test_the_only_worker_is_heard_of_by_its_successor(server):
    running = server(APP, {'hooks': {'worker-died': 'app:died'}})
    running.expect_error('worker .* died')
    victim, = running.workers()
    os.kill(victim, signal.SIGKILL)
    running.wait_log(f'^hook: heard by 1 int {victim} killed by SIGKILL')


def test_a_death_is_heard_of_although_the_hearer_dies_too(server):
    running = start(server, {'worker-died': 'app:dies_of_it'})
    running.expect_error('worker .* died')
    victim = running.workers()[0]
    os.kill(victim, signal.SIGKILL)
    running.wait_log(f'^hook: heard by [12] int {victim} ')
    running.wait_log('^hook: heard by ', count=2)  # and of the hearer


def test_regular_ends_are_heard_of_too(server):
    running = start(server, {'worker-died': 'app:died'})
    olds = running.workers()
    assert running.ctl('reload').returncode == 0
    for old in olds:
        running.wait_log(f'^hook: heard by [12] int {old} exited with code 0')


def test_a_stop_tells_nobody(server):
    running = start(server, {'worker-died': 'app:died'})
    assert running.stop() == 0
    assert 'hook: heard' not in running.log.text()


def test_a_failing_worker_died_is_logged(server):
    running = start(server, {'worker-died': 'app:fails'})
    running.expect_error('died|the handler of signal 255 failed')
    os.kill(running.workers()[0], signal.SIGKILL)
    running.wait_log('the handler of signal 255 failed')
    running.wait_log('OSError: on purpose')


@pytest.mark.parametrize('hook', ['post-fork', 'worker-exit', 'drain-begins', 'worker-died'])
def test_a_function_that_does_not_exist_is_told_in_a_sentence(server, hook):
    running = start(server, {hook: 'app:nothing'}, wait=False)
    running.expect_error('.')
    running.expected_exit = 1
    assert running.wait_exit() == 1
    running.wait_log(f"hooks.{hook}: app:nothing: app has no 'nothing'")
    assert 'Traceback' not in running.log.text()


@pytest.mark.parametrize('hook', ['post-fork', 'worker-exit', 'drain-begins', 'worker-died'])
@pytest.mark.parametrize('function, why', [
    ('nowhere:f', "there is no module 'nowhere'"),
    ('./nowhere.py:f', 'there is no file .*/nowhere.py')])
def test_a_module_that_does_not_exist_is_told_with_its_key(server, hook, function, why):
    running = start(server, {hook: function}, wait=False)
    running.expect_error('.')
    running.expected_exit = 1
    assert running.wait_exit() == 1
    running.wait_log(f'hooks.{hook}: {why}')
    assert 'Traceback' not in running.log.text()


def test_check_finds_the_functions_and_calls_none(make_server):
    made = make_server()
    made.write_app(APP)
    made.write_config({'hooks': {'post-fork': 'app:forked', 'worker-exit': 'app:ended'}})
    code, said = check(made)
    assert code == 0 and 'hook:' not in said
    made.write_config({'hooks': {'post-fork': 'app:nothing'}})
    code, said = check(made)
    assert code == 1 and "app has no 'nothing'" in said
