# SPDX-License-Identifier: MIT
"""SIGTERM and SIGINT drain and stop, a second one kills, SIGQUIT stops at once."""
import contextlib
import os
import signal
import subprocess
import time

import pytest

from harness.apps import HELLO, HOLD
from harness.client import exchange, open_http
from harness.limits import DEADLINE, GEVENTCTL

BLOCKS = '''
def application(environ, start_response):
    if environ['PATH_INFO'] == '/block':
        print('blocked', flush=True)
        open('gate').close()  # blocks until the test opens the other end
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''

BACKGROUND = '''
import atexit
import gevent


def work():
    try:
        for turn in range(%d):
            gevent.sleep(0.02)
        print('background is done', flush=True)
    finally:
        print('background cleans up', flush=True)


atexit.register(lambda: print('atexit ran', flush=True))


def application(environ, start_response):
    gevent.spawn(work)
    start_response('200 OK', [('Content-Length', '0')])
    return []
'''


def hold(running):
    client = running.raw()
    client.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
    running.wait_log('a request is held')
    return client


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('preload', [True, False])
def test_an_idle_server_stops_with_0(server, number, preload):
    running = server(HELLO, {'workers': {'processes': 2}, 'app': {'preload': preload}})
    assert running.get('/').status == 200
    assert running.stop(number) == 0


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_running_requests_are_finished(server, number):
    running = server(HOLD)
    with running.raw() as release, hold(running) as held:
        release.send(b'GET /release HTTP/1.1\r\nHost: x\r\n')
        running.wait_status(lambda s: s['workers'][0]['connections'] == 2)
        running.signal(number)
        running.wait_status(lambda s: s['state'] == 'stopping')
        release.send(b'\r\n')
        assert held.read_answer().body == b'/hold'
        assert held.is_closed_by_server()
    assert running.wait_exit() == 0


def test_a_request_that_was_not_read_yet_is_answered(server):
    """The worker's hub is blocked while a request arrives on a kept connection and then the server
    is told to stop: the request is answered."""
    running = server(BLOCKS, {'workers': {'processes': 1}})
    gate = running.folder / 'gate'
    os.mkfifo(gate)
    with running.raw() as kept, running.raw() as blocking:
        kept.send(b'GET /first HTTP/1.1\r\nHost: x\r\n\r\n')
        assert kept.read_answer().status == 200
        blocking.send(b'GET /block HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('blocked')
        kept.send(b'GET /second HTTP/1.1\r\nHost: x\r\n\r\n')
        running.signal(signal.SIGTERM)
        running.wait_log('stopping')
        gate.write_bytes(b'')
        assert kept.read_answer().status == 200
        assert blocking.read_answer().status == 200
    assert running.wait_exit() == 0


def ask(running, path='/'):
    with running.raw() as client:
        client.send(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path.encode())
        return client.read_answer()


def readiness(running):
    with contextlib.closing(open_http(str(running.folder / 'watch.sock'), DEADLINE)) as connection:
        return exchange(connection, 'GET', '/readyz').status


def wait_refused(running):
    """Connections are served until they are refused; none is accepted and left alone."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            ask(running)
        except ConnectionRefusedError:
            return
        except (OSError, AssertionError):
            pass  # it came between the last look at the queue and the close
    raise AssertionError('connections are still taken')


@pytest.mark.parametrize('preload', [True, False])
def test_connections_are_refused_while_requests_are_finished(server, preload):
    running = server(HOLD, {'workers': {'processes': 2}, 'app': {'preload': preload}})
    with hold(running):
        running.signal(signal.SIGTERM)
        wait_refused(running)
        running.wait_status(lambda s: s['state'] == 'stopping')
        running.signal(signal.SIGTERM)
        running.wait_exit()
    running.expected_exit = running.process.returncode


def test_connections_are_refused_although_a_former_generation_drains(server):
    running = server(HOLD)
    with hold(running):
        assert running.ctl('reload').returncode == 0
        assert running.get('/').status == 200
        running.signal(signal.SIGTERM)
        wait_refused(running)
        running.signal(signal.SIGTERM)
        running.wait_exit()
    running.expected_exit = running.process.returncode


def test_workers_serve_until_the_template_has_closed_its_sockets(server):
    """What connects while only a template holds the listening sockets would be reset, so workers
    are the last that close them. Here the template cannot close them for a while."""
    running = server(HELLO, {'app': {'preload': True}})
    template = running.status()['generations'][0]['template_pid']
    os.kill(template, signal.SIGSTOP)
    running.signal(signal.SIGTERM)
    running.wait_log('stopping: requests in flight')
    assert ask(running).status == 200
    os.kill(template, signal.SIGCONT)
    assert running.wait_exit() == 0


def test_what_waits_in_the_kernels_queue_is_served(server):
    """The hub is blocked, so that nothing is accepted, and the only core is taken. Then the worker
    accepts a few before it hears of the stop."""
    running = server(BLOCKS, {'workers': {'processes': 1, 'cores': 1}})
    gate = running.folder / 'gate'
    os.mkfifo(gate)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(running.raw()) for _ in range(6)]
        clients[0].send(b'GET /block HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('blocked')
        late = [stack.enter_context(running.raw()) for _ in range(6)]
        for client in clients[1:] + late:
            client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        running.signal(signal.SIGTERM)
        running.wait_log('stopping')
        gate.write_bytes(b'')
        answers = [client.read_answer() for client in clients + late]
        assert [answer.status for answer in answers] == [200] * 12
        assert answers[-1].header('Connection') == 'close'
    assert running.wait_exit() == 0


def test_a_client_that_has_connected_and_not_asked_yet_is_answered(server):
    running = server(HELLO)
    with running.raw() as client:
        running.wait_status(lambda s: s['workers'][0]['connections'] == 1)
        running.signal(signal.SIGTERM)
        wait_refused(running)
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().status == 200
        assert client.is_closed_by_server()
    assert running.wait_exit() == 0


@pytest.mark.parametrize('stop', ['SIGTERM', 'SIGINT', 'geventctl'])
def test_with_a_delay_it_serves_on_and_says_that_it_leaves(server, stop):
    running = server(HELLO, {'limits': {'drain-delay': '1h'}, 'workers': {'processes': 2},
                             'metrics': {'listen': 'http+unix:watch.sock'}})
    with running.raw() as kept:
        kept.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert kept.read_answer().header('Connection') != 'close'
        assert readiness(running) == 200
        if stop == 'geventctl':
            assert running.ctl('stop', '--no-wait').returncode == 0
        else:
            running.signal(getattr(signal, stop))
        running.wait_log('stopping in 1h: until then connections are served')
        assert readiness(running) == 503
        kept.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert kept.read_answer().header('Connection') == 'close'
        assert kept.is_closed_by_server()
    for _ in range(10):
        answer = ask(running)
        assert answer.status == 200 and answer.header('Connection') == 'close'
    killed = running.status()['workers'][0]['pid']
    os.kill(killed, signal.SIGKILL)
    running.expect_error('died: killed by SIGKILL')
    running.wait_workers(2, without=[killed])
    for _ in range(10):
        assert ask(running).header('Connection') == 'close'
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0
    assert 'stopping at once' not in running.log.text()


def test_after_the_delay_connections_are_refused(server):
    running = server(HOLD, {'limits': {'drain-delay': '100ms'}})
    with hold(running):
        running.signal(signal.SIGTERM)
        running.wait_log('requests in flight are finished first')
        wait_refused(running)
        running.signal(signal.SIGTERM)
        running.wait_log('stopping at once')
        running.wait_exit()
    running.expected_exit = running.process.returncode


def test_a_reload_during_the_delay_is_refused(server):
    running = server(HELLO, {'limits': {'drain-delay': '1h'}})
    running.signal(signal.SIGTERM)
    running.wait_log('stopping in 1h')
    assert 'the server stops' in running.ctl('reload').stderr
    assert running.get('/').status == 200
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


def test_a_second_signal_kills(server):
    running = server(HOLD)
    with hold(running) as held:
        running.signal(signal.SIGTERM)
        running.wait_status(lambda s: s['state'] == 'stopping')
        running.signal(signal.SIGTERM)
        running.expected_exit = running.wait_exit()
        assert held.is_closed_by_server()


def test_sigquit_stops_at_once(server):
    running = server(HOLD)
    with hold(running) as held:
        running.expected_exit = running.stop(signal.SIGQUIT)
        assert held.is_closed_by_server()


def test_geventctl_stops_it(server):
    running = server(HELLO)
    stopped = running.ctl('stop')
    assert stopped.returncode == 0 and stopped.stdout.endswith('it has stopped\n')
    assert running.process.poll() == 0  # it has ended already


def test_geventctl_waits_for_the_end_of_a_stop(server):
    running = server(HOLD)
    with running.raw() as release, hold(running) as held, contextlib.ExitStack() as stack:
        release.send(b'GET /release HTTP/1.1\r\nHost: x\r\n')
        running.wait_status(lambda s: s['workers'][0]['connections'] == 2)
        waits = stack.enter_context(subprocess.Popen(
            [str(GEVENTCTL), '-c', str(running.config_path), 'stop'], stdout=subprocess.PIPE,
            text=True, env=running.environment(), cwd=running.folder))
        assert waits.stdout.readline() == 'the server finishes what is running and stops\n'
        running.wait_log('requests in flight are finished first')
        status = running.ctl('status').stdout
        assert 'stopping' in status and 'listening on \n' not in status
        assert waits.poll() is None
        release.send(b'\r\n')
        assert held.read_answer().body == b'/hold'
        assert waits.stdout.read() == 'it has stopped\n' and waits.wait(DEADLINE) == 0
    assert running.wait_exit() == 0


def test_drain_requests_is_the_mercy_for_requests(server):
    running = server(HOLD, {'limits': {'drain-requests': '300ms'}})
    running.expect_error('failed')
    with hold(running) as held:
        assert running.stop() == 0
        held.read_all()  # ends


def test_background_greenlets_are_waited_for(server):
    running = server(BACKGROUND % 20, {'limits': {'drain-background': '20s'}})
    running.get('/')
    assert running.stop() == 0
    running.wait_log('atexit ran')
    text = running.log.text()
    assert text.index('background is done') < text.index('atexit ran')


def test_drain_background_is_their_mercy_then_they_are_ended(server):
    running = server(BACKGROUND % 1_000_000, {'limits': {'drain-background': '100ms'}})
    running.get('/')
    assert running.stop() == 0
    running.wait_log('atexit ran')
    text = running.log.text()
    assert 'background is done' not in text
    assert text.index('background cleans up') < text.index('atexit ran')


def test_idle_connections_do_not_delay_the_stop(server):
    running = server(HELLO, {'limits': {'drain-requests': '60s'}})
    with running.raw() as idle:
        idle.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        idle.read_answer()
        assert running.stop() == 0
        assert idle.is_closed_by_server()
