# SPDX-License-Identifier: MIT
"""SIGUSR2: the program that is on the disk at that time takes over when it is ready; if it does not
get ready nothing changes."""
import os
import pwd
import shutil
import signal
import socket
import sys

import pytest

from harness import procfs
from harness.apps import HELLO, HOLD
from harness.limits import BUILD, DEADLINE, IS_MODULE, PYTHON, SANITIZED
from harness.server import merge

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root has workers of another user')


def version(text):
    return HELLO.replace("b'hello'", f"b'{text}'").replace("'5'", f"'{len(text)}'")


@pytest.fixture
def installed(make_server):
    """installed(app, config): a server whose program is a copy in its folder, to be replaced."""
    def start(app, config=None, owner=None, **options):
        running = make_server()
        for folder in (running.folder.parent, running.folder):
            folder.chmod(0o755)  # for workers of another user
        shutil.copy2(BUILD / 'geventd', running.folder / 'geventd')
        if owner:
            shutil.chown(running.folder / 'geventd', owner)
        if IS_MODULE:
            name = f'python{sys.version_info.major}.{sys.version_info.minor}'
            (running.folder / name).symlink_to(BUILD.parent / 'lib' / name / 'site-packages')
            config = merge(config or {}, {'app': {'python': PYTHON}})
        else:
            shutil.copy2(BUILD / 'geventd-worker', running.folder / 'geventd-worker')
        running.write_app(app)
        running.write_config(config)
        return running.start(program=running.folder / 'geventd', **options)
    return start


def replace_program(running, text):
    new = running.folder / 'geventd.new'
    new.write_text(text)
    new.chmod(0o755)
    new.rename(running.folder / 'geventd')


def test_the_new_master_serves_and_the_old_one_leaves(server):
    running = server(version('old'), {'workers': {'processes': 2},
                                      'process': {'pidfile': 'geventd.pid'}})
    old, workers = running.pid, running.workers()
    running.write_app(version('new'))
    running.signal(signal.SIGUSR2)
    status = running.follow(1)
    assert status['upgrade']['result'] == 'done'
    assert running.pid != old
    assert procfs.wait_gone(old, DEADLINE)
    assert running.process.wait(DEADLINE) == 0
    assert running.get('/').text == 'new'
    assert not set(running.workers()) & set(workers)
    assert (running.folder / 'geventd.pid').read_text() == f'{running.pid}\n'
    assert running.status()['generations'][0]['number'] == 2
    running.wait_status(lambda s: s['upgrade']['former'] is None)


def test_geventctl_upgrade_waits_and_tells(server):
    running = server(version('old'))
    running.write_app(version('new'))
    result = running.ctl('upgrade')
    assert (result.returncode, result.stdout) == (0, 'upgraded\n'), result.stderr
    running.follow(1)
    # Until then workers of the former master may take a connection or two.
    running.wait_status(lambda s: s['upgrade']['former'] is None)
    assert running.get('/').text == 'new'
    running.expect_error('.')
    running.write_app('1 / 0\n')
    master = running.pid
    result = running.ctl('upgrade')
    assert result.returncode == 1
    assert 'ZeroDivisionError' in result.stderr
    assert running.follow(2)['pid'] == master
    assert running.get('/').text == 'new'


def test_a_replaced_file_is_what_is_started(installed):
    running = installed(version('same'))
    replace_program(running, f'#!/bin/sh\ntouch {running.folder}/started\n'
                             f'exec {BUILD}/geventd "$@"\n')
    old = running.pid
    running.signal(signal.SIGUSR2)
    running.follow(1)
    assert (running.folder / 'started').exists()
    assert running.pid != old and os.readlink(f'/proc/{running.pid}/exe') == str(BUILD / 'geventd')
    assert running.get('/').text == 'same'


BROKEN = {
    'crashes': ('#!/bin/sh\nkill -SEGV $$\n', 'killed by SIGSEGV'),
    'leaves': ('#!/bin/sh\nexit 3\n', 'exited with code 3'),
    'no program': ('nonsense\n', 'Exec format error'),
    'no interpreter': ('#!/not/there\n', 'No such file'),
}


@pytest.mark.parametrize('kind', BROKEN)
def test_a_broken_program_changes_nothing(installed, kind):
    text, reason = BROKEN[kind]
    running = installed(version('same'), {'process': {'pidfile': 'geventd.pid'}})
    old, workers = running.pid, running.workers()
    good = (running.folder / 'geventd').read_bytes()
    replace_program(running, text)
    running.expect_error('the upgrade failed')
    running.signal(signal.SIGUSR2)
    status = running.follow(1)
    assert status['upgrade']['result'] == 'failed'
    assert reason in status['upgrade']['error']
    running.wait_log(f'the upgrade failed.*{reason}')
    assert 'last upgrade: failed' in running.ctl('status').stdout
    assert (status['pid'], running.workers()) == (old, workers)
    assert (running.folder / 'geventd.pid').read_text() == f'{old}\n'
    assert running.get('/').text == 'same'
    (running.folder / 'geventd.new').write_bytes(good)
    (running.folder / 'geventd.new').chmod(0o755)
    (running.folder / 'geventd.new').rename(running.folder / 'geventd')
    running.signal(signal.SIGUSR2)
    assert running.follow(2)['upgrade']['result'] == 'done'
    assert running.get('/').text == 'same'


@as_root
def test_root_starts_no_program_that_the_workers_user_may_change(installed):
    """As that of an environment which belongs to the user of the application."""
    running = installed(version('same'), {'process': {'user': 'www-data'}})
    tenant, program = pwd.getpwnam('www-data').pw_uid, running.folder / 'geventd'
    assert 'root executes' not in running.log.text()
    for owned, reason in ((program, 'it belongs to user www-data'),
                          (running.folder, f'user www-data may change it in {running.folder}')):
        os.chown(owned, tenant, -1)
        result = running.ctl('upgrade')
        os.chown(owned, 0, -1)
        assert result.returncode == 1
        assert f'root executes {program}, but {reason}' in result.stderr
    old = running.pid
    assert running.ctl('upgrade').returncode == 0
    running.follow(1)
    assert running.pid != old


@as_root
def test_such_a_program_is_warned_of_at_the_start(installed):
    running = installed(version('same'), {'process': {'user': 'www-data'}}, owner='www-data')
    running.wait_log('warning .*root executes .*; until then there are no upgrades')


@pytest.mark.parametrize('fault', ['config', 'application', 'address'])
def test_what_is_broken_leaves_the_old_master_serving(server, fault):
    running = server(version('old'))
    running.expect_error('.')
    old, workers = running.pid, running.workers()
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        if fault == 'config':
            running.write_config({'workers': {'coers': 3}})
        elif fault == 'application':
            running.write_app('import is_not_there\n')
        else:
            running.write_config({'listen': [
                'http://127.0.0.1:0', 'http://127.0.0.1:%d' % taken.getsockname()[1]]})
        running.signal(signal.SIGUSR2)
        status = running.follow(1)
    assert status['upgrade']['result'] == 'failed'
    assert {'config': 'coers', 'application': 'is_not_there',
            'address': 'in use'}[fault] in status['upgrade']['error']
    assert (status['pid'], running.workers()) == (old, workers)
    assert running.get('/').text == 'old'


def test_unix_sockets_keep_their_files_until_the_last_master_goes(server):
    paths = ['one.sock', 'two.sock']
    running = server(HELLO, {'listen': [f'http+unix:{path}' for path in paths]})
    inodes = [(running.folder / path).stat().st_ino for path in paths]
    running.write_config({'listen': f'http+unix:{paths[0]}'})
    old = running.pid
    running.signal(signal.SIGUSR2)
    running.follow(1)
    assert procfs.wait_gone(old, DEADLINE)
    assert (running.folder / paths[0]).stat().st_ino == inodes[0]
    assert not (running.folder / paths[1]).exists()
    assert running.get('/').text == 'hello'
    assert running.stop() == 0
    assert not (running.folder / paths[0]).exists()


def test_requests_and_kept_connections_live_on(server):
    running = server(HOLD)
    old, = running.workers()
    with running.raw() as held, running.raw() as kept, running.raw() as other:
        for one in (kept, other):
            one.send(b'GET /pid HTTP/1.1\r\nHost: x\r\n\r\n')
            assert int(one.read_answer().body) == old
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        former = running.pid
        running.signal(signal.SIGUSR2)
        status = running.follow(1)
        assert status['upgrade']['former'] == former
        # The first connections may overtake the master's message to the old worker.
        while int(running.get('/pid').body) == old:
            pass
        answer = None
        while answer is None or answer.header('connection') != 'close':
            # The first request may still overtake the master's message to the old worker.
            kept.send(b'GET /pid HTTP/1.1\r\nHost: x\r\n\r\n')
            answer = kept.read_answer()
            assert int(answer.body) == old
        other.send(b'GET /release HTTP/1.1\r\nHost: x\r\n\r\n')
        assert other.read_answer().header('connection') == 'close'
        assert held.read_answer().body == b'/hold'
    assert procfs.wait_gone(former, DEADLINE)


def test_a_daemon_upgrades_and_keeps_its_pidfile(make_server):
    running = make_server()
    running.write_app(version('old'))
    pidfile = running.folder / 'geventd.pid'
    running.write_config({'process': {'pidfile': str(pidfile), 'daemonize': True}})
    running.start(wait=False)
    assert running.wait_exit() == 0
    running.wait_ready()
    daemon = running.successor = int(pidfile.read_text())
    running.write_app(version('new'))
    os.kill(daemon, signal.SIGUSR2)
    running.follow(1)
    assert procfs.wait_gone(daemon, DEADLINE)
    assert int(pidfile.read_text()) == running.pid != daemon
    assert running.get('/').text == 'new'
    second = make_server()
    second.write_app(HELLO)
    second.write_config({'process': {'pidfile': str(pidfile)}})
    second.start(wait=False)
    second.expected_exit = 1
    assert second.wait_exit() == 1
    second.wait_log(f'pidfile .*held by process {running.pid}')
    assert running.stop() == 0
    assert not pidfile.exists()


def test_systemd_is_told_in_the_right_order(make_server):
    running = make_server()
    running.write_app(HELLO)
    running.write_config()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        systemd.bind(str(running.folder / 'notify'))
        systemd.settimeout(DEADLINE)
        running.start(environment={'NOTIFY_SOCKET': str(running.folder / 'notify')})
        old = running.pid
        running.signal(signal.SIGUSR2)
        running.follow(1)
        heard = []
        while not heard or heard[-1] != (running.pid, 'READY=1'):
            data, ancillary, _, _ = systemd.recvmsg(4096, 64)
            sender = int.from_bytes(ancillary[0][2][:4], 'little')
            heard += [(sender, line) for line in data.decode().splitlines()
                      if line.startswith(('READY', 'RELOADING', 'MAINPID', 'STOPPING'))]
    assert heard == [(old, 'READY=1'), (old, 'RELOADING=1'), (old, f'MAINPID={running.pid}'),
                     (running.pid, 'READY=1')]
    (running.folder / 'notify').unlink()


# --- during an upgrade ---------------------------------------------------------------------------

# Loads once the file `go` exists.
SLOW = '''
import os
import time

print('loading', os.path.exists('slow'), flush=True)
while os.path.exists('slow') and not os.path.exists('go'):
    time.sleep(0.01)

''' + HELLO


@pytest.fixture
def midway(server):
    """Starts an upgrade, in which the new master is still loading; returns the new master's pid."""
    running = server(SLOW, {'process': {'pidfile': 'geventd.pid'}})
    (running.folder / 'slow').touch()
    running.signal(signal.SIGUSR2)
    running.wait_log('loading True')
    status = running.wait_status(lambda s: s['upgrade']['successor'])
    assert status['upgrade']['result'] == 'running'
    return running, status['upgrade']['successor']


def finish_midway(running):
    """Lets the new master get ready."""
    (running.folder / 'go').touch()
    return running.follow(1)


def test_a_second_one_is_refused_meanwhile(midway):
    running, successor = midway
    running.signal(signal.SIGUSR2)
    running.wait_log('no upgrade: another upgrade is under way')
    os.kill(successor, signal.SIGUSR2)
    status = finish_midway(running)
    assert (status['upgrade']['result'], status['pid']) == ('done', successor)
    assert status['upgrade']['count'] == 1


def test_a_reload_meanwhile_is_done_by_the_new_master(midway):
    running, successor = midway
    running.signal(signal.SIGHUP)
    running.wait_log('a new master is being started; another reload follows')
    finish_midway(running)
    status = running.wait_status(lambda s: s['reload']['result'] == 'done')
    assert status['pid'] == successor
    assert status['generations'][-1]['number'] == 3


# With sanitizers SIGSEGV would give a sanitizer's report.
@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM,
                                    signal.SIGABRT if SANITIZED else signal.SIGSEGV])
def test_the_end_of_the_new_master_changes_nothing(midway, number):
    running, successor = midway
    old, workers = running.process.pid, running.workers()
    running.expect_error('the upgrade failed')
    os.kill(successor, number)
    status = running.follow(1)
    assert (status['upgrade']['result'], status['pid']) == ('failed', old)
    assert running.workers() == workers
    assert (running.folder / 'geventd.pid').read_text() == f'{old}\n'
    assert running.get('/').text == 'hello'
    (running.folder / 'go').touch()
    running.signal(signal.SIGUSR2)
    assert running.follow(2)['upgrade']['result'] == 'done'


def test_sigterm_to_the_old_master_stops_both(midway):
    running, successor = midway
    running.expect_error('the upgrade failed')
    running.signal(signal.SIGTERM)
    assert running.process.wait(DEADLINE) == 0
    assert procfs.wait_gone(successor, DEADLINE)


def test_a_killed_old_master_takes_the_new_one_with_it(midway):
    running, successor = midway
    running.expect_error('the former master ended before it handed over')
    running.expected_exit = -signal.SIGKILL
    running.signal(signal.SIGKILL)
    assert procfs.wait_gone(successor, DEADLINE)
    (running.folder / 'go').touch()
    running.process.wait(DEADLINE)
    for name in ('geventd.pid', 'ctl'):  # a killed master leaves these behind
        (running.folder / name).unlink()


def test_the_old_master_is_stopped_while_it_drains(server):
    running = server(HOLD)
    with running.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        former = running.pid
        running.signal(signal.SIGUSR2)
        running.follow(1)
        os.kill(former, signal.SIGTERM)
        running.wait_log('SIGTERM from')
        os.kill(former, signal.SIGHUP)
        running.wait_log('SIGHUP from')
        assert procfs.is_alive(former)
        os.kill(former, signal.SIGTERM)
        assert procfs.wait_gone(former, DEADLINE)
        assert held.is_closed_by_server()
    assert running.get('/x').text == '/x'
