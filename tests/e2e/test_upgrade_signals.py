# SPDX-License-Identifier: MIT
"""Signals and timers over an upgrade: pending signals go to the new master."""
import os
import signal

from harness import client, procfs
from harness import signal_app as signals
from harness.limits import DEADLINE

# The first worker gets number 5 only when number 4 keeps it busy.
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
        # The worker of this connection drains, and its signals go to the new master, too.
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


# In ms: the timer's period, and the most that a tick is off when nothing delays it.
PERIOD, SLACK = 500, 75


def times(lines):
    """The times of ticks, in milliseconds."""
    return sorted(int(line[1]) for line in lines)


def phase(ticks):
    """The timer's phase within its period: known as soon as three ticks were one period apart."""
    return next((two % PERIOD for one, two, three in zip(ticks, ticks[1:], ticks[2:])
                 if max(abs(two - one - PERIOD), abs(three - two - PERIOD)) <= SLACK), None)


def due(ticks, where):
    """(number, time) of the ticks that were on time: a busy machine delays some."""
    half = PERIOD // 2
    return [(number, moment) for number, moment in enumerate(ticks)
            if abs((moment - where + half) % PERIOD - half) <= SLACK]


def test_timers_keep_their_phase(server):
    """Over an upgrade, ticks of the two masters are as far apart as those of one."""
    running = signals.start(server, '''
import time


def tick(num):
    note(7, time.monotonic_ns() // 1_000_000)


geventd.register(7, '', tick)
''', workers=1, timers=[{'every': f'{PERIOD}ms', 'signal': 7}])
    lines = signals.wait_ledger(running, lambda lines: phase(times(lines)) is not None)
    where = phase(times(lines))
    for count in (1, 2):
        running.signal(signal.SIGUSR2)
        running.follow(count)
        seen = len(signals.ledger(running))
        lines = signals.wait_ledger(running, lambda lines, seen=seen: any(
            number > seen for number, _ in due(times(lines), where)))
    # At most one tick per period: a machine that stalls may make one of several.
    ticks = due(times(lines), where)
    (first, begin), (last, end) = ticks[0], ticks[-1]
    assert last - first <= round((end - begin) / PERIOD), times(lines)
