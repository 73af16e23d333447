# SPDX-License-Identifier: MIT
"""Where the control socket is: its default name tells servers apart, it may be abstract or missing,
and geventctl finds it."""
import json
import os
import re
import signal
import socket
import subprocess

import pytest

from harness.apps import HELLO
from harness.limits import GEVENTCTL


def in_runtime(folder):
    runtime = folder / 'run'
    runtime.mkdir(exist_ok=True)
    return {'XDG_RUNTIME_DIR': str(runtime)}


def ctl(running, *arguments, environment=None, cwd=None):
    return subprocess.run([str(GEVENTCTL), *map(str, arguments)], capture_output=True, text=True,
                          env=running.environment(environment), cwd=cwd or running.folder)


def asked_pid(running, *arguments, **options):
    result = ctl(running, *arguments, 'status', '--json', **options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)['pid']


def without_file(made, environment, **listen):
    """Starts a server that has only --set."""
    made.write_app(HELLO)
    settings = {'app': 'app', 'workers.processes': 1, **listen}
    arguments = [f'--set={key}={value}' for key, value in settings.items()]
    return made.start(arguments, environment)


def test_two_files_of_one_name_are_two_servers(server, folder):
    environment = in_runtime(folder)
    both = [server(HELLO, {'control': None}, environment=environment) for _ in range(2)]
    for running in both:
        assert asked_pid(running, '-c', running.config_path,
                         environment=environment) == running.pid
        # The same path, as it is given from another folder.
        relative = os.path.join('..', running.folder.name, 'server.yaml')
        assert asked_pid(running, '-c', relative, environment=environment) == running.pid
    assert len(list((folder / 'run').glob('geventd-server-*.ctl'))) == 2


def test_servers_without_a_file_are_told_apart_by_their_addresses(make_server, folder):
    environment = in_runtime(folder)
    first = without_file(make_server(), environment, listen='http+unix:one.sock')
    assert asked_pid(first, environment=environment) == first.pid
    second = without_file(make_server(), environment, listen='http+unix:two.sock')
    result = ctl(second, 'status', environment=environment)
    assert result.returncode == 1
    sockets = sorted(map(str, (folder / 'run').iterdir()))
    assert len(sockets) == 2 and all(path in result.stderr for path in sockets)
    assert {asked_pid(first, '--socket', path) for path in sockets} == {first.pid, second.pid}
    second.stop()
    assert asked_pid(first, environment=environment) == first.pid


def test_a_reload_without_a_file_says_nothing_of_the_control_socket(make_server, folder):
    environment = in_runtime(folder)
    running = without_file(make_server(), environment, listen='[http+unix:one.sock]')
    since = running.log.mark()
    assert ctl(running, 'reload', environment=environment).returncode == 0
    assert 'control' not in '\n'.join(running.log.lines()[since:])


def test_without_options_the_servers_that_run_are_named(server, make_server, folder):
    environment = in_runtime(folder)
    running = server(HELLO, {'control': None}, environment=environment)
    name = f'@geventd-{folder.name}'
    other = without_file(make_server(), environment, listen='http+unix:one.sock',
                         control=f'"{name}"')
    result = ctl(running, 'status', environment=in_runtime(running.folder))
    assert result.returncode == 1
    assert 'name the server with -c FILE or --socket PATH' in result.stderr
    named = result.stderr.split('reached with ')[1].strip().split(', ')
    assert f'-c {running.config_path}' in named and f'--socket {name}' in named
    assert asked_pid(running, '-c', running.config_path, environment=environment) == running.pid
    assert asked_pid(other, '--socket', name) == other.pid


def test_who_has_the_socket_is_named(server, make_server):
    running = server(HELLO)
    second = make_server()
    second.write_config({'control': str(running.control_path),
                         'app': {'chdir': str(running.folder)}})
    second.expected_exit = 1
    second.expect_error('.')
    second.start(wait=False)
    assert second.wait_exit() == 1
    line = second.wait_log(f'.*{running.control_path}.*')[0]
    assert (f'process {running.pid} (' in line and f'-c {running.config_path}, in ' in line
            and 'set control to another path' in line)


def test_a_server_under_the_former_name_is_found(server, folder):
    environment = in_runtime(folder)
    running = server(HELLO, {'control': f'{folder}/run/geventd-server.ctl'},
                     environment=environment)
    running.write_config({'control': None})
    assert asked_pid(running, '-c', 'server.yaml', environment=environment) == running.pid
    assert asked_pid(running, '--socket', folder / 'run') == running.pid
    # It is not taken for the server of another file of that name.
    other = folder / 'other'
    other.mkdir()
    (other / 'server.yaml').write_text(running.config_path.read_text())
    result = ctl(running, '-c', other / 'server.yaml', 'stop', environment=environment)
    assert result.returncode == 1 and 'no geventd runs with this configuration' in result.stderr
    assert asked_pid(running, '-c', 'server.yaml', environment=environment) == running.pid


@pytest.mark.parametrize('text, place', [
    ('listen: [', r':\d+:\d+: broken YAML'), ('control: [1]', ':1:10: control: ')])
def test_a_file_that_hides_where_the_socket_is_is_told(server, folder, text, place):
    environment = in_runtime(folder)
    running = server(HELLO, {'control': 'own.ctl'}, environment=environment)
    running.config_path.write_text(text)
    told = ctl(running, '-c', running.config_path, 'status', environment=environment)
    assert told.returncode == 1 and 'name it with --socket' in told.stderr, told.stderr
    assert re.search(re.escape(str(running.config_path)) + place, told.stderr), told.stderr
    assert asked_pid(running, '--socket', running.folder / 'own.ctl') == running.pid


def test_a_file_that_is_broken_does_not_hide_the_default_socket(server, folder):
    environment = in_runtime(folder)
    running = server(HELLO, {'control': None}, environment=environment)
    running.config_path.write_text('listen: [')
    assert asked_pid(running, '-c', running.config_path, environment=environment) == running.pid


def test_off_means_no_socket(server):
    running = server(HELLO, {'control': 'off'})
    assert not (running.folder / 'off').exists()
    result = running.ctl('status')
    assert result.returncode == 1 and 'control is off in' in result.stderr
    since = running.log.mark()
    running.signal(signal.SIGHUP)
    running.wait_log('ready: .*generation 2', since=since)
    running.signal(signal.SIGUSR2)
    successor = running.wait_log(r'master\[(\d+)\]: this process takes over from process \d+')
    running.successor = int(successor[1])
    assert running.get('/').status == 200
    assert running.stop() == 0


def test_an_upgrade_takes_what_another_configuration_says(server):
    running = server(HELLO)
    running.write_config({'control': 'off'})
    running.signal(signal.SIGUSR2)
    successor = running.wait_log(r'master\[(\d+)\]: this process takes over from process \d+')
    assert not running.control_path.exists()
    running.write_config({})
    since = running.log.mark()
    os.kill(int(successor[1]), signal.SIGUSR2)
    successor = running.wait_log(r'master\[(\d+)\]: this process takes over from process \d+',
                                 since=since)
    running.successor = int(successor[1])
    assert running.status()['pid'] == running.pid


def test_an_abstract_name_needs_no_file(server, folder):
    name = f'@{folder.name}'
    running = server(HELLO, {'control': name})
    assert running.status()['pid'] == running.pid
    assert asked_pid(running, '--socket', name) == running.pid
    running.signal(signal.SIGUSR2)
    assert running.follow(1)['upgrade']['result'] == 'done'
    # The kernel names the new master as the one that listens.
    with socket.socket(socket.AF_UNIX) as client:
        client.connect('\0' + name[1:])
        who = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    assert int.from_bytes(who[:4], 'little') == running.pid
    assert list(folder.glob('**/*.ctl')) == []


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root, to become somebody else')
def test_strangers_are_not_answered_at_an_abstract_name(server, folder):
    running = server(HELLO, {'control': f'@{folder.name}'})
    result = subprocess.run([str(GEVENTCTL), '--socket', f'@{folder.name}', 'status'],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, user=65534,
                            group=65534, env=running.environment())
    assert result.returncode == 1 and 'permission denied' in result.stderr


def mounts_are_allowed():
    return os.geteuid() == 0 and subprocess.run(
        ['unshare', '--mount', 'true'], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize('obstacle', ['missing', pytest.param('read-only', marks=pytest.mark.skipif(
    not mounts_are_allowed(), reason='needs the right to mount'))])
def test_a_folder_where_nothing_can_be_created_is_no_obstacle(server, folder, obstacle):
    environment = {'XDG_RUNTIME_DIR': str(folder / 'none')}
    wrapper = []
    if obstacle == 'read-only':
        (folder / 'none').mkdir()
        wrapper = ['unshare', '--mount', 'sh', '-c',
                   'mount -t tmpfs -o ro none "$XDG_RUNTIME_DIR" && exec "$@"', 'sh']
    running = server(HELLO, {'control': None}, environment=environment, wrapper=wrapper)
    line = running.wait_log('.*the control socket is @geventd-server-.* instead.*')[0]
    assert {'missing': 'No such file', 'read-only': 'Read-only file system'}[obstacle] in line
    assert asked_pid(running, '-c', running.config_path, environment=environment) == running.pid
    running.signal(signal.SIGUSR2)
    successor = running.wait_log(r'master\[(\d+)\]: this process takes over from process \d+')
    running.successor = int(successor[1])
    assert asked_pid(running, '-c', running.config_path, environment=environment) == running.pid


def test_a_path_that_was_chosen_must_be_possible(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'control': 'none/ctl'})
    made.expected_exit = 1
    made.expect_error('.')
    made.start(wait=False)
    assert made.wait_exit() == 1
    assert 'No such file or directory' in made.log.text()
