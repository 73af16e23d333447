# SPDX-License-Identifier: MIT
"""Every decorator of uwsgidecorators, working in a server."""
import pytest

from harness.evaluate import application, ask

ALL = '''
import geventd
from uwsgidecorators import *
from uwsgidecorators import get_free_signal


@signal(40, target='workers')
def to_all(num):
    say('signal', num, uwsgi.worker_id())


@timer(1)
def every_second(num):
    say('timer', num)


@rbtimer(1, target='worker2')
def chained(num):
    say('rbtimer', num, uwsgi.worker_id())


@mstimer(30, signum=77)
def often(num):
    say('mstimer', num)


@cron(-1, -1, -1, -1, -1)
def minutely(num):
    say('cron', num)


@filemon(os.getcwd())
def changed(num):
    say('filemon', num)


@postfork
def everywhere():
    say('postfork', uwsgi.worker_id())


@postfork(2)
def in_the_second():
    say('postfork of two:', uwsgi.worker_id())


@lock
def alone():
    return uwsgi.is_locked()


@thread
def elsewhere(ident):
    say('thread', ident != threading.get_ident(), threading.current_thread().daemon)


@harakiri(1)
def limited(pause=0):
    try:
        gevent.sleep(pause)
    except geventd.RequestTimeout:
        return 'too slow'
    return 'quick'
'''


@pytest.fixture(scope='module', params=[True, False], ids=['preload', 'lazy'])
def running(module_server, request):
    return module_server(application(ALL), {
        'workers': {'processes': 2}, 'app': {'preload': request.param}})


def test_signal(running):
    ask(running, 'uwsgi.signal(40)')
    for worker in (1, 2):
        running.wait_log(f'^signal 40 {worker}$')


@pytest.mark.parametrize('line', ['timer 0', 'rbtimer 1 2', 'mstimer 77'])
def test_timers_tick_with_free_numbers(running, line):
    running.wait_log(f'^{line}$', count=2)


def test_filemon(running):
    (running.folder / 'new').touch()
    running.wait_log(r'^filemon 3$')


def test_cron_has_taken_a_number(running):
    assert ask(running, '[num for num in range(256) if uwsgi.signal_registered(num)]') == [
        0, 1, 2, 3, 40, 77]
    assert ask(running, 'get_free_signal()') == 4


@pytest.mark.slow
def test_cron(running):
    running.wait_log('^cron 2$', timeout=75)


def test_postfork(running):
    for worker in (1, 2):
        running.wait_log(f'^postfork {worker}$')
    running.wait_log('^postfork of two: 2$')
    assert 'postfork of two: 1' not in running.log.text()


def test_lock(running):
    assert ask(running, '[alone(), uwsgi.is_locked()]') == [True, False]


def test_thread(running):
    assert ask(running, 'elsewhere(0) is elsewhere.__wrapped__') is True
    running.wait_log('^thread True True$')


def test_harakiri_limits_each_call(running):
    assert ask(running, 'limited()') == 'quick'
    assert ask(running, 'limited(5)') == 'too slow'


@pytest.mark.parametrize('name', ['spool', 'mule', 'mulefunc', 'farm', 'rpc', 'erlang'])
def test_what_is_not_offered_says_so_when_used(running, name):
    assert ask(running, f'{name}(print)').startswith(
        f'NotImplementedError: uwsgidecorators.{name}: ')
