# SPDX-License-Identifier: MIT
"""Unusually large numbers: what is possible works, and --check reports what is not."""
import contextlib
import os
import resource
import signal
import socket

import pytest

from harness.apps import HELLO
from harness.client import exchange, open_http
from harness.limits import DEADLINE
from harness.program import check


def listeners(count):
    return [f'http+unix:@geventd-test-{os.getpid()}-{number}' for number in range(count)]


@pytest.mark.parametrize('count', [300, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_listeners_live_through_reload_and_upgrade(server, count):
    running = server(HELLO, {'listen': listeners(count)})
    running.signal(signal.SIGHUP)
    running.wait_status(lambda s: s['reload']['count'] == 1 and s['reload']['result'] == 'done')
    for index in (0, count // 2, count - 1):
        assert running.get('/', index=index).body == b'hello'
    running.signal(signal.SIGUSR2)
    assert running.follow(1)['upgrade']['result'] == 'done'
    for index in (0, count // 2, count - 1):
        assert running.get('/', index=index).body == b'hello'


def test_more_listeners_than_there_may_be_are_told_by_check(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'listen': listeners(1001)})
    code, said = check(made)
    assert code == 1
    assert 'listen: has 1001 entries, expected 1000 at most' in said


@pytest.mark.slow
def test_256_workers_live_through_reload_and_upgrade(server):
    running = server(HELLO, {'workers': {'processes': 256, 'cores': 1}})
    running.wait_workers(256)
    running.signal(signal.SIGHUP)
    running.wait_status(lambda s: s['reload']['count'] == 1 and s['reload']['result'] == 'done')
    running.wait_workers(256, generation=2)
    assert running.get('/').body == b'hello'
    running.signal(signal.SIGUSR2)
    assert running.follow(1)['upgrade']['result'] == 'done'
    running.wait_workers(256, generation=3)
    assert running.get('/').body == b'hello'


@pytest.mark.slow
def test_500_workers_start(server):
    running = server(HELLO, {'workers': {'processes': 500, 'cores': 1}}, wait=False)
    running.wait_ready(timeout=10 * DEADLINE)
    assert 'has been' not in running.log.text(), 'a worker is not slow before it is forked'
    assert running.get('/').body == b'hello'


def test_more_workers_than_there_may_be_are_told_by_check(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'workers': {'processes': 501}})
    code, said = check(made)
    assert code == 1
    assert 'workers.processes' in said and 'from 1 to 500' in said


LONG = 4 * DEADLINE  # for what takes seconds even on an idle machine
LONG_LISTS = {
    'trusted-proxies': lambda n: {'listen': {'address': 'http://127.0.0.1:0', 'trusted-proxies': [
        '127.0.0.1', *(f'10.{k // 65536}.{k // 256 % 256}.{k % 256}' for k in range(n))]}},
    'mounts': lambda n: {'app': {'mounts': {f'/m{k}': 'app:application' for k in range(n)}}},
    'crons': lambda n: {'crons': [
        {'at': f'{k % 60} {k // 60 % 24} {k // 1440 % 28 + 1} {k // 40320 + 1} *', 'signal': 17}
        for k in range(n)]},
}


def test_a_long_environment_is_given(server):
    many = {f'GEVENTD_MANY_{k}': 'x' for k in range(20_000)}
    running = server(HELLO, {'app': {'environment': {**many, 'LONG': 'x' * 130_000}}}, wait=False)
    running.wait_ready(timeout=LONG)
    assert running.get('/').body == b'hello'
    assert check(running, timeout=LONG)[0] == 0


@pytest.mark.parametrize('environment, told', [
    ({f'GEVENTD_MANY_{k}': 'x' for k in range(100_000)},
     'app.environment: has 100000 variables with 2888890 bytes, expected 1 MiB at most'),
    ({'LONG': 'x' * 140_000}, 'app.environment.LONG: has 140006 bytes, expected 128 KiB at most'),
])
def test_an_environment_with_which_nothing_starts_is_told_by_check(make_server, environment, told):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'app': {'environment': environment}})
    code, said = check(made)
    assert code == 1 and told in said, said


@pytest.mark.parametrize('count', [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize('name', LONG_LISTS)
def test_a_long_list_is_served(server, name, count):
    running = server(HELLO, LONG_LISTS[name](count), wait=False)
    running.wait_ready(timeout=LONG)
    assert running.get(f'/m{count - 1}' if name == 'mounts' else '/').body == b'hello'
    assert check(running, timeout=LONG)[0] == 0


MANY_TICKS = {
    'crons': LONG_LISTS['crons'](5_000),
    'timers': {'timers': [{'every': f'{n + 1000}s', 'signal': 17} for n in range(5_000)]},
    'most-crons': LONG_LISTS['crons'](100_000),
}


@pytest.mark.parametrize('name', ['crons', 'timers',
                                  pytest.param('most-crons', marks=pytest.mark.slow)])
def test_an_upgrade_takes_any_number_of_timers_and_crons_over(server, name):
    running = server(HELLO, MANY_TICKS[name], wait=False)
    running.wait_ready(timeout=LONG)
    result = running.ctl('upgrade', timeout=LONG)
    assert (result.returncode, result.stdout) == (0, 'upgraded\n'), result.stderr
    running.follow(1, timeout=LONG)
    assert running.get('/').body == b'hello'


def test_a_file_that_is_too_large_is_told_by_check(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config('#' * (8 << 20) + '\n')
    code, said = check(made)
    assert code == 1
    assert 'is too large, expected at most 8388608 bytes' in said


def test_a_master_without_descriptors_still_answers(server):
    running = server(HELLO, {'metrics': {'listen': 'http+unix:watch.sock'}})
    _, most = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    used = [int(name) for name in os.listdir(f'/proc/{running.pid}/fd')]
    limit = max(used) + 1
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (limit, most))
    with contextlib.ExitStack() as idle:
        for _ in range(limit - len(used)):
            client = idle.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(running.folder / 'watch.sock'))
        connection = idle.enter_context(
            contextlib.closing(open_http(str(running.folder / 'watch.sock'))))
        assert exchange(connection, 'GET', '/healthz').status == 200
        assert running.status()['pid'] == running.pid
        assert running.ctl('stop').returncode == 0
        assert running.wait_exit() == 0
