# SPDX-License-Identifier: MIT
"""metrics.agent: one line for HAProxy's agent-check."""
import contextlib
import signal
import socket

from harness.apps import HELLO, HOLD
from harness.client import exchange, open_http
from harness.limits import DEADLINE


def ask(running):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(DEADLINE)
        client.connect(str(running.folder / 'agent.sock'))
        with client.makefile() as stream:
            return stream.read()


def agent(**more):
    return {'metrics': {'agent': 'agent.sock', **more}}


def test_it_tells_the_part_of_the_cores_that_is_free(server):
    running = server(HOLD, {'workers': {'cores': 4}, **agent()})
    assert ask(running) == 'up 100%\n'
    with running.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 1)
        assert ask(running) == 'up 75%\n'
        assert running.get('/release').status == 200
        held.read_answer()


def test_it_drains_a_server_that_is_paused_or_stops(server):
    running = server(HELLO, {'limits': {'drain-delay': '30s'}, **agent()})
    assert running.ctl('pause').returncode == 0
    assert ask(running) == 'up 0%\n'
    assert running.ctl('resume').returncode == 0
    assert ask(running) == 'up 100%\n'
    running.signal(signal.SIGTERM)
    running.wait_status(lambda s: s['state'] == 'stopping')
    assert ask(running) == 'up 0%\n'
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


def test_a_metric_has_the_part_that_is_busy(server):
    running = server(HELLO, agent(listen='http+unix:watch.sock'))
    with contextlib.closing(open_http(str(running.folder / 'watch.sock'), DEADLINE)) as connection:
        assert '\ngeventd_cores_busy_ratio 0\n' in exchange(connection, 'GET', '/metrics').text
