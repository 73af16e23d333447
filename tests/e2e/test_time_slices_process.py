# SPDX-License-Identifier: MIT
"""workers.time-slice and the process: its Unix signal, and what the application forks."""
import json

import pytest

from harness.fork_app import COMMON

APP = COMMON + '''
import ctypes
import gc
import json
import signal

FORKS = {'os': os.fork, 'c': ctypes.CDLL(None).fork, 'gil': ctypes.PyDLL(None).fork}
turns = 0
goes = False


def count_turns():
    global turns
    while True:
        gevent.sleep(0.001)
        turns += 1


def until(moved, seconds=20):
    end = time.thread_time() + seconds
    while not moved() and time.thread_time() < end:
        pass
    return moved()


def is_suspended():
    """Whether others can run while this computes."""
    before = turns
    return until(lambda: turns != before)


def our_number():
    return max(n for n in range(34, 65)
               if getattr(signal.getsignal(n), '__name__', '') == 'geventd_time_slice')


def bytes_at_wake_up():
    reader, writer = os.pipe2(os.O_NONBLOCK)
    former = signal.set_wakeup_fd(writer)
    suspended = is_suspended()
    signal.set_wakeup_fd(former)
    return suspended and set(os.read(reader, 1000)) == {our_number()}


def taken_by_c():
    number = our_number()
    library = ctypes.CDLL(None)
    library.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    library.signal(number, 1)  # SIG_IGN
    until(lambda: False, 0.1)
    gevent.sleep(0.01)
    suspended = is_suspended()
    library.signal(number, 0)
    return suspended and our_number() != number


def called_by_hand():
    ours = signal.getsignal(our_number())
    try:
        ours()
    except IndexError:
        return ours(1, None) is None and ours(1, sys._getframe()) is None and is_suspended()


def blocks_left_by_slices():
    def left():
        for _ in range(200):
            assert is_suspended()
            with gevent.Timeout(0.001, False):  # thrown into one that is suspended
                until(lambda: False)
        gc.collect()
        return sys.getallocatedblocks()

    left()
    before = left()
    return left() - before


def held_before_a_fork():
    seen = []

    def look():
        if not seen:  # this hook stays for later forks
            before = turns
            seen.append(until(lambda: turns != before, 0.25))

    os.register_at_fork(before=look)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    code_of(pid)
    return seen == [False]


def raised_by_a_raw_greenlet():
    def compute():
        assert is_suspended()
        raise ValueError('raised')

    gevent.spawn_raw(compute)
    gevent.sleep(0.1)
    return True


def exit_code_of_a_child(fork):
    pid = FORKS[fork]()
    if pid == 0:
        until(lambda: False, 0.2)
        gevent.sleep(0.01)
        until(lambda: False, 0.1)
        os._exit(7)
    return code_of(pid)


def application(environ, start_response):
    global goes
    what, _, word = environ['PATH_INFO'][1:].partition('/')
    if turns == 0:
        gevent.spawn(count_turns)
        gevent.sleep(0.01)
    if what == 'compute':
        print('computes', flush=True)
        found = until(lambda: goes)
    elif what == 'fork':
        found = exit_code_of_a_child(word)
    elif what == 'go':
        found = goes = True
    else:
        found = globals()[what]()
    return answer(start_response, json.dumps(found))
'''
SLICES = {'workers': {'processes': 1, 'time-slice': '5ms'}}


def asked(running, path):
    answer = running.get(path)
    assert answer.status == 200, answer.text
    return json.loads(answer.text)


@pytest.mark.parametrize('what', ['bytes_at_wake_up', 'taken_by_c', 'called_by_hand'])
def test_the_unix_signal_stands_beside_others(server, what):
    assert asked(server(APP, SLICES), '/' + what)


def test_slices_leave_no_objects_behind(server):
    running = server(APP, {'workers': SLICES['workers'] | {'time-slice': '1ms'}})
    assert asked(running, '/blocks_left_by_slices') < 100


def test_nobody_is_suspended_in_the_middle_of_a_fork(server):
    assert asked(server(APP, SLICES), '/held_before_a_fork')


def test_what_a_raw_greenlet_raises_after_a_slice_goes_to_gevent_as_ever(server):
    running = server(APP, {'workers': SLICES['workers'] | {'time-slice-background': True}})
    since = running.log.mark()
    assert asked(running, '/raised_by_a_raw_greenlet')
    running.wait_log(r'^ValueError: raised$', since=since)
    running.wait_log(r' failed with ValueError$', since=since)
    assert 'Exception ignored' not in running.log.text()


@pytest.mark.parametrize('fork', ['os', 'c', 'gil'])
def test_a_forked_child_computes_and_waits_without_slices(server, fork):
    running = server(APP, SLICES)
    [pid] = running.workers()
    with running.raw() as computing:
        computing.send(b'GET /compute HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('computes')
        assert asked(running, f'/fork/{fork}') == 7
        assert asked(running, '/go')
        assert computing.read_answer().text == 'true'
    assert running.workers() == [pid]


def test_what_computes_at_the_end_of_the_worker_is_not_in_its_way(server):
    running = server(APP + '''

import atexit
atexit.register(until, lambda: False, 0.1)
atexit.register(print, 'the end', flush=True)
''', SLICES)
    assert asked(running, '/is_suspended')
    running.stop()
    running.wait_log('^the end$')
