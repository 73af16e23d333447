# SPDX-License-Identifier: MIT
"""Functions of atexit and uwsgi.atexit, in workers and in the template."""
import os

import pytest

from harness.apps import BOTH_ENDS, assert_end_of_python


def stop_soon(server, source, **config):
    """Stops a server with short drain times, which was asked once, and waits until its worker has
    ended by itself. Whatever hangs in it is cut, and it has half a second for the rest; then the
    master kills it, which on a busy machine is no fault."""
    limits = {'drain-requests': '100ms', 'drain-background': '100ms'}
    for _ in range(5):
        running = server(source, {'limits': limits, **config})
        running.get('/')
        assert running.stop() == 0
        if 'had not finished within its time' not in running.log.text():
            return running
    raise AssertionError('the worker was killed again and again')


@pytest.mark.parametrize('preload', [True, False])
def test_a_failing_exit_function_ends_nothing_else(server, preload):
    running = server(BOTH_ENDS + '''
import sys


def fails():
    return 1 / 0


def exits():
    sys.exit(7)


def interrupts():
    raise KeyboardInterrupt


def late():
    gevent.spawn(exits)
    gevent.sleep(0.01)
    print('late work is done', flush=True)


def register():
    for function in (fails, exits, interrupts, late):
        atexit.register(function)


def application(environ, start_response):
    register()
    return answer(start_response)
''', {'app': {'preload': preload}})
    running.get('/')
    assert running.stop() == 0
    running.wait_log('ZeroDivisionError')
    running.wait_log('late work is done')
    assert_end_of_python(running)


def test_an_end_that_is_interrupted_between_two_exit_functions_calls_none_twice(server):
    """What interrupts comes from a profile function, where a handler of Unix signals could be."""
    running = server(BOTH_ENDS + '''
import sys


def interrupt(frame, event, argument):
    if event == 'return' and frame.f_code.co_filename.endswith('_geventd_end.py') and (
            frame.f_code.co_name == 'call' and 'step' in frame.f_locals):
        raise KeyboardInterrupt


def first():
    print('first', flush=True)
    sys.setprofile(interrupt)


def second():
    print('second', flush=True)


uwsgi.atexit = first


def application(environ, start_response):
    return answer(start_response)
''', {'app': {'preload': False}, 'hooks': {'worker-exit': 'app:second'}})
    running.get('/')
    assert running.stop() == 0
    said = running.log.text().splitlines()
    assert (said.count('first'), said.count('second')) == (1, 1)
    assert said.count('atexit has run') == 1


def test_an_exit_function_that_hangs_is_cut_and_named(server):
    running = stop_soon(server, BOTH_ENDS + '''
def hangs():
    gevent.sleep(100000)


def hangs_in_c():
    __import__('select').select([], [], [], 100000)


def application(environ, start_response):
    atexit.register(hangs)
    atexit.register(hangs_in_c)
    return answer(start_response)
''', app={'monkey-patch': 'none'})
    running.wait_log('warning worker.*atexit functions did not end in time and are cut off: '
                     'hangs_in_c; hangs')
    assert_end_of_python(running)


def test_a_step_has_its_time_also_behind_one_that_has_blocked_the_thread(server):
    running = server(BOTH_ENDS + '''
from gevent import monkey


def write():
    time.sleep(0.1)
    time.sleep(0.5)  # begins after the blocked time
    print('it is written', flush=True)


def hook():
    threading.Thread(target=write).start()
    gevent.sleep(0.01)
    monkey.get_original('time', 'sleep')(6)  # more than is left after it


uwsgi.atexit = hook


def application(environ, start_response):
    return answer(start_response)
''', {'limits': {'drain-background': '10s'}})
    running.get('/')
    assert running.stop() == 0
    text = running.log.text()
    assert 'cut off' not in text and 'Traceback' not in text
    assert text.index('it is written') < text.index('\natexit has run')


@pytest.mark.parametrize('deed', [
    'gevent.get_hub().loop.run_callback(sys.exit, 3)',
    'gevent.spawn(sys.exit, 3)',
    'gevent.get_hub().loop.timer(0).start(raise_key_error)',
    'gevent.get_hub().handle_system_error(UnicodeDecodeError, ("utf-8", b"x", 0, 1, "bad"))',
    'gevent.get_hub().handle_system_error(UnicodeDecodeError, "arguments are missing")',
])
def test_whatever_gevent_hands_over_at_the_end_is_told(server, deed):
    running = server(BOTH_ENDS + f'''
import sys


def raise_key_error():
    raise SystemError('key')


def hook():
    {deed}
    gevent.sleep(0.05)
    print('the hook is done', flush=True)


uwsgi.atexit = hook


def application(environ, start_response):
    return answer(start_response)
''')
    running.get('/')
    assert running.stop() == 0
    running.wait_log('the hook is done')
    text = running.log.text()
    assert text.count('what would end a program was raised while this process ends already') == 1
    assert 'AttributeError' not in text


def test_an_end_without_a_timer_of_the_kernel_is_a_whole_one(server):
    running = stop_soon(server, BOTH_ENDS + '''
import resource


def hangs():
    gevent.sleep(100000)


def application(environ, start_response):
    atexit.register(hangs)
    threading.Thread(target=lambda: print('a thread has run', flush=True)).start()
    resource.setrlimit(resource.RLIMIT_SIGPENDING, (0, 0))
    return answer(start_response)
''')
    running.wait_log('a thread has run')
    running.wait_log('warning worker.*atexit functions did not end in time and are cut off: hangs')
    assert running.log.text().count('there is no timer for that') == 1
    assert 'goes on:' not in running.log.text()
    assert_end_of_python(running)


@pytest.mark.parametrize('loop', [True, False])
def test_an_exit_function_may_destroy_the_hub(server, loop):
    running = server(BOTH_ENDS + f'''
def application(environ, start_response):
    atexit.register(lambda: gevent.get_hub().destroy(destroy_loop={loop}))
    return answer(start_response)
''')
    running.get('/')
    assert running.stop() == 0
    assert 'goes on:' not in running.log.text()
    assert_end_of_python(running)


def test_a_uwsgi_atexit_that_hangs_is_cut(server):
    running = stop_soon(server, BOTH_ENDS + '''
uwsgi.atexit = lambda: gevent.sleep(100000)


def application(environ, start_response):
    return answer(start_response)
''')
    running.wait_log('warning worker.*uwsgi.atexit did not end')
    running.wait_log('atexit has run')


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('where', ['import', 'request'])
def test_daemonic_children_of_multiprocessing_end_with_their_process(server, preload, where):
    """Children of the import belong to the template, so workers may use them to their own end."""
    running = server(BOTH_ENDS + f'''
import multiprocessing

context = multiprocessing.get_context('fork')


def start():
    child = context.Process(target=time.sleep, args=(100000,), daemon=True)
    child.start()
    print('child', child.pid, flush=True)


def application(environ, start_response):
    if {where!r} == 'request':
        start()
    return answer(start_response)


if {where!r} == 'import':
    start()
''', {'app': {'preload': preload, 'monkey-patch': 'none'}})
    running.get('/')
    child = int(running.wait_log(r'^child (\d+)')[1])
    assert os.path.exists(f'/proc/{child}')
    assert running.stop() == 0
    assert not os.path.exists(f'/proc/{child}')


def test_a_template_runs_its_exit_functions_after_its_workers_and_copies_run_none(server):
    running = server('''
import atexit
import os


def ended():
    print(f'{os.getpid()} has ended', flush=True)


def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '0')])
    return []


atexit.register(ended)
''', {'workers': {'processes': 2}})
    [generation] = running.wait_status(
        lambda s: s['generations'][0]['spare_pid'])['generations']
    assert running.stop() == 0
    ended = [line.split()[0] for line in running.log.text().splitlines()
             if line.endswith(' has ended')]
    assert ended[-1] == str(generation['template_pid'])
    assert str(generation['spare_pid']) not in ended
    assert len(ended) == 3


def test_what_a_handler_raises_before_a_step_of_the_end_does_not_take_its_place(server):
    """A handler of Unix signals raises before the first line of each step, here always."""
    running = server(BOTH_ENDS + '''
import sys

STEPS = ('begin_end', 'drain_background', 'run_exit_hooks', 'leave')
end = sys.modules['_geventd_end']


class ServiceExit(Exception):
    pass


def interrupted(name, step):
    def call(*arguments):
        if name in left:
            left.remove(name)
            raise ServiceExit(f'before {name}')
        return step(*arguments)

    return call


def application(environ, start_response):
    return answer(start_response)


left = list(STEPS)
for name in STEPS:
    setattr(end, name, interrupted(name, getattr(end, name)))
''', {'app': {'preload': False}})
    running.expect_error('the end of this process goes on')
    running.get('/')
    assert running.stop() == 0
    for name in ('begin_end', 'drain_background', 'run_exit_hooks', 'leave'):
        running.wait_log(f'ServiceExit: before {name}')
    assert_end_of_python(running)
