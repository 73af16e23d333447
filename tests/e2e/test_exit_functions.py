# SPDX-License-Identifier: MIT
"""Functions of atexit and uwsgi.atexit, in workers and in the template."""
import os

import pytest

from harness.apps import BOTH_ENDS, assert_end_of_python


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


def test_an_exit_function_that_hangs_is_cut_and_named(server):
    running = server(BOTH_ENDS + '''
def hangs():
    gevent.sleep(100000)


def hangs_in_c():
    __import__('select').select([], [], [], 100000)


def application(environ, start_response):
    atexit.register(hangs)
    atexit.register(hangs_in_c)
    return answer(start_response)
''', {'app': {'monkey-patch': 'none'},
      'limits': {'drain-requests': '100ms', 'drain-background': '100ms'}})
    running.get('/')
    assert running.stop() == 0
    running.wait_log('warning worker.*atexit functions did not end in time and are cut off: '
                     'hangs_in_c; hangs')
    assert_end_of_python(running)


def test_a_uwsgi_atexit_that_hangs_is_cut(server):
    running = server(BOTH_ENDS + '''
uwsgi.atexit = lambda: gevent.sleep(100000)


def application(environ, start_response):
    return answer(start_response)
''', {'limits': {'drain-requests': '100ms', 'drain-background': '100ms'}})
    running.get('/')
    assert running.stop() == 0
    running.wait_log('warning worker.*uwsgi.atexit did not end')
    running.wait_log('atexit has run')


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('where', ['import', 'request'])
def test_daemonic_children_of_multiprocessing_end_with_their_process(server, preload, where):
    """Those of the import are the template's, which the workers may use up to their own end."""
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
