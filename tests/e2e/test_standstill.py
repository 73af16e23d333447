# SPDX-License-Identifier: MIT
"""Templates that do not answer, and loading that does not end: reported with stacks, replaced."""
import os
import threading
from signal import SIGHUP, SIGKILL, SIGSTOP, SIGTERM

import pytest

from harness import procfs
from harness.apps import HELLO
from harness.limits import DEADLINE
from harness.program import check

SOON = {'slow-load': '300ms'}
WAIT = '''
import gevent.monkey
sleep = gevent.monkey.get_original('time', 'sleep')


def stand_here():
    sleep(3600)
'''
HANGS = WAIT + 'stand_here()\n' + HELLO
TOLD = r'has been loading the application for \S+ s; it stands at:'


def version(text):
    return HELLO.replace("'5'", f"'{len(text)}'").replace('hello', text)


def start_in_background(call):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    return thread, answers


def says(running):
    """The response of the newest generation, once the others have gone."""
    running.wait_status(lambda s: len(s['generations']) == 1)
    running.addresses = [running.status()['listen'][0]]  # the first ready line is still to come
    return running.get('/').text


def template_and_spare(running):
    generation = running.wait_status(
        lambda s: s['generations'][-1]['spare_pid'])['generations'][-1]
    return generation['template_pid'], generation['spare_pid']


# --- a template that does not answer --------------------------------------------------------------

# The hook hangs in the process that finds the file, and removes it.
HOOK = WAIT + '''
import os


def hook():
    try:
        os.rename('block', 'blocked')
    except OSError:
        return
    stand_here()


os.register_at_fork(before=hook)
''' + HELLO


def test_a_fork_hook_that_stands_still_is_told_of_and_the_spare_takes_over(server):
    running = server(HOOK, {'limits': {'fork-time': '4s'}})
    running.expect_error('has not answered|died')
    template, spare = template_and_spare(running)
    worker, = running.workers()
    (running.folder / 'block').touch()
    os.kill(worker, SIGKILL)
    running.wait_log(rf'the template \(pid {template}\) has not answered .*limits\.fork-time.* '
                     'it stands at:')
    running.wait_log('in stand_here')
    running.wait_log('in hook')
    running.wait_workers(1, without=[worker])
    assert template_and_spare(running)[0] == spare
    assert procfs.wait_gone(template, DEADLINE)
    assert running.get('/').text == 'hello'


def test_a_stopped_template_and_a_stopped_spare_are_replaced_by_a_new_one(server):
    running = server(HELLO, {'limits': {'fork-time': '4s'}, 'workers': {'processes': 2}})
    running.expect_error('has not answered|died|stopped')
    former = template_and_spare(running)
    workers = running.workers()
    for pid in former:
        os.kill(pid, SIGSTOP)
    for pid in workers:
        os.kill(pid, SIGKILL)
    running.wait_log(rf'the template \(pid {former[0]}\) has not answered .* it is stopped \(T')
    running.wait_log(rf'the spare template \(pid {former[1]}\) is stopped too')
    running.wait_workers(2, without=workers)
    assert not set(template_and_spare(running)) & set(former)
    assert all(procfs.wait_gone(pid, DEADLINE) for pid in former)
    assert running.get('/').text == 'hello'


def test_a_template_that_never_forks_fails_the_start(make_server):
    made = make_server()
    made.write_app(HOOK.replace("os.rename('block', 'blocked')", 'pass'))
    made.write_config({'limits': {'fork-time': '1s'}})
    made.expected_exit = 1
    made.expect_error('has not answered|died|cannot serve')
    made.start(wait=False)
    assert made.wait_exit() == 1
    made.wait_log(r'cannot serve: the workers cannot start: .*limits\.fork-time')


# --- a template that dies at its forks ------------------------------------------------------------

DIES = '''
import os
import signal

os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGKILL))
''' + HELLO


def test_a_template_that_dies_at_its_forks_fails_the_start(make_server):
    made = make_server()
    made.write_app(DIES)
    made.write_config({'workers': {'processes': 2}})
    made.expected_exit = 1
    made.expect_error('died|cannot serve')
    made.start(wait=False)
    assert made.wait_exit() == 1
    made.wait_log(r'cannot serve: the workers cannot start: the template .* died: .*SIGKILL')


@pytest.mark.parametrize('strategy', ['replace', 'rolling'])
def test_a_template_that_dies_at_its_forks_fails_the_reload(server, strategy):
    running = server(version('first'), {'reload': {'strategy': strategy}})
    running.expect_error('died|reload failed')
    running.write_app(DIES)
    result = running.ctl('reload')
    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert 'the workers cannot start: the template' in said and 'SIGKILL' in said
    assert says(running) == 'first'


LOADS_ONCE = '''
import os

if os.path.exists('loaded'):
    1 / 0
open('loaded', 'w').close()
'''


def test_a_template_that_cannot_be_loaded_anew_fails_the_reload(server):
    running = server(version('first'))
    running.expect_error('died|reload failed|ZeroDivisionError|Traceback')
    running.write_app(LOADS_ONCE + DIES)
    result = running.ctl('reload')
    assert result.returncode != 0
    assert 'ZeroDivisionError' in result.stdout + result.stderr
    assert says(running) == 'first'


# --- loading that does not end --------------------------------------------------------------------

@pytest.mark.parametrize('preload', [None, False])
def test_a_reload_that_stands_still_is_told_of_and_a_newer_one_takes_its_place(server, preload):
    app = {} if preload is None else {'preload': preload}
    running = server(version('first'), {'limits': SOON, 'app': app})
    running.expect_error('reload failed')
    running.write_app(HANGS)
    thread, answers = start_in_background(lambda: running.ctl('reload'))
    running.wait_log('in stand_here')
    running.wait_log(TOLD if preload is None else r'worker 1 .* getting ready for .* stands at:')
    assert running.get('/').text == 'first'
    running.write_app(version('third'))
    assert running.ctl('reload').returncode == 0
    assert says(running) == 'third'
    thread.join()
    assert answers[0].returncode != 0
    assert 'a newer reload took its place' in answers[0].stdout + answers[0].stderr


def test_a_reload_that_waits_takes_its_place_when_it_is_told_of(server):
    running = server(version('first'), {'limits': {'slow-load': '3s'}})
    running.expect_error('reload failed')
    running.write_app('print("loading now", flush=True)\n' + HANGS)
    running.signal(SIGHUP)
    running.wait_log('loading now')
    running.write_app(version('third'))
    assert running.ctl('reload').returncode == 0
    assert says(running) == 'third'


def test_it_is_told_of_again(server):
    running = server(version('first'), {'limits': SOON})
    running.write_app(HANGS)
    running.signal(SIGHUP)
    running.wait_log('in stand_here', count=3)
    assert running.get('/').text == 'first'


STANDS_BY = WAIT + '''
import os


def stand_by():
    while not os.path.exists('go'):
        sleep(0.01)


stand_by()
'''


@pytest.mark.parametrize('loading', ['reload', 'upgrade'])
def test_a_reload_of_a_broken_configuration_does_not_take_its_place(server, loading):
    running = server(version('first'), {'limits': SOON})
    running.expect_error('reload failed')
    running.write_app(STANDS_BY + version('second'))
    thread, answers = start_in_background(lambda: running.ctl(loading))
    running.wait_log('in stand_by')
    running.config_path.write_text('nonsense: 1\n')
    running.signal(SIGHUP)
    running.wait_log('the newer reload failed, what is loading goes on')
    (running.folder / 'go').touch()
    thread.join()
    assert answers[0].returncode == 0
    running.write_config({'limits': SOON})  # for geventctl, which reads it
    if loading == 'upgrade':
        running.follow(1)
    assert says(running) == 'second'


def test_a_first_start_that_stands_still_makes_room_for_a_reload(make_server):
    made = make_server()
    made.write_app(HANGS)
    made.write_config({'limits': SOON})
    made.start(wait=False)
    made.wait_log('in stand_here')
    made.write_app(version('mended'))
    made.signal(SIGHUP)
    made.wait_ready()
    assert says(made) == 'mended'


@pytest.mark.parametrize('first', [True, False])
def test_an_upgrade_takes_its_place(make_server, first):
    made = make_server()
    made.write_app(HANGS if first else version('first'))
    made.write_config({'limits': SOON})
    made.start(wait=not first)
    made.expect_error('reload failed')
    if not first:
        made.write_app(HANGS)
        made.signal(SIGHUP)
    made.wait_log('in stand_here')
    made.write_app(version('upgraded'))
    assert made.ctl('upgrade').returncode == 0
    made.follow(1)
    made.wait_ready()
    assert says(made) == 'upgraded'


def test_a_stop_ends_it(make_server):
    made = make_server()
    made.write_app(HANGS)
    made.write_config({'limits': SOON})
    made.start(wait=False)
    made.wait_log('in stand_here')
    assert made.stop(SIGTERM) == 0


@pytest.mark.parametrize('preload', [True, False])
def test_the_time_to_load_is_limited(server, preload):
    running = server(version('first'), {'app': {'preload': preload}})
    running.expect_error('limits.load-time|reload failed|died')
    running.write_config({'limits': {'load-time': '6s'}, 'app': {'preload': preload}})
    running.write_app(HANGS)
    result = running.ctl('reload')
    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert 'limits.load-time' in said and 'in stand_here' in said
    assert running.get('/').text == 'first'


def test_a_stopped_process_that_loads_is_told_of_as_such(server):
    running = server(version('first'), {'limits': SOON})
    running.expect_error('reload failed')
    running.write_app('import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n' + HELLO)
    running.signal(SIGHUP)
    running.wait_log(r'has been loading the application for \S+ s; it is stopped \(T')
    running.write_app(version('second'))
    assert running.ctl('reload').returncode == 0
    assert says(running) == 'second'


HOOKS = {
    'post_fork_hook': 'import uwsgi\nuwsgi.post_fork_hook = stand_here\n',
    'after_in_child': 'import os\nos.register_at_fork(after_in_child=stand_here)\n',
}


@pytest.mark.parametrize('hook', HOOKS)
@pytest.mark.parametrize('strategy', ['replace', 'rolling'])
def test_a_worker_that_never_gets_ready_is_told_of(server, hook, strategy):
    running = server(version('first'), {'limits': SOON, 'workers': {'processes': 2},
                                        'reload': {'strategy': strategy}})
    running.expect_error('reload failed')
    running.write_app(WAIT + HOOKS[hook] + HELLO)
    running.signal(SIGHUP)
    running.wait_log(r'worker 1 \(pid \d+\) has been getting ready for \S+ s; it stands at:')
    running.wait_log('in stand_here')
    assert running.get('/').text == 'first'
    running.write_app(version('second'))
    assert running.ctl('reload').returncode == 0
    assert says(running) == 'second'


def test_check_keeps_to_the_time_to_load(make_server):
    made = make_server()
    made.write_app(HANGS)
    made.write_config({'limits': {'load-time': '6s'}})
    code, said = check(made)
    assert code == 1 and 'limits.load-time' in said and 'in stand_here' in said


@pytest.mark.parametrize('newer', ['reload', 'upgrade'])
def test_an_upgrade_that_stands_still_makes_room_too(server, newer):
    running = server(version('first'), {'limits': SOON})
    running.expect_error('upgrade failed')
    running.write_app(HANGS)
    thread, answers = start_in_background(lambda: running.ctl('upgrade'))
    running.wait_log('in stand_here')
    assert running.get('/').text == 'first'
    running.write_app(version('third'))
    assert running.ctl(newer).returncode == 0
    if newer == 'upgrade':
        running.follow(2)
    assert says(running) == 'third'
    thread.join()
    assert answers[0].returncode != 0
    why = {'reload': 'a newer reload', 'upgrade': 'an upgrade'}[newer] + ' took its place'
    assert why in answers[0].stdout + answers[0].stderr
