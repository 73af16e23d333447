# SPDX-License-Identifier: MIT
"""The server among the other processes of its host: users, pidfile, daemon, systemd."""
import grp
import json
import os
import pwd
import re
import signal
import stat
import subprocess

import pytest

from harness import procfs, program
from harness.apps import HELLO
from harness.limits import DEADLINE
from harness.server import READY

IDENTITY = '''
import json
import os


def application(environ, start_response):
    open('made', 'w').close()
    body = json.dumps({'uid': os.getresuid(), 'gid': os.getresgid(),
                       'groups': os.getgroups()}).encode()
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('Content-Length', str(len(body)))])
    return [body]
'''

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can become somebody else')


def real_ids(pid):
    for line in open(f'/proc/{pid}/status', encoding='utf-8'):
        if line.startswith('Uid:'):
            return [int(word) for word in line.split()[1:]]
    raise AssertionError(pid)


def open_folder(running, mode=0o755):
    """Lets other users see a test's files there."""
    running.folder.parent.chmod(0o755)
    running.folder.chmod(mode)


# --- user, group, umask --------------------------------------------------------------------------

@as_root
@pytest.mark.parametrize('preload', [True, False])
def test_workers_run_as_the_wanted_user_and_the_master_stays_root(make_server, preload):
    running = make_server()
    user = pwd.getpwnam('www-data')
    open_folder(running)
    (running.folder / 'work').mkdir()
    os.chown(running.folder / 'work', user.pw_uid, user.pw_gid)
    running.write_app(IDENTITY, 'work/app.py')
    running.write_config({'app': {'chdir': str(running.folder / 'work'), 'preload': preload},
                          'process': {'user': 'www-data', 'umask': '027'}})
    running.start()
    identity = json.loads(running.get('/').body)
    assert identity == {'uid': [user.pw_uid] * 3, 'gid': [user.pw_gid] * 3,
                        'groups': os.getgrouplist('www-data', user.pw_gid)}
    assert real_ids(running.pid) == [0] * 4
    others = set(procfs.children(running.pid))
    assert others and all(real_ids(pid) == [user.pw_uid] * 4 for pid in others)
    assert stat.S_IMODE((running.folder / 'work' / 'made').stat().st_mode) == 0o640
    old = running.workers()
    running.signal(signal.SIGHUP)
    running.wait_workers(1, without=old)


@as_root
def test_a_group_of_its_own_takes_the_place_of_the_users(make_server):
    running = make_server()
    open_folder(running, 0o777)
    running.write_app(IDENTITY)
    running.write_config({'process': {'user': 'www-data', 'group': 'games'}})
    running.start()
    identity = json.loads(running.get('/').body)
    assert identity['gid'] == [grp.getgrnam('games').gr_gid] * 3


@as_root
def test_the_check_loads_the_application_as_that_user(make_server):
    running = make_server()
    open_folder(running)
    running.write_app(HELLO)
    (running.folder / 'app.py').chmod(0o600)
    running.write_config({'process': {'user': 'www-data'}})
    running.start(['-c', str(running.config_path), '--check'], wait=False)
    running.expected_exit = 1
    assert running.wait_exit() == 1
    running.wait_log('Permission denied|PermissionError')


@pytest.mark.parametrize('key', ['user', 'group'])
def test_an_unknown_name_is_said(make_server, key):
    running = make_server()
    running.write_app(HELLO)
    running.write_config({'process': {key: 'nobody-of-that-name'}})
    running.start(wait=False)
    running.expected_exit = 1
    assert running.wait_exit() == 1
    running.wait_log(f"process: there is no {key} 'nobody-of-that-name'")


def as_nobody(made):
    """(exit code, output) of --check as user and group 65534, who could not become another."""
    made.write_app(HELLO)
    open_folder(made, 0o777)
    return program.check(made, wrapper=('setpriv', '--reuid', '65534', '--regid', '65534',
                                        '--clear-groups'))


@as_root
@pytest.mark.parametrize('user', ['nobody', '65534'])
def test_the_present_user_may_be_named_without_root(make_server, user):
    made = make_server()
    made.write_config({'process': {'user': user}})
    code, said = as_nobody(made)
    assert code == 0, said


@as_root
def test_another_user_without_root_is_a_sentence(make_server):
    made = make_server()
    made.write_config({'process': {'user': 'www-data'}})
    code, said = as_nobody(made)
    assert code == 1
    assert 'user nobody started geventd, and only root can give its workers another user' in said


# --- pidfile -------------------------------------------------------------------------------------

def test_the_pidfile_is_held_and_removed(make_server):
    running = make_server()
    running.write_app(HELLO)
    running.write_config({'process': {'pidfile': 'geventd.pid'}})
    running.start()
    pidfile = running.folder / 'geventd.pid'
    assert pidfile.read_text().strip() == str(running.pid)
    second = make_server()
    second.write_app(HELLO)
    second.write_config({'process': {'pidfile': str(pidfile)}})
    second.start(wait=False)
    second.expected_exit = 1
    assert second.wait_exit() == 1
    second.wait_log(f'process.pidfile .*{running.pid}')
    assert running.get('/').status == 200
    assert running.stop() == 0
    assert not pidfile.exists()


@as_root
def test_a_lock_of_another_user_does_not_refuse_the_start(make_server):
    running = make_server()
    running.write_app(HELLO)
    open_folder(running)
    pidfile = running.folder / 'geventd.pid'
    pidfile.write_text('1\n')
    running.write_config({'process': {'pidfile': str(pidfile)}})
    holder = subprocess.Popen(['flock', '--shared', str(pidfile), 'sh', '-c', 'echo held; cat'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=65534,
                              group=65534)
    assert holder.stdout.readline() == b'held\n'
    running.start()
    assert pidfile.read_text().strip() == str(running.pid)
    assert stat.S_IMODE(pidfile.stat().st_mode) & 0o444 == 0o444
    lock = pidfile.with_name('geventd.pid.lock').stat()
    assert (stat.S_IMODE(lock.st_mode), lock.st_uid) == (0o600, 0)
    holder.communicate()
    assert running.stop() == 0
    assert not pidfile.with_name('geventd.pid.lock').exists()


@as_root
@pytest.mark.parametrize('owner, mode, who', [
    ('www-data', 0o755, 'user www-data may change it'), ('root', 0o777, 'everybody may change'),
    ('root', 0o1777, None), ('root', 0o755, None)])
def test_who_may_replace_the_pidfile_is_said(make_server, owner, mode, who):
    running = make_server()
    running.write_app(HELLO)
    open_folder(running)
    folder = running.folder / 'run'
    folder.mkdir()
    entry = pwd.getpwnam(owner)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    folder.chmod(mode)
    pidfile = folder / 'geventd.pid'
    running.write_config({'process': {'user': 'www-data', 'umask': '077',
                                      'pidfile': str(pidfile)}})
    running.start()
    assert stat.S_IMODE(pidfile.stat().st_mode) == 0o644
    said = re.search('process.pidfile .* may come to hold another pid: (.*)', running.log.text())
    assert (who in said[1]) if who else said is None


def test_a_pidfile_that_a_killed_master_left_is_no_obstacle(make_server):
    running = make_server()
    running.write_app(HELLO)
    pidfile = running.folder / 'geventd.pid'
    pidfile.write_text('1\n')
    running.write_config({'process': {'pidfile': str(pidfile)}})
    running.start()
    assert pidfile.read_text().strip() == str(running.pid)


# --- daemon --------------------------------------------------------------------------------------

def test_a_daemon_serves_when_the_command_returns(make_server):
    running = make_server()
    running.write_app(HELLO)
    pidfile = running.folder / 'geventd.pid'
    running.write_config({'process': {'pidfile': str(pidfile), 'daemonize': True}})
    running.start(wait=False)
    assert running.wait_exit() == 0
    running.wait_ready()
    assert running.get('/').status == 200
    daemon = int(pidfile.read_text())
    assert daemon == running.status()['pid'] != running.pid
    assert procfs.stat_fields(daemon)[3] != str(daemon)  # not a session leader
    assert procfs.stat_fields(daemon)[4] == '0'  # no terminal
    assert os.readlink(f'/proc/{daemon}/fd/0') == '/dev/null'
    assert running.ctl('stop').returncode == 0
    assert procfs.wait_gone(daemon, DEADLINE)
    assert not pidfile.exists()


PRINTS = '''
def application(environ, start_response):
    print('printed for', environ['PATH_INFO'], flush=True)
    start_response('200 OK', [('Content-Length', '0')])
    return []
'''


@pytest.mark.parametrize('preload', [True, False])
def test_a_daemon_goes_on_in_its_log_file_after_a_reload(make_server, preload):
    running = make_server()
    running.write_app(PRINTS)
    log, pidfile = running.folder / 'server.log', running.folder / 'geventd.pid'
    running.write_config({'log': {'file': str(log), 'access': 'common'},
                          'app': {'preload': preload},
                          'process': {'pidfile': str(pidfile), 'daemonize': True}})
    running.start(wait=False)
    assert running.wait_exit() == 0
    running.successor = daemon = int(pidfile.read_text())
    running.wait_file(log, ' ready: ')
    running.take_addresses(re.search(READY, log.read_text(), re.M))
    assert [os.readlink(f'/proc/{daemon}/fd/{fd}') for fd in range(3)] == [
        '/dev/null', str(log), str(log)]
    for count, command in enumerate(('reload', 'reopen-logs', 'reload')):
        running.get(f'/{count}')
        running.wait_file(log, f'printed for /{count}')
        running.wait_file(log, f'GET /{count}')
        assert running.ctl(command).returncode == 0
    running.wait_file(log, '(generation 3)')
    worker, = running.workers()
    os.kill(worker, signal.SIGKILL)  # its successor is forked by a template of the daemon
    running.expect_error('died')
    running.wait_workers(1, without=[worker])
    running.get('/last')
    running.wait_file(log, 'printed for /last')
    running.wait_file(log, 'GET /last')
    assert running.ctl('stop').returncode == 0
    assert procfs.wait_gone(daemon, DEADLINE)
    assert 'has stopped' in log.read_text()


def test_a_daemon_that_cannot_serve_is_said_by_the_command(make_server):
    running = make_server()
    running.write_app('raise RuntimeError("this does not load")')
    running.write_config({'process': {'daemonize': True}})
    running.start(wait=False)
    running.expected_exit = 1
    running.expect_error('cannot serve|RuntimeError')
    assert running.wait_exit() == 1
    running.wait_log('this does not load')


# --- requests of the application to the server ----------------------------------------------------

ASKS = '''
import os
import signal

import geventd


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/reload':
        geventd.reload()
    elif path == '/stop':
        geventd.stop()
    elif path == '/last-words':
        os.kill(os.getppid(), signal.SIGSTOP)  # so that it receives both at once later
        geventd.stop()
        os.kill(os.getpid(), signal.SIGKILL)
    body = str(os.getpid()).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


@as_root
def test_an_application_without_privileges_reloads_and_stops_the_server(make_server):
    running = make_server()
    open_folder(running)
    running.write_app(ASKS)
    running.write_config({'process': {'user': 'www-data'}})
    running.start()
    old = running.workers()
    assert int(running.get('/reload').body) == old[0]
    running.wait_log('the application asks for a reload')
    running.wait_workers(1, without=old)
    assert running.get('/stop').status == 200
    running.wait_log('the application asks for the end of the server')
    assert running.wait_exit() == 0


def test_the_last_words_of_a_worker_that_dies_are_heeded(server):
    running = server(ASKS)
    running.expect_error('died')
    worker, = running.workers()
    with running.raw() as client:
        client.send(b'GET /last-words HTTP/1.1\r\nHost: x\r\n\r\n')
        assert procfs.wait_gone(worker, DEADLINE)
        running.signal(signal.SIGCONT)
        assert running.wait_exit() == 0
    assert 'the application asks for the end of the server' in running.log.text()


def test_asking_while_the_application_is_loaded_is_refused(make_server):
    running = make_server()
    running.write_app('import geventd\ngeventd.reload()\n')
    running.write_config()
    running.start(wait=False)
    running.expected_exit = 1
    running.expect_error('cannot be loaded|RuntimeError')
    assert running.wait_exit() == 1
    running.wait_log('RuntimeError')


# --- process 1 of a container ---------------------------------------------------------------------

ORPHANS = '''
import os
import subprocess


def application(environ, start_response):
    if environ['PATH_INFO'] == '/orphan':  # whose parent is gone at once
        body = subprocess.check_output(['sh', '-c', 'sleep 0.01 >/dev/null & echo $!'])
    else:
        body = str(os.getppid()).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc']


@as_root
@pytest.mark.skipif(os.geteuid() != 0 or os.system(' '.join(CONTAINER) + ' true 2>/dev/null') != 0,
                    reason='namespaces cannot be made here')
def test_as_process_1_it_reaps_strangers_and_stops_on_sigterm(make_server):
    running = make_server()
    running.write_app(ORPHANS)
    running.write_config()
    running.start(wrapper=CONTAINER)
    master, = procfs.children(running.pid)
    assert running.status()['pid'] == 1
    assert running.get('/').body == b'1'  # the worker's parent
    running.wait_status(lambda s: s['generations'][0]['spare_pid'])
    family = set(procfs.children(master))
    for _ in range(3):
        running.get('/orphan')
    running.wait_status(lambda _: set(procfs.children(master)) == family)  # zombies count too
    worker = running.workers()
    os.kill(master, signal.SIGHUP)
    running.wait_workers(1, without=worker)
    os.kill(master, signal.SIGTERM)
    assert running.wait_exit() == 0
    running.wait_log('has stopped')
