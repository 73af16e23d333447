# SPDX-License-Identifier: MIT
"""Whatever a worker writes into the memory that it shares with the master, the master survives, and
damaged memory is replaced."""
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import socket

import pytest

from harness.client import exchange, open_http
from harness.limits import DEADLINE
from harness.signal_app import DEATHS, PRELOAD, application, run, wait_ledger

PRELUDE = '''
import ctypes
import mmap
import random
import re

libc = ctypes.CDLL(None, use_errno=True)


def mappings(name):
    """Makes the mappings of memfds writable; returns begin and size of each."""
    found = []
    for line in open('/proc/self/maps'):
        if f'/memfd:geventd-{name} ' in line:
            begin, end = (int(number, 16) for number in line.split()[0].split('-'))
            if libc.mprotect(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), 3) == 0:
                found.append((begin, end - begin))
    return found


def write(name, offset, data):
    begin, size = mappings(name)[0]
    ctypes.memmove(begin + offset, data, len(data))


def scribble(seed):
    """Writes random bytes into every region: here and there, over its beginning, or everywhere."""
    choice = random.Random(seed)
    names = ['signals', 'scoreboard', 'requests']
    for name in names:
        for begin, size in mappings(name):
            kind = choice.randrange(8)
            if kind == 0 and name != 'scoreboard':
                block = choice.randbytes(1 << 20)
                for at in range(0, size, len(block)):
                    ctypes.memmove(begin + at, block, min(len(block), size - at))
                continue
            for _ in range(choice.randrange(60)):
                reach = size if kind % 2 else min(size, 1 << 18)
                data = choice.choice([choice.randbytes(4), choice.randbytes(64), bytes(8),
                                      bytes([255]) * 8])
                ctypes.memmove(begin + choice.randrange(reach - 64), data, len(data))


@geventd.register(1)
def handler(num):
    record(num)


@geventd.register(2)
def patient(num):
    while not os.path.exists('go'):
        gevent.sleep(0.01)
    record(num)
'''

# The offset of the first generation's targets in the memory of signals.
TARGETS = 4096

# The master's log lines about damage, and about workers that lose something by it.
DAMAGE = 'memory that workers share|lost with the damaged memory|cannot be replaced yet'
SMALL = {'queue': 64, 'payloads': '64KiB'}


def start(server, processes=2, **config):
    running = server(application(PRELUDE), {
        'workers': {'processes': processes}, 'signals': SMALL,
        'metrics': {'listen': 'http+unix:watch.sock'}, **config})
    running.expect_error(DAMAGE)
    return running


def watch(running, path):
    with contextlib.closing(open_http(str(running.folder / 'watch.sock'), DEADLINE)) as connection:
        return exchange(connection, 'GET', path)


def ask(running, command):
    with socket.socket(socket.AF_UNIX) as client, client.makefile('rwb') as stream:
        client.settimeout(DEADLINE)
        client.connect(str(running.control_path))
        stream.write(json.dumps({'command': command}).encode() + b'\n')
        stream.flush()
        return json.loads(stream.readline())['result']


def damage(running):
    """A number that no writer writes: the first word of the region, the number of processes."""
    run(running, "write('signals', 0, b'\\xff' * 4)")


def wait_replaced(running, count=1):
    return running.wait_status(lambda s: s['signal_memory']['replaced'] >= count and
                               len(s['generations']) == 1 and
                               s['generations'][0]['state'] == 'serving', timeout=4 * DEADLINE)


def master_answers(running):
    running.status()
    ask(running, 'history')
    ask(running, 'requests')
    assert watch(running, '/healthz').status == 200
    metrics = watch(running, '/metrics').body.decode()
    assert 'geventd_signals_lost_total' in metrics
    running.ctl('signal', '1', '--payload', 'by-hand')


def survive(server, rounds):
    running = start(server, signals={**SMALL, 'locks': 3})
    running.expect_error(f'{DEATHS}|set aside|refused|is lost|has not turned|is killed|'
                         'POST /run|the handler of signal')
    pid = running.pid
    for number in range(rounds):
        try:
            run(running, f'scribble({number})\ngeventd.signal(1, b"x")\n'
                         'geventd.lock(1, timeout=0)\ngeventd.status()')
        except AssertionError:
            raise
        except Exception as error:  # the connection's worker was replaced meanwhile
            print(number, repr(error))
        master_answers(running)
        assert running.get('/').status == 200
    assert running.pid == pid
    # Workers that are about to be replaced would damage memory that is given up anyway.
    before = wait_replaced(running, 0)['signal_memory']['replaced']
    damage(running)
    wait_replaced(running, before + 1)
    (running.folder / 'ledger').write_text('')
    run(running, "geventd.signal(1, b'at last')")
    wait_ledger(running, lambda lines: ['at', 'last'] in [line[2:] for line in lines])
    return running


def test_the_master_survives_whatever_is_written(server):
    survive(server, 40)


@pytest.mark.slow
def test_the_master_survives_thousands_of_writes(server):
    survive(server, 2000)


def test_signals_that_wait_outlive_the_damage(server):
    running = start(server, processes=1, signals={**SMALL, 'concurrency': 1})
    for number in range(5):
        run(running, f"geventd.signal(2, b'{number}')")
    running.wait_status(lambda s: s['signals'][1]['waiting'] == 4)
    damage(running)
    running.wait_log('the memory that workers share')
    running.wait_status(lambda s: s['signal_memory']['replaced'] == 1)
    (running.folder / 'go').touch()
    status = wait_replaced(running)
    lines = wait_ledger(running, lambda lines: len(lines) == 5)
    assert sorted(line[2] for line in lines) == list('01234')
    assert status['signal_memory'] == {'replaced': 1, 'lost': 0}
    assert re.search('^geventd_signal_memory_replaced_total 1$',
                     watch(running, '/metrics').body.decode(), re.M)


@PRELOAD
def test_a_damaged_memory_dooms_no_later_worker(server, preload):
    running = start(server, app={'preload': preload})
    running.expect_error(DEATHS)
    first = running.workers()
    run(running, "write('signals', 0, b'\\xff' * 4096)\n"
                 "write('scoreboard', 0, b'\\xff' * 4096)")
    for pid in first:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_replaced(running)
    running.wait_workers(2, without=first)
    assert running.get('/').status == 200


def test_damage_again_and_again_is_answered_each_time(server):
    running = start(server, processes=1)
    for number in range(3):
        damage(running)
        wait_replaced(running, number + 1)
    assert running.log.text().count('the memory that workers share') == 3


def test_a_target_that_nobody_can_have_registered_is_damage(server):
    running = start(server, processes=1)
    run(running, f"write('signals', {TARGETS} + 4 * 1, b'\\x55' * 4)")
    wait_replaced(running)
    assert run(running, "result = geventd.signal(1, b'heard')") is None
    wait_ledger(running, lambda lines: len(lines) == 1)


def test_a_worker_says_again_what_it_has_registered(server):
    running = start(server, processes=1)
    run(running, f"write('signals', {TARGETS} + 4 * 1, bytes(4))")
    running.wait_status(lambda s: any(one['number'] == 1 and one['registered']
                                      for one in s['signals']))
    run(running, "geventd.signal(1, b'heard')")
    wait_ledger(running, lambda lines: len(lines) == 1)


def test_no_region_can_be_shrunk_or_replaced_under_its_readers(server):
    running = start(server, processes=1)
    assert run(running, '''
result = []
for fd in os.listdir('/proc/self/fd'):
    path = f'/proc/self/fd/{fd}'
    try:
        name = os.readlink(path)
    except OSError:
        continue
    if re.match('/memfd:geventd-(signals|scoreboard|requests|config) ', name):
        again = os.open(path, os.O_RDWR)
        for size in (0, 1 << 40):
            try:
                os.ftruncate(again, size)
                result.append((name, size))
            except PermissionError:
                pass
        if 'geventd-config' in name:
            try:
                os.write(again, b'x')
                result.append(name)
            except PermissionError:
                pass
''') == []


def test_each_part_is_writable_for_its_writer_only(server):
    running = start(server)
    page = os.sysconf('SC_PAGE_SIZE')

    def mapped(pid, name):
        lines = pathlib.Path(f'/proc/{pid}/maps').read_text().splitlines()
        for line in lines:
            if f'/memfd:geventd-{name} ' in line:
                begin, end = (int(number, 16) for number in line.split()[0].split('-'))
                yield line.split()[1], end - begin
    for pid in running.workers():
        writable = [size for mode, size in mapped(pid, 'scoreboard') if 'w' in mode]
        assert writable == [page]
        signals = [(mode, size) for mode, size in mapped(pid, 'signals')]
        assert signals[0] == ('r--s', page)
        assert [mode for mode, _ in signals] == ['r--s', 'rw-s', 'r--s', 'rw-s', 'r--s', 'rw-s']
        assert signals[3][1] == 4 * page
    assert [mode for mode, _ in mapped(running.pid, 'requests')] == ['r--s', 'r--s']


def test_a_damaged_table_of_requests_is_read_within_its_bounds(server):
    running = start(server, processes=1)
    choice = random.Random(1)
    for _ in range(20):
        run(running, f"write('requests', {choice.randrange(64)}, b'\\xff' * 64)")
        assert len(ask(running, 'requests')['requests']) <= 1100
    assert running.get('/').status == 200
