# SPDX-License-Identifier: MIT
"""Handlers of signals: how they run at the same time, and from where signals can be sent."""
import pytest

from harness.limits import IS_MODULE
from harness.signal_app import application, ledger, run, start, wait_figures, wait_ledger


def test_draining_waits_for_running_handlers(server):
    running = start(server, '''
from gevent.event import Event
go = Event()


@geventd.register(9, 'workers')
def handler(num):
    note('begun', worker())
    go.wait()
    note('done')


geventd.register(10, 'workers', lambda num: go.set())
''', workers=1)
    run(running, 'geventd.signal(9); gevent.spawn_later(1, go.set)')
    wait_ledger(running, len)
    assert running.ctl('reload').returncode == 0
    assert wait_ledger(running, lambda lines: len(lines) == 2)[1] == ['done']
    wait_figures(running, 9, handled=1, failed=0, redelivered=0)


def test_a_blocked_worker_holds_no_signal_back(server):
    running = start(server, '''
@geventd.register(9)
def handler(num):
    note(worker())
    if geventd.signal_info().payload:
        while not os.path.exists('go'):  # blocks the hub
            pass
        note('end')


geventd.register(10, '', record)
''')
    run(running, "geventd.signal(9, b'block')")
    wait_ledger(running, len)
    run(running, 'for _ in range(20):\n    geventd.signal(9)')
    lines = wait_ledger(running, lambda lines: len(lines) >= 21)
    assert ['end'] not in lines
    (running.folder / 'go').touch()
    wait_ledger(running, lambda lines: ['end'] in lines)


@pytest.mark.parametrize('overlap', ['allow', 'skip', 'queue'])
def test_overlapping_handlers(server, overlap):
    running = start(server, f'''
@geventd.register(9, overlap={overlap!r})
def handler(num):
    name = geventd.signal_info().payload.decode()
    note('begin', name)
    while not os.path.exists('go'):
        gevent.sleep(0.005)
    note('end', name)
''')
    run(running, "geventd.signal(9, b'0')")
    wait_ledger(running, len)
    run(running, "for n in range(1, 6):\n    geventd.signal(9, str(n).encode())")
    if overlap == 'skip':
        wait_figures(running, 9, accepted=6, coalesced=5, running=1)
    elif overlap == 'allow':
        wait_ledger(running, lambda lines: len(lines) == 6)
    (running.folder / 'go').write_text('')
    wait_figures(running, 9, handled=1 if overlap == 'skip' else 6, running=0, waiting=0)
    lines = ledger(running)
    assert len(lines) == (2 if overlap == 'skip' else 12)
    if overlap == 'queue':
        assert [line[0] for line in lines] == ['begin', 'end'] * 6
        assert all(one[1] == other[1] for one, other in zip(lines[::2], lines[1::2]))


def test_not_more_handlers_run_than_are_allowed(server):
    running = start(server, '''
running = most = 0


@geventd.register(9)
def handler(num):
    global running, most
    running += 1
    most = max(most, running)
    gevent.sleep(0.01)
    running -= 1
    note(most)
''', workers=1, signals={'concurrency': 3})
    run(running, 'for _ in range(30):\n    geventd.signal(9)')
    lines = wait_ledger(running, lambda lines: len(lines) == 30)
    assert max(int(line[0]) for line in lines) == 3


def test_signals_from_threads_and_greenlets(server):
    running = start(server, '''
import threading
geventd.register(9, '', record)
''', app={'monkey-patch': 'none'}, workers=2)
    run(running, '''
def send(name):
    for n in range(50):
        geventd.signal(9, f'{name}-{n}'.encode())

others = [threading.Thread(target=send, args=(f't{n}',)) for n in range(4)]
for other in others:
    other.start()
gevent.joinall([gevent.spawn(send, f'g{n}') for n in range(4)])
for other in others:
    other.join()
''')
    lines = wait_ledger(running, lambda lines: len(lines) == 400)
    assert len({line[2] for line in lines}) == 400


def test_a_forked_process_and_a_subinterpreter_are_refused(server):
    running = start(server, "geventd.register(9, '', record)", workers=1)
    forked = run(running, '''
calls = ('geventd.signal(9)', 'geventd.register(1, "", record)', 'geventd.status()',
         'geventd.add_timer(9, 1)', 'geventd.lock()', 'geventd.signal_info()')
from gevent import monkey
read, write = os.pipe()
pid = monkey.get_original('os', 'fork')()
if pid == 0:
    answers = []
    for call in calls:
        try:
            eval(call)
        except RuntimeError as error:
            answers.append(str(error))
    os.write(write, '|'.join(answers).encode())
    os._exit(0)
monkey.get_original('os', 'waitpid')(pid, 0)
result = os.read(read, 65536).decode().split('|')
''')
    assert forked == ['geventd cannot be used in a process that the application forked'] * 6
    answer = run(running, '''
import _xxsubinterpreters as interpreters
one = interpreters.create()
try:
    interpreters.run_string(one, 'import geventd; geventd.signal(9)')
except interpreters.RunFailedError as error:
    result = str(error)
interpreters.destroy(one)
''')
    # A module is found there only where the interpreter's own path leads to the package.
    refusal = "No module named 'geventd'" if IS_MODULE else 'cannot be used in a subinterpreter'
    assert refusal in answer
    run(running, "geventd.signal(9, b'still')")
    assert wait_ledger(running, len) == [['9', '1', 'still']]


def test_the_template_can_register_and_not_send(make_server):
    running = make_server()
    running.write_app(application('geventd.signal(9)'))
    running.write_config({})
    running.expect_error('cannot serve')
    running.expected_exit = 1
    running.start(wait=False)
    running.wait_log(r'RuntimeError: signal\(\): this process loads the application')
    running.wait_exit()


def test_status_in_python_is_that_of_geventctl(server):
    running = start(server, "geventd.register(9, '', record)", workers=1)
    run(running, 'geventd.signal(9)')
    wait_figures(running, 9, handled=1)
    inside = run(running, 'result = geventd.status()')
    assert inside['signals'] == running.status()['signals']
    assert inside['locks'] == running.status()['locks'] == []
    worker = running.status()['workers'][0]
    for key in ('number', 'slot', 'pid', 'generation', 'cores'):
        assert inside['worker'][key] == worker[key]


def test_fewer_workers_leave_no_signal_behind(server):
    running = start(server, '''
from gevent.event import Event


@geventd.register(9, 'worker2')
def handler(num):
    note(worker())
    if worker() == 2:
        Event().wait()
''', signals={'concurrency': 1}, limits={'drain-requests': '100ms'})
    run(running, 'geventd.signal(9); geventd.signal(9)')
    wait_figures(running, 9, running=1, waiting=1)
    assert running.ctl('workers', '1').returncode == 0
    lines = wait_ledger(running, lambda lines: len(lines) == 3)
    assert [line[0] for line in lines] == ['2', '1', '1']
