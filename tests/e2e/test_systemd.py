# SPDX-License-Identifier: MIT
"""What a service manager receives, and the sockets that it opens."""
import contextlib
import os
import select
import shutil
import signal
import socket

import pytest

from harness import procfs
from harness.apps import HELLO
from harness.limits import DEADLINE


class Notifications:
    """Stands in for a service manager; returns messages as lists of assignments."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(DEADLINE)

    def close(self):
        self.socket.close()
        os.unlink(self.path)

    def drain(self):
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(4096)

    def is_silent(self, seconds):
        return not select.select([self.socket], [], [], seconds)[0]

    def wait(self, assignment):
        """The next message with a line that begins like this."""
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            if any(line.startswith(assignment) for line in lines):
                return lines


def test_systemd_is_told_of_each_change(make_server):
    running = make_server()
    running.write_app(HELLO)
    running.write_config()
    systemd = Notifications(running.folder / 'notify')
    running.start(environment={'NOTIFY_SOCKET': systemd.path})
    assert 'STATUS=1 worker, 20 cores each' in '\n'.join(systemd.wait('READY=1'))
    running.signal(signal.SIGHUP)
    assert any(line.startswith('MONOTONIC_USEC=') for line in systemd.wait('RELOADING=1'))
    systemd.wait('READY=1')
    running.expect_error('the reload failed')
    running.write_config({'workers': {'cores': 'many'}})
    running.signal(signal.SIGHUP)
    systemd.wait('RELOADING=1')
    assert any(line.startswith('STATUS=the last reload failed')
               for line in systemd.wait('READY=1'))
    running.signal(signal.SIGTERM)
    # More than the times for requests and background work, 60 s and 5 s.
    times = [line for line in systemd.wait('STOPPING=1') if line.startswith('EXTEND_TIMEOUT_USEC=')]
    assert int(times[0].partition('=')[2]) > 65_000_000
    running.wait_exit()
    systemd.close()


def test_the_watchdog_is_fed(make_server):
    running = make_server()
    running.write_app(HELLO)
    running.write_config()
    systemd = Notifications(running.folder / 'notify')
    running.start(environment={'NOTIFY_SOCKET': systemd.path, 'WATCHDOG_USEC': '300000'})
    for _ in range(3):
        systemd.wait('WATCHDOG=1')
    running.signal(signal.SIGSTOP)  # now the master makes no progress
    while procfs.stat_fields(running.pid)[0] != 'T':
        pass
    systemd.drain()
    assert systemd.is_silent(1)  # three times the interval
    running.signal(signal.SIGCONT)
    systemd.wait('WATCHDOG=1')
    systemd.close()


def test_workers_do_not_take_the_notify_socket_for_their_own(make_server):
    running = make_server()
    running.write_app("""
import os


def application(environ, start_response):
    body = os.environ.get('NOTIFY_SOCKET', 'none').encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
""")
    running.write_config()
    systemd = Notifications(running.folder / 'notify')
    running.start(environment={'NOTIFY_SOCKET': systemd.path})
    assert running.get('/').text == 'none'
    systemd.close()


# --- sockets that systemd opens ------------------------------------------------------------------

activate = pytest.mark.skipif(shutil.which('systemd-socket-activate') is None,
                              reason='systemd-socket-activate is not installed')


def unused_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


@activate
def test_the_socket_of_that_name_is_taken_over(make_server):
    running = make_server()
    running.write_app(HELLO)
    port = unused_port()
    running.write_config({'listen': [{'address': f'http://127.0.0.1:{port}', 'systemd': 'web'}]})
    # Opens the socket, and executes the server when somebody connects.
    running.start(wait=False, wrapper=['systemd-socket-activate', '-l', f'127.0.0.1:{port}',
                                       '--fdname=web'])
    running.wait_log('Listening on')
    with socket.create_connection(('127.0.0.1', port), DEADLINE) as early:
        early.sendall(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        early.settimeout(DEADLINE)
        assert b'200 OK' in early.recv(4096)  # it waited in the backlog
    running.wait_ready()
    old = running.workers()
    running.signal(signal.SIGHUP)
    running.wait_workers(1, without=old)
    assert running.get('/').status == 200


@activate
def test_sockets_of_one_unit_have_the_same_name(make_server):
    """They are told apart by where they are bound."""
    running = make_server()
    running.write_app(HELLO)
    ports = [unused_port(), unused_port(), unused_port()]
    running.write_config({'listen': [
        {'address': f'http://127.0.0.1:{port}', 'systemd': 'web'} for port in ports[1::-1]]})
    places = [word for port in ports for word in ('-l', f'127.0.0.1:{port}')]
    running.start(wait=False, wrapper=['systemd-socket-activate', *places, '--fdname=web:web:web'])
    running.wait_log('Listening on')
    for port in ports[:2]:
        with socket.create_connection(('127.0.0.1', port), DEADLINE) as client:
            client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
            client.settimeout(DEADLINE)
            assert b'200 OK' in client.recv(4096)
    running.wait_log('systemd passes a socket named web, for which there is no listen.systemd')


@activate
def test_a_unix_socket_of_systemd_is_not_removed(make_server):
    running = make_server()
    running.write_app(HELLO)
    path = running.folder / 'web.sock'
    running.write_config({'listen': [{'address': f'http+unix:{path}', 'systemd': 'web'}]})
    running.start(wait=False, wrapper=['systemd-socket-activate', '-l', str(path),
                                       '--fdname=web'])
    running.wait_log('Listening on')
    with socket.socket(socket.AF_UNIX) as early:
        early.connect(str(path))
        running.wait_ready()
        assert running.get('/').status == 200
    old = running.workers()
    running.signal(signal.SIGHUP)
    running.wait_workers(1, without=old)
    assert running.stop() == 0
    assert path.exists()
    path.unlink()


@activate
def test_a_socket_that_nobody_names_is_said(make_server):
    running = make_server()
    running.write_app(HELLO)
    running.write_config()
    port = unused_port()
    running.start(wait=False, wrapper=['systemd-socket-activate', '-l', f'127.0.0.1:{port}',
                                       '--fdname=other'])
    running.wait_log('Listening on')
    with contextlib.suppress(ConnectionResetError):  # the server may close that socket meanwhile
        socket.create_connection(('127.0.0.1', port), DEADLINE).close()
    running.wait_log('systemd passes a socket named other, for which there is no listen.systemd')
    running.wait_ready()
