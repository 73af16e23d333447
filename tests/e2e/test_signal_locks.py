# SPDX-License-Identifier: MIT
"""Locks that all workers share."""
import os
import signal

from harness.signal_app import DEATHS, application, run, wait_ledger

PRELUDE = '''
from gevent.event import Event
go = Event()


@geventd.register(1, 'worker1')
@geventd.register(2, 'worker2')
def handler(num):
    exec(geventd.signal_info().payload.decode(), globals())
'''


def start(server, **config):
    return server(application(PRELUDE), {'workers': {'processes': 2}, **config})


def do(running, worker, source):
    run(running, f'geventd.signal({worker}, {source.encode()!r})')


def test_a_lock_is_held_by_one_worker_at_a_time(server):
    running = start(server, signals={'locks': 2})
    do(running, 1, "geventd.lock(1); note('first'); go.wait(); note('out'); geventd.unlock(1)")
    wait_ledger(running, lambda lines: lines == [['first']])
    assert run(running, 'result = geventd.is_locked(1), geventd.is_locked(0), '
                        'geventd.is_locked()') == (True, False, False)
    assert running.status()['locks'] == [
        {'number': 1, 'worker': 1, 'waiting': 0, 'left': False}]
    do(running, 2, "note('asks'); geventd.lock(1); note('second'); geventd.unlock(1)")
    running.wait_status(lambda status: status['locks'][0]['waiting'] == 1)
    do(running, 1, 'go.set()')
    assert wait_ledger(running, lambda lines: len(lines) == 4) == \
        [['first'], ['asks'], ['out'], ['second']]
    running.wait_status(lambda status: status['locks'] == [])


def test_greenlets_of_one_worker_wait_in_their_order(server):
    running = start(server)
    assert run(running, '''
order = []


def work(name):
    geventd.lock()
    order.append(name)
    gevent.sleep(0.01)
    geventd.unlock()

gevent.joinall([gevent.spawn(work, n) for n in range(10)])
result = order
''') == list(range(10))


def test_a_wait_has_an_end(server):
    running = start(server)
    assert run(running, '''
def hold():
    assert geventd.lock()
    go.wait()
    geventd.unlock()

holder = gevent.spawn(hold)
gevent.sleep(0)
turns = 0


def turn():
    global turns
    while True:
        turns += 1
        gevent.sleep(0.001)

turner = gevent.spawn(turn)
quick = geventd.lock(timeout=0)
slow = geventd.lock(0, timeout=0.05)
killed = gevent.spawn(geventd.lock)
gevent.sleep(0.01)
killed.kill()
with gevent.Timeout(0.01, False):
    geventd.lock()
turner.kill()
go.set()
holder.join()
last = geventd.lock(timeout=10)
geventd.unlock()
result = quick, slow, last, turns > 5, geventd.is_locked()
''') == (False, False, True, True, False)


def test_the_lock_of_a_dead_worker_is_free(server):
    running = start(server, limits={'drain-requests': '200ms'})
    running.expect_error(DEATHS)
    do(running, 1, "geventd.lock(); note(os.getpid()); Event().wait()")
    (pid,), = wait_ledger(running, len)
    do(running, 2, "note('asks'); geventd.lock(); note('mine'); geventd.unlock()")
    running.wait_status(lambda status: status['locks'][0]['waiting'] == 1)
    os.kill(int(pid), signal.SIGKILL)
    # The dead worker's handler runs again and waits behind this one, which never ends.
    wait_ledger(running, lambda lines: ['mine'] in lines)


def test_what_cannot_be(server):
    running = start(server)
    assert run(running, 'geventd.lock(1)')[0] == 'ValueError'
    assert run(running, 'geventd.lock(-1)')[0] == 'ValueError'
    assert run(running, 'geventd.lock(0, timeout=-1)')[0] == 'ValueError'
    assert run(running, 'geventd.unlock()') == \
        ('RuntimeError', 'lock 0 is not held by this worker')
    name, text = run(running, '''
geventd.lock()
try:
    geventd.lock()
finally:
    geventd.unlock()
''')
    assert name == 'RuntimeError' and 'held by this greenlet already' in text


def test_a_thread_takes_what_is_free_and_cannot_wait(server):
    running = start(server, app={'monkey-patch': 'none'})
    answers = run(running, '''
import threading
answers = []


def work():
    answers.append(geventd.lock())
    geventd.unlock()
    go.wait(0)


def wait():
    try:
        geventd.lock()
    except RuntimeError as error:
        answers.append(str(error))

for what in (work, wait):
    if what is wait:
        geventd.lock()
    thread = threading.Thread(target=what)
    thread.start()
    thread.join()
geventd.unlock()
result = answers
''')
    assert answers[0] is True and 'not in another thread' in answers[1]


def test_a_lock_that_an_ended_request_holds_is_named(server):
    running = start(server, signals={'locks': 2})
    assert run(running, 'result = geventd.lock(1)') is True
    running.wait_log(r'warning worker \d.* \(request .*\) has ended and still holds lock 1')
    lock, = running.wait_status(lambda status: status['locks'])['locks']
    assert (lock['number'], lock['left']) == (1, True)
    assert 'though who took it has ended' in running.ctl('status').stdout
    # Another greenlet waits for it, and may free it, if it is of the same worker.
    worker = lock['worker']
    do(running, worker, "note(geventd.lock(1, timeout=0)); geventd.unlock(1)")
    wait_ledger(running, lambda lines: lines == [['False']])
    running.wait_status(lambda status: status['locks'] == [])
    do(running, worker, 'geventd.lock(0)')
    running.wait_log('warning worker .* the handler of signal . has ended and still holds lock 0')
    assert running.wait_status(lambda status: status['locks'])['locks'][0]['left'] is True
    do(running, worker, 'geventd.unlock(0); geventd.lock(0); go.wait(); geventd.unlock(0)')
    running.wait_status(lambda status: [lock['left'] for lock in status['locks']] == [False])
    do(running, worker, 'go.set()')
    running.wait_status(lambda status: status['locks'] == [])
