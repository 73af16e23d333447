# SPDX-License-Identifier: MIT
"""A blocked hub is noticed, named with the line that blocks it, and replaced."""
import shutil
import subprocess
import sysconfig
import threading

import pytest

# A module with a function that computes for some seconds, or until the file "go" exists, and holds
# the GIL meanwhile.
EXTENSION = '''
#include <Python.h>
#include <time.h>
#include <unistd.h>

static PyObject *hold(PyObject *self, PyObject *seconds) {
    double until = PyFloat_AsDouble(seconds);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    until += now.tv_sec + now.tv_nsec / 1e9;
    while (now.tv_sec + now.tv_nsec / 1e9 < until && access("go", F_OK) != 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {{"hold", hold, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "gilholder", NULL, -1, functions};

PyMODINIT_FUNC PyInit_gilholder(void) {
    return PyModule_Create(&module);
}
'''

# Each path blocks the hub in a function of its own: until the file "go" exists, but at most for as
# many seconds as the path says.
APP = '''
import ctypes
import os
import re
import sys
import threading
import time

import gevent
from gevent import monkey

real_sleep = monkey.get_original('time', 'sleep')
with_the_gil = ctypes.PyDLL(None)


def steps(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not os.path.exists('go'):
        yield


def sleep(seconds):
    for _ in steps(seconds):
        real_sleep(0.05)


def loop(seconds):
    for _ in steps(seconds):
        pass


def regex(seconds):
    for _ in steps(seconds):
        re.match('(a+)+$', 'a' * 20 + 'b')  # takes a tenth of a second


def extension(seconds):
    import gilholder
    gilholder.hold(seconds)


def foreign(seconds):
    with_the_gil.usleep(int(seconds * 1e6))


def keep(seconds, main):
    import gilholder
    while sys._current_frames()[main].f_code.co_name != 'run':  # until the hub waits
        real_sleep(0.001)
    gilholder.hold(seconds)


def threaded(seconds):
    main = monkey.get_original('_thread', 'get_ident')()
    gevent.get_hub().threadpool.spawn(keep, seconds, main)


def park(seconds):
    gevent.sleep(seconds)


def application(environ, start_response):
    what, _, seconds = environ['PATH_INFO'][1:].partition('/')
    print('begins', what, flush=True)
    globals()[what](float(seconds or 0))
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


@pytest.fixture(scope='module')
def gilholder(tmp_path_factory):
    """The folder of the extension module."""
    folder = tmp_path_factory.mktemp('gilholder')
    (folder / 'gilholder.c').write_text(EXTENSION)
    compiler = shutil.which('cc') or shutil.which('gcc')
    subprocess.run([compiler, '-shared', '-fPIC', '-O1', f'-I{sysconfig.get_path("include")}',
                    '-o', str(folder / 'gilholder.so'), str(folder / 'gilholder.c')], check=True)
    return folder


@pytest.fixture
def start(server, gilholder):
    """Starts geventd with these limits and one worker."""
    def start(time_slice='0s', **limits):
        return server(APP, {'workers': {'processes': 1, 'time-slice': time_slice},
                            'app': {'python-path': [str(gilholder)]},
                            'limits': {key.replace('_', '-'): limits[key] for key in limits}})
    return start


def ask_aside(running, path):
    """Requests the path from a thread of its own, whatever happens to the request."""
    def ask():
        try:
            running.get(path)
        except OSError:
            pass
    thread = threading.Thread(target=ask)
    thread.start()
    return thread


@pytest.mark.parametrize('what', ['sleep', 'loop', 'regex', 'extension'])
def test_the_line_that_blocks_is_in_the_log(start, what):
    running = start(blocked_hub='1s')
    worker, = running.workers()
    asker = ask_aside(running, f'/{what}/60')
    match = running.wait_log(rf'warning .*: the hub of worker 1 \(pid {worker}\) has not turned '
                             r'for (\d+\.\d) s, blocked by:$')
    assert 1 <= float(match[1]) < 5  # 5: its end without the limit; a busy machine needs some time
    running.wait_log(rf'^\t *File ".*/app\.py", line \d+ in {what}$')
    running.wait_log(r'^\t *File ".*/app\.py", line \d+ in application$')
    assert running.status()['workers'][0]['hub_blocked'] >= 1
    (running.folder / 'go').touch()
    running.wait_log(rf'info .*: the hub of worker 1 \(pid {worker}\) turns again; it was blocked '
                     r'for about \d+\.\d s$')
    asker.join()
    status = running.status()['workers'][0]
    assert status['hub_blocks'] == 1 and status['hub_blocked'] is None
    assert status['hub_lag_peak'] > 1


def test_one_call_of_c_code_is_named_with_time_slices_too(start):
    running = start(time_slice='5ms', blocked_hub='1s')
    asker = ask_aside(running, '/extension/60')
    running.wait_log(r'the hub of worker 1 .* has not turned for \d+\.\d s, blocked by:$')
    running.wait_log(r'^\t *File ".*/app\.py", line \d+ in extension$')
    (running.folder / 'go').touch()
    running.wait_log('turns again')
    asker.join()


def test_with_time_slices_a_loop_does_not_block_the_hub(start):
    running = start(time_slice='5ms', blocked_hub='2s')
    assert running.get('/loop/4').text == 'ok'
    assert running.status()['workers'][0]['hub_blocks'] == 0
    assert 'has not turned' not in running.log.text()


def test_a_call_that_the_question_ends_is_named_too(start):
    """A Unix signal interrupts usleep()."""
    running = start(blocked_hub='1s')
    assert running.get('/foreign/10').text == 'ok'
    running.wait_log(r'the hub of worker 1 .* has not turned for [1-9]\.\d s, blocked by:$')
    running.wait_log(r'^\t *File ".*/app\.py", line \d+ in foreign$')
    running.wait_log('turns again')


def test_a_thread_that_keeps_the_gil_is_named(start):
    running = start(blocked_hub='1s')
    assert running.get('/threaded/60').text == 'ok'
    running.wait_log(r'the hub of worker 1 .* has not turned for \d+\.\d s, blocked by:$')
    running.wait_log(r'^\t *File ".*/app\.py", line \d+ in keep$')
    (running.folder / 'go').touch()
    running.wait_log('turns again')
    assert running.get('/park').text == 'ok'


def test_a_hub_that_turns_is_not_reported_and_its_lag_is_measured(start):
    running = start(blocked_hub='4s')  # a busy machine may itself hold up the hub for less
    asker = ask_aside(running, '/park/5')
    running.wait_log('^begins park$')
    running.wait_status(lambda s: 0 < s['workers'][0]['hub_lag'] < 0.1)
    asker.join()
    assert running.status()['workers'][0]['hub_blocks'] == 0
    assert 'has not turned' not in running.log.text()


def test_zero_means_that_nothing_is_reported(start):
    running = start(blocked_hub='0s')

    def peak_after_a_block():
        running.get('/sleep/1.5')
        return running.status()['workers'][0]['hub_lag_peak']

    # A master that is held up at that time itself does not ask the hub.
    assert any(peak_after_a_block() > 0.5 for _ in range(5))
    assert 'has not turned' not in running.log.text()


@pytest.mark.parametrize('what, stands', [
    ('sleep', [r'where they stand:$', r'GET /park/60 \(request \w+\), \d+\.\d s:$',
               r'File ".*/app\.py", line \d+, in park$',
               r'GET /sleep/60 \(request \w+\), \d+\.\d s, running:$',
               r'File ".*/app\.py", line \d+, in sleep$']),
    ('extension', ['where they stand cannot be told: C code keeps the GIL$'])])
def test_a_stuck_worker_is_replaced_and_its_requests_are_named(start, what, stands):
    # A busy machine may hold up other workers for less than 4 s.
    running = start(blocked_hub='300ms', kill_blocked_hub='4s')
    stuck, = running.workers()
    parked = [ask_aside(running, f'/park/{60 + number}?secret=1') for number in range(3)]
    running.wait_log('^begins park$', count=3)
    blocker = ask_aside(running, f'/{what}/60')
    running.wait_log(f'^begins {what}$')
    running.wait_log(rf'worker 1 \(pid {stuck}\) is recycled: its hub is blocked for more than '
                     'limits.kill-blocked-hub')
    running.wait_log(rf'warning .*: worker 1 \(pid {stuck}\) is killed: its hub has not turned '
                     r'for \d+\.\d s; requests in flight: 4$')
    running.wait_log(rf'^\t *GET /{what}/60 from 127\.0\.0\.1, \d+\.\d s')
    for number in range(3):
        running.wait_log(rf'^\t *GET /park/{60 + number} from 127\.0\.0\.1, \d+\.\d s')
    for line in stands:
        running.wait_log(rf'^\t *{line}')
    running.wait_log(rf'worker 1 \(pid {stuck}\) of generation 1 is gone')
    assert running.wait_workers(1, without=[stuck])
    assert running.get('/park').text == 'ok'
    for thread in [*parked, blocker]:
        thread.join()
    assert 'secret' not in running.log.text()


def test_a_stuck_worker_that_turns_again_in_time_is_not_killed(start):
    running = start(blocked_hub='200ms', kill_blocked_hub='20s')
    stuck, = running.workers()
    mark = running.log.mark()
    asker = ask_aside(running, '/sleep/60')
    running.wait_log('^begins sleep$')
    running.wait_log('has not turned for', since=mark)
    (running.folder / 'go').touch()
    running.wait_log('turns again')
    asker.join()
    assert running.workers() == [stuck]
    assert 'is killed' not in running.log.text()


def test_a_hub_that_turns_again_before_its_successor_serves_is_not_killed(server):
    '''The limit to kill it is below that to report it.'''
    running = server(APP + '''

import uwsgi
if uwsgi.worker_id() and os.path.exists('slow'):
    while not os.path.exists('served'):
        real_sleep(0.02)
''', {'app': {'preload': False},
      'limits': {'blocked-hub': '60s', 'kill-blocked-hub': '500ms'}})
    old, = running.workers()
    (running.folder / 'slow').touch()
    with running.raw() as client:
        client.send(b'GET /sleep/60 HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_status(lambda status: len(status['workers']) == 2)
        (running.folder / 'go').touch()
        assert client.read_answer().status == 200
    (running.folder / 'served').touch()
    running.wait_workers(1, without=[old])
    assert 'is killed' not in running.log.text()
