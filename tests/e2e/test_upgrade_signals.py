# SPDX-License-Identifier: MIT
"""Signals and timers over an upgrade: what is pending goes to the new master."""
import os
import signal

from harness import client, procfs
from harness import signal_app as signals
from harness.limits import DEADLINE

# The first worker takes number 5 only where it is held up by number 4.
GATE = '''
import os
from gevent.event import Event

gate = Event()
first = not os.path.exists('upgraded')


def hold(num):
    if first:
        gate.wait()


geventd.register(4, 'worker', hold)
geventd.register(5, 'worker', record)
'''


def test_pending_signals_go_over(server):
    running = signals.start(server, GATE, workers=1, signals={'concurrency': 1})
    signals.run(running, 'geventd.signal(4)')
    signals.wait_figures(running, 4, running=1)
    with running.http() as kept:
        def run(source):
            answer = client.exchange(kept, 'POST', '/run', body=source.encode())
            assert answer.body == b'None', answer.body
        run("for number in range(2000): geventd.signal(5, b'%d' % number)")
        assert not signals.ledger(running)
        (running.folder / 'upgraded').touch()
        running.signal(signal.SIGUSR2)
        running.follow(1)
        lines = signals.wait_ledger(running, lambda found: len(found) >= 2000)
        # Whom this connection belongs to drains, and its signals go the same way.
        run("geventd.signal(5, b'2000'); gate.set()")
    lines = signals.wait_ledger(running, lambda found: len(found) >= 2001)
    assert procfs.wait_gone(running.process.pid, DEADLINE)
    assert sorted(int(line[2]) for line in signals.ledger(running)) == list(range(2001))
    assert len(lines) == 2001


def test_a_payload_of_the_greatest_size_goes_over(server):
    running = signals.start(server, GATE, workers=1, signals={'concurrency': 1})
    signals.run(running, 'geventd.signal(4)')
    signals.wait_figures(running, 4, running=1)
    signals.run(running, "geventd.signal(5, b'x' * 65536)")
    (running.folder / 'upgraded').touch()
    running.signal(signal.SIGUSR2)
    running.follow(1)
    lines = signals.wait_ledger(running, len)
    assert lines[0][2] == 'x' * 65536
    os.kill(running.process.pid, signal.SIGQUIT)  # its handler of number 4 waits for ever
    running.expect_error('.')
    assert procfs.wait_gone(running.process.pid, DEADLINE)


def test_timers_keep_their_phase(server):
    """Ticks of an upgrade's two masters are as far apart as those of one."""
    running = signals.start(server, '''
import time


def tick(num):
    note(7, time.monotonic_ns() // 1_000_000)


geventd.register(7, '', tick)
''', workers=1, timers=[{'every': '200ms', 'signal': 7}])
    signals.wait_ledger(running, lambda lines: len(lines) >= 2)
    for count in (1, 2):
        running.signal(signal.SIGUSR2)
        running.follow(count)
        seen = len(signals.ledger(running))
        signals.wait_ledger(running, lambda lines, seen=seen: len(lines) >= seen + 2)
    times = [int(line[1]) for line in signals.ledger(running)]
    # One tick for each period; a machine that stalls delays a tick, but neither drops one (unless
    # for a whole period) nor repeats it.
    periods = [round((now - times[0]) / 200) for now in times]
    assert periods == sorted(set(periods)), times
