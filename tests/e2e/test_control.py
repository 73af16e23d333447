# SPDX-License-Identifier: MIT
import json
import os
import socket
import stat
import subprocess

import pytest

from harness.apps import HOLD
from harness.limits import GEVENTCTL, PYTHON


def test_status_shows_generations_workers_cores_and_requests(server):
    running = server(HOLD, {'workers': {'processes': 2, 'cores': 9}})
    for _ in range(5):
        running.get('/')
    with running.raw() as client:
        client.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        status = running.wait_status(
            lambda s: sum(w['cores_busy'] for w in s['workers']) == 1
            and sum(w['requests'] for w in s['workers']) == 5)
    assert [g['state'] for g in status['generations']] == ['serving']
    assert [w['cores'] for w in status['workers']] == [9, 9]
    assert status['listen'] == running.addresses
    assert status['pid'] == running.pid
    running.signal(3)


def test_status_for_people_names_the_workers(server):
    running = server(HOLD, {'workers': {'processes': 2}})
    result = running.ctl('status')
    assert result.returncode == 0
    for pid in running.workers():
        assert str(pid) in result.stdout


def test_the_socket_is_the_owners_alone(server):
    running = server(HOLD)
    assert stat.S_IMODE(os.stat(running.control_path).st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root, to become somebody else')
def test_another_user_is_refused(server):
    running = server(HOLD)
    os.chmod(running.folder.parent, 0o755)
    os.chmod(running.folder, 0o755)
    os.chmod(running.control_path, 0o666)
    with open('/dev/null') as nothing:
        result = subprocess.run(
            [str(GEVENTCTL), '--socket', str(running.control_path), 'status', '--json'],
            stdin=nothing, capture_output=True, text=True, user=65534, group=65534)
    assert result.returncode != 0
    assert 'workers' not in result.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root, to be somebody else')
def test_a_socket_of_somebody_else_is_not_believed(make_server):
    made = make_server()
    made.write_config()
    made.folder.parent.chmod(0o755)
    made.folder.chmod(0o1777)
    script = f"""
import socket
with socket.socket(socket.AF_UNIX) as fake:
    fake.bind({str(made.control_path)!r})
    fake.listen()
    print('listens', flush=True)
    while True:
        with fake.accept()[0] as client:
            print(client.recv(100), flush=True)
"""
    fake = subprocess.Popen([PYTHON, '-c', script], stdout=subprocess.PIPE, user=65534, group=65534)
    assert fake.stdout.readline() == b'listens\n'
    result = made.ctl('status')
    assert result.returncode == 1
    assert 'is not believed: user nobody listens there' in result.stderr
    assert fake.stdout.readline() == b"b''\n"  # it received nothing
    fake.terminate()
    assert set(fake.communicate()[0].splitlines()) <= {b"b''"}
    made.control_path.unlink()


def test_a_configuration_that_is_a_fifo_does_not_hold_geventctl(server):
    running = server(HOLD)
    running.config_path.unlink()
    os.mkfifo(running.config_path)
    result = running.ctl('status')
    assert result.returncode != 0
    assert 'server.yaml is a FIFO' in result.stderr


def test_no_server_is_said(make_server):
    made = make_server()
    made.write_config()
    result = made.ctl('status')
    assert result.returncode == 1
    assert str(made.control_path) in result.stderr


def test_nonsense_on_the_socket_harms_nobody(server):
    running = server(HOLD)
    for nonsense in (b'', b'\0' * 100_000, b'{"command": 3}\n', b'hello\n'):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(running.control_path))
            try:
                client.sendall(nonsense)
            except ConnectionError:
                pass  # the server has closed it, with or without reading all
    assert running.status()['pid'] == running.pid


def test_a_second_server_on_the_same_control_socket_is_refused(server, make_server):
    running = server(HOLD)
    second = make_server()
    second.write_config({'control': str(running.control_path),
                         'app': {'chdir': str(running.folder)}})
    second.expected_exit = 1
    second.expect_error('.')
    second.start(wait=False)
    assert second.wait_exit() == 1
    assert running.status()['pid'] == running.pid


def test_the_status_is_json(server):
    running = server(HOLD)
    assert json.loads(running.ctl('status', '--json').stdout)['version']
