# SPDX-License-Identifier: MIT
"""workers.cheaper: the number of workers follows the load."""
import contextlib

import pytest

from test_size import WAIT, wanted

CONFIG = {'workers': {'processes': 3, 'cheaper': 1, 'cores': 4}}


def hold(running, stack, count):
    """Requests that last until the file "go" exists."""
    mark = running.log.mark()
    for _ in range(count):
        client = stack.enter_context(running.raw())
        client.send(b'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
    running.wait_log('waits', since=mark, count=count)


def test_busy_cores_and_waiting_connections_ask_for_workers(server):
    running = server(WAIT, CONFIG)
    generation, = running.wait_status(wanted(1))['generations']
    assert generation['workers_most'] == 3
    with contextlib.ExitStack() as stack:
        hold(running, stack, 3)
        # On a busy machine the hub may be late before the third core is busy.
        running.wait_log('2 workers from now on, 1 before: (3 of 4 cores are busy|hubs are late)')
        running.wait_status(wanted(2))
        clients = [stack.enter_context(running.raw()) for _ in range(7)]
        for client in clients:  # more than two workers have cores for
            client.send(b'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log(r'3 workers from now on, 2 before: ')
        running.wait_status(wanted(3))
        (running.folder / 'go').touch()
        for client in clients:
            assert client.read_answer().status == 200


def test_one_request_does_not_make_a_worker_busy(server):
    running = server(WAIT, CONFIG)
    with contextlib.ExitStack() as stack:
        hold(running, stack, 2)
        heartbeat = running.status()['uptime']
        running.wait_status(lambda s: s['uptime'] > heartbeat + 2)  # four looks
        # A busy machine's effect on the hub is another possible reason.
        assert wanted(1)(running.status()) or '1 before: hubs are late' in running.log.text()
        (running.folder / 'go').touch()


def test_a_reload_begins_with_as_many_as_serve(server):
    running = server(WAIT, CONFIG)
    with contextlib.ExitStack() as stack:
        hold(running, stack, 3)
        running.wait_status(wanted(2))
        assert running.ctl('reload').returncode == 0
        running.wait_workers(2, generation=2)
        (running.folder / 'go').touch()


def test_an_operators_number_is_the_most(server):
    running = server(WAIT, CONFIG)
    with contextlib.ExitStack() as stack:
        hold(running, stack, 3)
        running.wait_status(wanted(2))
        assert running.ctl('workers', '1').returncode == 0
        status = running.wait_status(lambda s: s['generations'][0]['workers_wanted'] == 1)
        assert status['generations'][0]['workers_most'] == 1
        (running.folder / 'go').touch()


@pytest.mark.slow
def test_after_a_calm_there_are_fewer_again(server):
    running = server(WAIT, CONFIG)
    with contextlib.ExitStack() as stack:
        hold(running, stack, 3)
        running.wait_status(wanted(2))
        (running.folder / 'go').touch()
    running.wait_log('1 workers from now on, 2 before: there is little to do', timeout=60)
    running.wait_status(wanted(1))
    assert running.get('/').status == 200


def test_more_cheaper_than_all_is_an_error(make_server):
    made = make_server()
    made.write_config({'workers': {'processes': 2, 'cheaper': 3}})
    made.start(wait=False)
    made.expected_exit = 1
    assert made.wait_exit() == 1
    made.wait_log('workers.cheaper: 3 is more than workers.processes, expected at most 2')
