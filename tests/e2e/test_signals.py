# SPDX-License-Identifier: MIT
"""Signals between workers: registering, sending, targets, payloads, and what happens to them."""
import os
import signal

import pytest

from harness.signal_app import (DEATHS, PRELOAD, application, figures, ledger, run, start,
                                wait_figures, wait_ledger)


@PRELOAD
def test_a_signal_runs_its_handler_in_one_worker(server, preload):
    running = start(server, "geventd.register(17, '', record)", preload=preload)
    assert run(running, "result = geventd.signal(17, b'hello')") is None
    lines = wait_ledger(running, len)
    assert lines[0][0] == '17' and lines[0][2] == 'hello'
    wait_figures(running, 17, accepted=1, handled=1, running=0, waiting=0)
    assert len(ledger(running)) == 1


@PRELOAD
@pytest.mark.parametrize('target', ['', 'worker', 'worker0', 'worker1', 'worker2', 'workers',
                                    'active-workers'])
def test_a_target_says_which_workers_run_it(server, target, preload):
    running = start(server, f'geventd.register(5, {target!r}, record)', preload=preload)
    everybody = target in ('workers', 'active-workers')
    for _ in range(8):
        run(running, 'geventd.signal(5)')
    lines = wait_ledger(running, lambda lines: len(lines) == (16 if everybody else 8))
    workers = [line[1] for line in lines]
    if everybody:
        assert workers.count('1') == workers.count('2') == 8
    elif target in ('worker1', 'worker2'):
        assert set(workers) == {target[-1]}
    wait_figures(running, 5, accepted=len(lines), handled=len(lines))


def test_a_decorator_registers_too(server):
    running = start(server, '''
@geventd.register(3, target='workers')
def note_it(num):
    record(num)
''')
    assert run(running, "result = note_it.__name__, geventd.signal_registered(3), "
                        "geventd.signal_registered(4)") == ('note_it', True, False)
    run(running, 'geventd.signal(3)')
    assert {line[1] for line in wait_ledger(running, lambda lines: len(lines) == 2)} == {'1', '2'}


@PRELOAD
def test_wrong_registrations_are_value_errors(server, preload):
    running = start(server, "geventd.register(17, 'workers', record)", preload=preload)
    wrong = [
        ("256, '', record", 'from 0 to 255'),
        ("-1, '', record", 'from 0 to 255'),
        ("17, '', record", "'workers' already, 'worker' conflicts"),
        ("17, 'worker1', record", "'workers' already, 'worker1' conflicts"),
        ("1, 'worker3', record", 'there are 2 workers'),
        ("1, 'mules', record", 'no mules'),
        ("1, 'workerx', record", 'followed by a number'),
        ("1, '', record, overlap='sometimes'", "'allow', 'skip' or 'queue'"),
    ]
    for arguments, text in wrong:
        name, message = run(running, f'geventd.register({arguments})')
        assert name == 'ValueError' and text in message, (arguments, message)
    assert run(running, "geventd.register('1', '', record)")[0] == 'TypeError'
    assert run(running, "geventd.register(1, '', 5)")[0] == 'TypeError'


def test_a_wrong_registration_stops_the_start(make_server):
    running = make_server()
    running.write_app(application("geventd.register(1, 'worker9', record)"))
    running.write_config({'workers': {'processes': 2}})
    running.expect_error('cannot serve')
    running.expected_exit = 1
    running.start(wait=False)
    running.wait_log("signal target 'worker9' is out of range: there are 2 workers")
    running.wait_exit()


def test_a_handler_knows_its_signal(server):
    running = start(server, '''
@geventd.register(9)
def handler(num):
    info = geventd.signal_info()
    note(num, info.number, info.payload.hex(), info.sender, info.sender_pid, info.attempt,
         0 <= info.age < 60)
''', workers=1)
    sender = run(running, 'geventd.signal(9, bytes(range(256))); result = os.getpid()')
    line, = wait_ledger(running, len)
    assert line == ['9', '9', bytes(range(256)).hex(), '1', str(sender), '1', 'True']
    assert run(running, 'result = geventd.signal_info()') is None


def test_payloads_have_a_bound(server):
    running = start(server, '''
@geventd.register(9)
def handler(num):
    note(len(geventd.signal_info().payload))
''', workers=1)
    run(running, "geventd.signal(9, b'x' * 65536)")
    wait_ledger(running, lambda lines: lines == [['65536']])
    assert run(running, "geventd.signal(9, b'x' * 65537)")[0] == 'ValueError'
    assert run(running, "geventd.signal(9, 'text')")[0] == 'TypeError'
    assert run(running, 'geventd.signal(256)')[0] == 'ValueError'


def test_a_failing_handler_is_logged_and_counted(server):
    running = start(server, '''
@geventd.register(9)
def handler(num):
    raise KeyError('a handler that fails')
''', workers=1)
    running.expect_error('handler of signal 9 failed')
    run(running, 'geventd.signal(9)')
    running.wait_log('KeyError: .a handler that fails')
    wait_figures(running, 9, failed=1, handled=0, running=0)


def test_a_full_queue_is_told_to_the_sender(server):
    running = start(server, '''
from gevent.event import Event
go = Event()


@geventd.register(9)
def handler(num):
    go.wait()
    record(num)
''', workers=1, signals={'queue': 64, 'concurrency': 1})
    accepted = run(running, '''
accepted = []
try:
    for n in range(1000):
        geventd.signal(9, str(n).encode())
        accepted.append(str(n))
except geventd.QueueFull as error:
    pass
result = accepted
''')
    assert 32 <= len(accepted) < 1000
    assert run(running, 'geventd.signal(9)')[0] == 'QueueFull'
    assert figures(running, 9)['refused'] == 2
    run(running, 'go.set()')
    lines = wait_ledger(running, lambda lines: len(lines) >= len(accepted))
    assert sorted(line[2] for line in lines) == sorted(accepted)


def test_a_signal_that_nobody_registered_is_told_once(server):
    running = start(server, '')
    for _ in range(3):
        assert run(running, 'geventd.signal(77)')[0] == 'NotRegistered'
    running.wait_log('signal 77 was sent, but nobody has registered it')
    assert figures(running, 77)['unregistered'] == 3
    assert running.log.text().count('signal 77') == 1


@PRELOAD
def test_a_handler_registered_late_gets_what_waits(server, preload):
    running = start(server, "geventd.register(9, 'worker1', record)", preload=preload, workers=1)
    assert run(running, "geventd.register(10, '', record); geventd.signal(10); "
                        'result = geventd.signal_registered(10)')
    assert wait_ledger(running, len)[0][0] == '10'


@PRELOAD
def test_a_signal_survives_the_worker_that_took_it(server, preload):
    running = start(server, '''
from gevent.event import Event


@geventd.register(9)
def handler(num):
    info = geventd.signal_info()
    note('begun', info.attempt, os.getpid())
    if info.attempt == 1:
        Event().wait()
    note('done', info.attempt, info.payload.decode())
''', preload=preload)
    running.expect_error(DEATHS)
    run(running, "geventd.signal(9, b'precious')")
    begun, = wait_ledger(running, len)
    os.kill(int(begun[2]), signal.SIGKILL)
    lines = wait_ledger(running, lambda lines: len(lines) == 3)
    assert lines[1][:2] == ['begun', '2'] and lines[1][2] != begun[2]
    assert lines[2] == ['done', '2', 'precious']
    wait_figures(running, 9, accepted=1, handled=1, redelivered=1, set_aside=0)


def test_a_handler_that_kills_its_workers_is_set_aside(server):
    running = start(server, '''
import signal as unix


@geventd.register(9)
def handler(num):
    note(geventd.signal_info().attempt)
    os.kill(os.getpid(), unix.SIGKILL)
''')
    running.expect_error(f'{DEATHS}|signal 9 was set aside')
    run(running, 'gevent.spawn_later(0.2, geventd.signal, 9)')
    running.wait_log(r'signal 9 was set aside \(once\): each worker that ran its handler died')
    wait_figures(running, 9, set_aside=1, waiting=0, running=0)
    assert ledger(running) == [['1'], ['2'], ['3']]


@PRELOAD
def test_what_waits_at_a_reload_goes_to_the_successors(server, preload):
    running = start(server, '''
VERSION = 1


@geventd.register(9)
def handler(num):
    if VERSION == 1:
        gevent.sleep(100)
    note(VERSION, geventd.signal_info().payload.decode())
''', workers=1, preload=preload, signals={'concurrency': 1},
                    limits={'drain-requests': '200ms'})
    running.expect_error('cut off')
    run(running, 'for n in range(5):\n    geventd.signal(9, str(n).encode())')
    wait_figures(running, 9, running=1, waiting=4)
    running.edit_app('VERSION = 1', 'VERSION = 2')
    assert running.ctl('reload').returncode == 0
    lines = wait_ledger(running, lambda lines: len(lines) == 5)
    assert sorted(lines) == [['2', str(n)] for n in range(5)]
    wait_figures(running, 9, accepted=5, handled=5, redelivered=1)


def test_what_no_successor_can_run_is_set_aside(server):
    running = start(server, '''
if not os.path.exists('second'):
    from gevent.event import Event
    geventd.register(9, '', lambda num: Event().wait())
''', workers=1, signals={'concurrency': 1}, limits={'drain-requests': '100ms'})
    running.expect_error('signal 9 was set aside')
    run(running, 'geventd.signal(9); geventd.signal(9)')
    wait_figures(running, 9, running=1, waiting=1)
    (running.folder / 'second').write_text('')
    assert running.ctl('reload').returncode == 0
    running.wait_log('signal 9 was set aside .*: the application that serves now has no handler')
    wait_figures(running, 9, set_aside=2, waiting=0, running=0)
