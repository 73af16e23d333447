# SPDX-License-Identifier: MIT
"""Unix signals do the same in a process that the application forks as in a forked python3."""
import os
import signal

import pytest

from harness import procfs
from harness.fork_app import COMMON
from harness.limits import DEADLINE

INTERRUPTED = COMMON + '''
import signal

from gevent import monkey

SLEEPS = {'/native': monkey.get_original('time', 'sleep'), '/gevent': gevent.sleep}


def work(sleep):
    gevent.sleep(0.01)  # starts the hub, of which nothing is left when that is interrupted
    try:
        print('child', os.getpid(), flush=True)
        sleep(100000)
    except KeyboardInterrupt:
        gevent.sleep(0.01)
        print('it is interrupted', flush=True)
        raise
    finally:
        print('it cleans up', flush=True)


def application(environ, start_response):
    path = environ['PATH_INFO']
    pid = os.fork()
    if pid == 0:
        work(SLEEPS[path])
    return answer(start_response, code_of(pid))
'''


@pytest.mark.parametrize('path', ['/native', '/gevent'])
@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_sigint_raises_keyboard_interrupt_in_what_forked(server, path, greenlet, patch):
    running = server(INTERRUPTED, {'app': {'monkey-patch': patch},
                                   'workers': {'greenlet': greenlet}})
    with running.raw() as client:
        client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        pid = int(running.wait_log(r'^child (\d+)')[1])
        procfs.wait_asleep(pid, DEADLINE)
        os.kill(pid, signal.SIGINT)
        assert client.read_answer().body == b'-2'
    running.wait_log('^it is interrupted')
    running.wait_log('^it cleans up')


@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_handlers_are_those_of_python3(server, patch):
    running = server(COMMON + '''
import signal


def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        os.kill(os.getpid(), signal.SIGTERM)
        gevent.sleep(100000)
    return answer(start_response, code_of(pid))
''', {'app': {'monkey-patch': patch}})
    assert running.get('/').body == b'-15'


def test_what_a_handler_of_the_application_raises_is_raised_in_what_forked(server):
    running = server(COMMON + '''
import signal


def hear(*_):
    raise TimeoutError('it takes too long')


signal.signal(signal.SIGUSR1, hear)
signal.signal(signal.SIGINT, hear)


def sleep(name):
    try:
        open(name, 'w').close()
        gevent.sleep(100000)
    except TimeoutError:
        return
    os._exit(1)


def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        gevent.sleep(0.01)
        sleep('first')
        sleep('second')
        sys.exit(6)
    for name, number in (('first', signal.SIGUSR1), ('second', signal.SIGINT)):
        wait(name)
        os.kill(pid, number)
    return answer(start_response, code_of(pid))
''')
    assert running.get('/').body == b'6'


def test_a_child_of_multiprocessing_can_be_interrupted(server):
    """As by Ctrl-C on a terminal; also reaches the child's own child."""
    running = server(COMMON + '''
import multiprocessing


def work(generation):
    gevent.sleep(0.01)
    print(f'child {generation} is', os.getpid(), flush=True)
    if generation == 1:
        context.Process(target=work, args=(2,)).start()
    gevent.sleep(100000)


context = multiprocessing.get_context('fork')


def application(environ, start_response):
    context.Process(target=work, args=(1,), daemon=False).start()
    return answer(start_response, 'started')
''')
    running.get('/')
    pids = [int(running.wait_log(rf'^child {number} is (\d+)')[1]) for number in (1, 2)]
    for pid in reversed(pids):
        os.kill(pid, signal.SIGINT)
        assert procfs.wait_gone(pid, DEADLINE)
    running.wait_log('^KeyboardInterrupt')


@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_a_child_that_ends_at_once_is_heard_of(server, patch):
    """gevent catches SIGCHLD only once the first fork is done: here the child has ended by then."""
    running = server(COMMON + '''
import gevent.os


def application(environ, start_response):
    os.register_at_fork(after_in_parent=lambda: os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT))
    pid = gevent.os.fork_and_watch()
    if pid == 0:
        os._exit(7)
    return answer(start_response, os.waitstatus_to_exitcode(gevent.os.waitpid(pid, 0)[1]))
''', {'app': {'monkey-patch': patch}})
    assert running.get('/').body == b'7'


WATCHED_BY_BOTH = COMMON + '''
import signal

NUMBERS = {'/usr1': signal.SIGUSR1, '/term': signal.SIGTERM, '/chld': signal.SIGCHLD}
in_worker = []
for number in NUMBERS.values():
    gevent.signal_handler(number, in_worker.append, number)


def watch(number):
    heard = []
    watches = [gevent.signal_handler(number, heard.append, which) for which in (1, 2)]
    os.kill(os.getpid(), number)
    while len(heard) < 2:
        gevent.sleep(0.005)
    watches[0].cancel()
    return heard


def child(number):
    heard = watch(number)
    pid = os.fork()
    if pid == 0:
        assert signal.getsignal(number) == signal.SIG_DFL
        sys.exit(sum(watch(number)))
    assert len(heard) == 2
    sys.exit(code_of(pid))


def application(environ, start_response):
    number = NUMBERS[environ['PATH_INFO']]
    pid = os.fork()
    if pid == 0:
        child(number)
    code = code_of(pid)
    assert number not in in_worker or number == signal.SIGCHLD
    return answer(start_response, code)
'''


@pytest.mark.parametrize('path', ['/usr1', '/term', '/chld'])
def test_it_may_watch_a_signal_by_gevent_that_the_worker_watches(server, path):
    assert server(WATCHED_BY_BOTH).get(path).body == b'3'


def test_a_signal_that_it_watches_by_gevent_wakes_its_hub(server):
    """Also when nothing else is to come in its loop, and no more when the watch is over."""
    running = server(COMMON + '''
import signal

from gevent.event import Event


def child():
    heard = Event()
    watch = gevent.signal_handler(signal.SIGUSR1, heard.set)
    watch.ref = True
    print('child', os.getpid(), flush=True)
    heard.wait()
    watch.cancel()
    print('it has heard', flush=True)
    gevent.sleep(100000)


def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        child()
    return answer(start_response, code_of(pid))
''')
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        pid = int(running.wait_log(r'^child (\d+)')[1])
        os.kill(pid, signal.SIGUSR1)
        running.wait_log('^it has heard')
        os.kill(pid, signal.SIGUSR1)
        assert client.read_answer().body == b'-10'
