# SPDX-License-Identifier: MIT
"""log.file in places where others than root may create files, or where opening it would make the
master wait."""
import grp
import os
import pathlib
import pwd
import re
import select
import signal
import stat

import pytest

from harness import client
from harness.apps import HELLO
from harness.limits import DEADLINE
from harness.program import check

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root has tenants')
TENANT = 'www-data'


def prepare(made, mode=0o755, owner='root', **process):
    """A server whose log is in a folder `logs` of that owner."""
    made.folder.parent.chmod(0o755)
    made.folder.chmod(0o755)
    logs = made.folder / 'logs'
    logs.mkdir()
    entry = pwd.getpwnam(owner)
    os.chown(logs, entry.pw_uid, entry.pw_gid)
    logs.chmod(mode)
    made.write_app(HELLO)
    made.write_config({'log': {'file': str(logs / 'server.log')}, 'process': process,
                       'metrics': {'listen': 'http+unix:watch.sock'}})
    return logs / 'server.log'


def start(made, log, **options):
    made.start(wait=False, **options)
    made.wait_file(log, 'ready')


def refused(made, why, checked=True, **options):
    made.expected_exit = 1
    made.start(wait=False, **options)
    assert made.wait_exit() == 1
    made.wait_log(f'log.file .*{why}')
    if checked:
        code, said = check(made, **options)
        assert code == 1 and re.search(f'log.file .*{why}', said), said


def is_healthy(running):
    with client.RawClient(str(running.folder / 'watch.sock')) as watcher:
        watcher.send(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        return watcher.read_answer().status == 200


def replace_by_link(log, target):
    log.rename(log.with_name('old.log'))
    os.symlink(target, log)


def read_until(reader, text):
    got = b''
    while text not in got:
        assert select.select([reader], [], [], DEADLINE)[0], got
        got += os.read(reader, 65536)


# --- a folder that the tenant may change ----------------------------------------------------------

@as_root
def test_in_the_tenants_folder_the_log_is_the_tenants(make_server):
    made = make_server()
    log = prepare(made, owner=TENANT, user=TENANT)
    start(made, log)
    assert log.stat().st_uid == pwd.getpwnam(TENANT).pw_uid
    assert stat.S_IMODE(log.stat().st_mode) == 0o640


@as_root
@pytest.mark.parametrize('mode', [0o755, 0o1777])
def test_a_link_of_the_tenant_is_not_followed(make_server, mode):
    made = make_server()
    log = prepare(made, mode, owner=TENANT, user=TENANT)
    precious = made.folder / 'precious'
    precious.write_text('data')
    start(made, log)
    replace_by_link(log, precious)
    made.signal(signal.SIGUSR1)
    made.wait_file(log.with_name('old.log'), 'cannot be opened again')
    assert precious.read_text() == 'data'
    assert made.stop() == 0
    refused(made, 'is a link, which is not followed')
    assert precious.read_text() == 'data'


@as_root
def test_a_link_in_the_place_of_the_folder_is_not_followed(make_server):
    made = make_server()
    log = prepare(made, owner=TENANT, user=TENANT)
    (log.parent / 'deep').mkdir()
    os.chown(log.parent / 'deep', *[pwd.getpwnam(TENANT).pw_uid] * 2)
    made.write_config({'log': {'file': str(log.parent / 'deep' / 'server.log')},
                       'process': {'user': TENANT}})
    (log.parent / 'deep').rmdir()
    (made.folder / 'secret').mkdir()
    os.symlink(made.folder / 'secret', log.parent / 'deep')
    refused(made, 'deep is a link, which is not followed')
    assert not list((made.folder / 'secret').iterdir())


@as_root
@pytest.mark.parametrize('kind, why', [
    ('second name', 'more than one name|rights of user www-data'), ('fifo', 'nobody reads'),
    ("root's", 'with the rights of user www-data')])
def test_what_else_the_tenant_puts_there_is_refused(make_server, kind, why):
    made = make_server()
    log = prepare(made, owner=TENANT, user=TENANT)
    precious = made.folder / 'precious'
    precious.write_text('data')
    if kind == 'second name':
        precious.chmod(0o666)
        os.link(precious, log)
    elif kind == 'fifo':
        os.mkfifo(log, 0o666)
        os.chmod(log, 0o666)
    else:
        os.rename(precious, log)
    refused(made, why, checked=kind != 'fifo')  # --check leaves FIFOs alone: others may read them
    assert kind == 'fifo' or log.read_text() == 'data'


@as_root
@pytest.mark.parametrize('group, process', [
    ('staff', {'user': TENANT, 'group': 'staff'}),  # which has no members
    ('root', {'user': TENANT, 'group': 'root'})])
def test_in_a_folder_of_the_tenants_group_links_are_not_followed(make_server, group, process):
    made = make_server()
    log = prepare(made, **process)
    os.chown(log.parent, 0, grp.getgrnam(group).gr_gid)
    log.parent.chmod(0o2775)
    precious = made.folder / 'precious'
    precious.write_text('data')
    start(made, log)
    assert log.stat().st_uid == pwd.getpwnam(TENANT).pw_uid
    replace_by_link(log, precious)
    made.signal(signal.SIGUSR1)
    made.wait_file(log.with_name('old.log'), 'cannot be opened again')
    assert precious.read_text() == 'data'


# --- a folder that others may change --------------------------------------------------------------

@as_root
@pytest.mark.parametrize('mode, owner, why', [
    (0o777, 'root', 'everybody may change .*/logs'),
    (0o755, 'nobody', 'user nobody may change it')])
def test_a_folder_that_others_may_change_is_refused(make_server, mode, owner, why):
    made = make_server()
    prepare(made, mode, owner)
    refused(made, why)


@as_root
def test_in_a_folder_like_tmp_only_an_own_file_is_used(make_server):
    made = make_server()
    log = prepare(made, 0o1777)
    start(made, log)
    assert log.stat().st_uid == 0
    made.signal(signal.SIGUSR1)
    made.wait_file(log, 'the log goes on in a new')
    assert made.stop() == 0
    os.chown(log, pwd.getpwnam('nobody').pw_uid, 0)
    refused(made, 'user nobody may change it')


@as_root
def test_in_a_folder_like_tmp_a_second_name_of_a_file_of_roots_is_refused(make_server):
    made = make_server()
    log = prepare(made, 0o1777)
    precious = made.folder / 'precious'
    precious.write_text('data')
    os.link(precious, log)  # possible for anybody, without fs.protected_hardlinks
    refused(made, 'it has more than one name, and others may make files in its folder')
    assert precious.read_text() == 'data'


@pytest.mark.parametrize('how', ['itself', 'by a link'])
def test_an_open_pipe_of_another_process_is_possible(make_server, how):
    """Like /proc/1/fd/1 in a container whose first process is not geventd."""
    made = make_server()
    log = prepare(made, 0o700)
    reader, writer = os.pipe()
    name = f'/proc/{os.getpid()}/fd/{writer}'
    if how == 'itself':
        made.write_config({'log': {'file': name}})
    else:
        os.symlink(name, log)
    made.start(wait=False)
    read_until(reader, b' ready: ')
    made.signal(signal.SIGUSR1)
    read_until(reader, b'the log goes on in a new')
    assert made.stop() == 0
    os.close(reader)
    os.close(writer)


def test_a_log_at_the_limit_of_the_file_size_ends_nothing(make_server):
    made = make_server()
    log = prepare(made, 0o700)
    limit = 1 << 33  # more than the shared memory
    log.touch()
    os.truncate(log, limit - 300)
    made.start(wait=False, wrapper=['prlimit', f'--fsize={limit}'])
    made.wait_serving()
    worker, = made.workers()
    made.signal(signal.SIGUSR1)  # makes the master log a line
    made.signal(signal.SIGHUP)
    made.wait_workers(1, without=[worker])
    assert is_healthy(made)
    assert log.stat().st_size <= limit
    os.truncate(log, 0)
    made.signal(signal.SIGUSR1)
    made.wait_file(log, 'were lost here')
    assert made.stop() == 0


def test_a_link_of_the_administrator_is_followed(make_server):
    made = make_server()
    log = prepare(made, 0o700)
    (made.folder / 'elsewhere').mkdir()
    os.symlink('../elsewhere/there.log', log)
    start(made, made.folder / 'elsewhere' / 'there.log')


@pytest.mark.parametrize('name, sign', [
    ('/dev/stdout', 'SIGUSR1 from'), ('/dev/stderr', 'SIGUSR1 from'), ('/dev/fd/2', 'SIGUSR1 from'),
    ('/proc/self/fd/1', 'the log goes on in a new')])
def test_the_standard_descriptors_are_possible(server, name, sign):
    running = server(HELLO, {'log': {'file': name}})
    since = running.log.mark()
    running.signal(signal.SIGUSR1)
    running.wait_log(sign, since=since)
    assert running.get('/').status == 200


def test_a_device_is_possible(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'log': {'file': '/dev/null'}})
    made.start(wait=False)
    made.wait_serving()
    assert made.stop() == 0


# --- a master without privileges ------------------------------------------------------------------

WITHOUT = TENANT if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def without_privileges(made):
    """A wrapper that starts the server as a user who is not root."""
    user = pwd.getpwnam(WITHOUT)
    os.chown(made.folder, user.pw_uid, user.pw_gid)  # for the control socket in it
    become = ['setpriv', f'--reuid={WITHOUT}', f'--regid={WITHOUT}', '--clear-groups']
    return {'wrapper': become if os.geteuid() == 0 else []}


@pytest.mark.parametrize('mode, owner, why', [
    pytest.param(0o777, WITHOUT, 'everybody may change .*/logs', id='of everybody'),
    pytest.param(0o755, 'nobody', 'user nobody may change it', id='of another', marks=as_root),
    pytest.param(0o777, 'root', 'everybody may change .*/logs', id='of root', marks=as_root)])
def test_it_refuses_a_folder_that_others_may_change(make_server, mode, owner, why):
    made = make_server()
    log = prepare(made, mode, owner)
    refused(made, why, **without_privileges(made))
    assert not log.exists()


def test_it_writes_in_a_folder_of_its_own(make_server):
    made = make_server()
    log = prepare(made, owner=WITHOUT)
    start(made, log, **without_privileges(made))
    made.addresses = made.status()['listen']
    assert made.get('/').text == 'hello'
    old = log.with_name('old.log')
    log.rename(old)
    made.signal(signal.SIGUSR1)
    made.wait_file(log, 'the log goes on in a new')
    assert made.stop() == 0
    assert 'has stopped' in log.read_text() and 'has stopped' not in old.read_text()
    assert {log.stat().st_uid, old.stat().st_uid} == {pwd.getpwnam(WITHOUT).pw_uid}


# --- a master that waits for nobody ---------------------------------------------------------------

def test_a_fifo_without_a_reader_does_not_hold_the_master(make_server):
    made = make_server()
    log = prepare(made, 0o700)
    start(made, log)
    old = log.with_name('old.log')
    log.rename(old)
    os.mkfifo(log)
    made.signal(signal.SIGUSR1)
    made.wait_file(old, 'cannot be opened again')
    assert 'nobody reads from this FIFO' in old.read_text()
    assert is_healthy(made)
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    made.signal(signal.SIGUSR1)
    assert select.select([reader], [], [], DEADLINE)[0]
    assert b'the log goes on in a new' in os.read(reader, 4096)
    # What an application prints there waits for the reader, as it would anywhere.
    info = pathlib.Path(f'/proc/{made.pid}/fdinfo/2').read_text()
    assert not int(re.search(r'flags:\s+(\d+)', info)[1], 8) & os.O_NONBLOCK
    assert made.stop() == 0
    os.close(reader)
    refused(made, 'nobody reads from this FIFO', checked=False)


@pytest.mark.parametrize('number', [signal.SIGHUP, signal.SIGUSR2])
def test_a_configuration_that_is_a_fifo_by_now_does_not_hold_the_master(server, number):
    running = server(HELLO, {'metrics': {'listen': 'http+unix:watch.sock'}})
    running.expect_error('failed')
    running.config_path.rename(running.folder / 'kept.yaml')
    os.mkfifo(running.config_path)
    running.signal(number)
    running.wait_log('failed.*server.yaml.*cannot be read: it is no regular file')
    assert is_healthy(running)
    assert running.get('/').status == 200
    (running.folder / 'kept.yaml').rename(running.config_path)
    running.signal(signal.SIGHUP)
    running.wait_log('ready: .*generation 2')


def test_a_configuration_may_come_through_a_pipe_once(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config()
    made.expect_error('the reload failed')
    script = 'exec "$0" -c <(cat server.yaml)'
    made.start(arguments=[], wrapper=['bash', '-c', script])
    assert made.get('/').text == 'hello'
    made.signal(signal.SIGHUP)
    made.wait_log('the reload failed.*cannot be read')
    assert made.get('/').text == 'hello'
