# SPDX-License-Identifier: MIT
"""Objects that gevent made in a worker, used in a process that the application forks from it."""
import os
import signal
import socket

import pytest

from harness import procfs
from harness.fork_app import COMMON
from harness.limits import DEADLINE

USED_BEFORE = COMMON + '''
from gevent import event, lock, pool

semaphore = lock.Semaphore()
recursive = lock.RLock()
workers = pool.Pool(2)
ready = event.Event()
result = event.AsyncResult()


def hold(lock):
    with lock:
        gevent.sleep(0.01)


def contend(lock):
    gevent.joinall([gevent.spawn(hold, lock), gevent.spawn(hold, lock)], raise_error=True)


def use(name):
    if name == 'semaphore':
        contend(semaphore)
    elif name == 'recursive':
        contend(recursive)
    elif name == 'pool':
        assert workers.map(lambda number: gevent.sleep(0.001) or number, [1, 2, 3]) == [1, 2, 3]
    elif name == 'event':
        ready.clear()
        gevent.spawn_later(0.01, ready.set)
        assert ready.wait()
    elif name == 'result':
        gevent.spawn_later(0.01, result.set, 'there')
        assert result.get() == 'there'
        result.__init__()


def application(environ, start_response):
    name = environ['PATH_INFO'][1:]
    use(name)
    gevent.sleep(0)  # until the hub has come back from waking this greenlet
    pid = os.fork()
    if pid == 0:
        use(name)
        os._exit(7)
    return answer(start_response, code_of(pid))
'''


@pytest.mark.parametrize('name', ['semaphore', 'recursive', 'pool', 'event', 'result'])
def test_what_the_worker_has_waited_for_can_be_waited_for(server, name):
    assert server(USED_BEFORE).get('/' + name).body == b'7'


NEVER_THERE = COMMON + '''
import threading
from gevent import event, monkey, threadpool

native_fork = monkey.get_original('os', 'fork')


def note(name):
    with open('notes', 'a') as file:
        file.write(f'{name} {os.getpid()}\\n')


class Unhashable(gevent.Greenlet):
    def __eq__(self, other):
        return self is other


def waits():
    wait('go')
    note('unhashable')


def end_child():  # when whatever else waits for what is there by now would have gone on, too
    wait('notes')
    gevent.joinall([gevent.spawn(wait, 'notes') for _ in range(3)])
    gevent.sleep(0.01)
    os._exit(0)


def fork_in_pool(pids):
    note('first task')
    pids.append(native_fork())


def application(environ, start_response):
    where = environ['PATH_INFO'][1:]
    pids = []
    if where == 'unhashable':
        Unhashable.spawn(waits)
        gevent.sleep(0)
        pids.append(os.fork())
        if pids[0] == 0:
            end_child()
        open('go', 'w').close()
        wait('notes')
    elif where == 'compiled':
        there = event.Event()
        gevent.spawn(there.wait).rawlink(lambda _: note('compiled'))
        gevent.sleep(0)
        pids.append(os.fork())
        there.set()
        if pids[0] == 0:
            end_child()
        wait('notes')
    elif where == 'tasks':
        pool = threadpool.ThreadPool(1)
        tasks = [pool.spawn(fork_in_pool, pids), pool.spawn(note, 'second task')]
        gevent.joinall(tasks)
    return answer(start_response, pids[0])
'''


@pytest.mark.parametrize('where, notes', [
    ('unhashable', ['unhashable']), ('compiled', ['compiled']),
    ('tasks', ['first task', 'second task'])])
def test_what_others_wait_for_happens_in_the_worker_only(server, where, notes):
    running = server(NEVER_THERE)
    [worker] = running.workers()
    child = int(running.get('/' + where).body)
    assert procfs.wait_gone(child, DEADLINE)
    text = (running.folder / 'notes').read_text()
    assert text.splitlines() == [f'{note} {worker}' for note in notes]


CALLBACK = COMMON + '''
done = []


def callback(how):
    pid = os.fork()
    if pid == 0:
        if how == 'exit':
            sys.exit(3)
        if how == 'raise':
            raise ValueError('in the child')
        if how == 'handled':
            try:
                raise ValueError('that is caught')
            except ValueError:
                return
    done.append(pid)


def application(environ, start_response):
    how = environ['PATH_INFO'][1:]
    gevent.get_hub().loop.run_callback(callback, how)
    while not done:
        gevent.sleep(0.005)
    return answer(start_response, code_of(done.pop()))
'''


def test_a_callback_of_the_loop_ends_it_as_its_code_ends(server):
    running = server(CALLBACK)
    running.expect_error('in the child')
    codes = {how: running.get('/' + how).body for how in ('exit', 'raise', 'handled')}
    assert codes == {'exit': b'3', 'raise': b'1', 'handled': b'0'}
    running.wait_log('ValueError: in the child')


def test_a_wait_that_nothing_can_end_raises_loop_exit(server):
    running = server(COMMON + '''
from gevent import event


def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        try:
            event.Event().wait()
        finally:
            print('finally has run', flush=True)
    return answer(start_response, code_of(pid))
''')
    assert running.get('/').body == b'1'
    running.wait_log('finally has run')
    running.wait_log('LoopExit')


def test_a_signal_that_the_worker_watches_by_gevent_ends_it(server):
    running = server(COMMON + '''
import signal

import uwsgi


def watch():
    gevent.signal_handler(signal.SIGTERM, print, 'SIGTERM is watched')


uwsgi.post_fork_hook = watch


def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        gevent.sleep(300)
        os._exit(0)
    os.kill(pid, signal.SIGTERM)
    return answer(start_response, code_of(pid))
''')
    assert running.get('/').body == b'-15'


def test_threads_that_its_threads_start_are_waited_for(server):
    running = server(COMMON + '''
import threading


def second():
    gevent.sleep(0.05)
    print('the second thread has ended', flush=True)


def first():
    gevent.sleep(0.02)
    threading.Thread(target=second).start()


def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        threading.Thread(target=first).start()
        sys.exit(0)
    return answer(start_response, code_of(pid))
''')
    assert running.get('/').body == b'0'
    running.wait_log('the second thread has ended')


def test_what_a_hook_of_the_fork_forks_is_no_server(server):
    running = server(COMMON + '''
def start_helper():
    pid = os.fork()
    if pid == 0:
        open(f'helper-{os.getpid()}', 'w').close()
        os.closerange(0, 3)
        time.sleep(300)
        os._exit(0)


first = []


def after_fork():
    if not first:
        first.append(True)
        start_helper()


os.register_at_fork(after_in_child=after_fork)


def application(environ, start_response):
    return answer(start_response, os.getpid())
''')
    running.get('/')
    address = running.address()
    try:
        running.stop()
        assert running.log.wait_end()  # the helpers have begun
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
    finally:
        helpers = [int(path.name.split('-')[1]) for path in running.folder.glob('helper-*')]
        for helper in helpers:
            os.kill(helper, signal.SIGKILL)
    assert helpers
    for helper in helpers:
        assert procfs.wait_gone(helper, DEADLINE)


WAITED_FOR = COMMON + '''
from gevent import event

there = event.Event()
pids = []


def fork():
    gevent.sleep(0.01)
    pid = os.fork()
    pids.append(pid)
    if pid == 0:
        there.set()
        gevent.sleep(0.01)


def application(environ, start_response):
    how = environ['PATH_INFO'][1:]
    other = gevent.spawn(gevent.wait, [there]) if how == 'event' else None
    forks = gevent.spawn(fork)
    if how == 'joinall':
        gevent.joinall([forks])
    elif how == 'iwait':
        list(gevent.iwait([forks]))
    elif how != 'drain':
        forks.join()
    code = code_of(pids.pop()) if how != 'drain' else 0
    there.set()
    return answer(start_response, code)
'''


@pytest.mark.parametrize('how', ['joinall', 'iwait', 'event', 'join', 'drain'])
def test_what_waits_in_the_worker_for_what_forks_is_no_matter_in_the_child(server, how):
    running = server(WAITED_FOR)
    assert running.get('/' + how).body == b'0'
    running.stop()
    assert 'Traceback' not in running.log.text()


@pytest.mark.parametrize('way', ['greenlet', 'thread'])
def test_a_greenlet_that_forks_and_never_waits_ends_it(server, way):
    running = server(COMMON + '''
import threading


def fork(pids):
    pid = os.fork()
    if pid:
        pids.append(pid)
    return pid


def application(environ, start_response):
    pids = []
    if environ['PATH_INFO'] == '/greenlet':
        gevent.spawn(fork, pids).join()
    else:
        thread = threading.Thread(target=fork, args=(pids,))
        thread.start()
        thread.join()
    return answer(start_response, code_of(pids[0]))
''')
    assert running.get('/' + way).body == b'0'


def test_a_task_of_a_thread_pool_that_forks_by_a_raw_fork_is_done_once(server):
    running = server(COMMON + '''
from gevent import monkey


def application(environ, start_response):
    fork = monkey.get_original('os', 'fork')
    pid = gevent.get_hub().threadpool.apply(fork)
    return answer(start_response, pid)
''')
    pid = int(running.get('/').body)
    assert procfs.wait_gone(pid, DEADLINE)
    running.stop()
    assert 'Failed to run worker thread' not in running.log.text()
