# SPDX-License-Identifier: MIT
"""Unix sockets whose files somebody removes or replaces are created again, and never confused with
whatever takes their place."""
import os
import shutil
import signal
import socket

import pytest

from harness import client, procfs
from harness.apps import HELLO, HOLD
from harness.limits import DEADLINE

LISTEN = {'listen': 'http+unix:app.sock'}


@pytest.mark.parametrize('way', ['reload', 'upgrade'])
def test_a_removed_listener_is_made_again(server, way):
    running = server(HOLD, {**LISTEN, 'process': {'pidfile': 'geventd.pid'}})
    path = running.folder / 'app.sock'
    with running.raw() as held, running.raw() as kept:
        kept.send(b'GET /pid HTTP/1.1\r\nHost: x\r\n\r\n')
        kept.read_answer()
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        path.unlink()
        master = running.pid
        result = running.ctl(way)
        assert result.returncode == 0, result.stderr
        running.wait_log('http[+]unix:app.sock no longer leads to the server: a new socket is made')
        if way == 'upgrade':
            assert running.follow(1)['pid'] != master
        assert running.get('/x').text == '/x'
        kept.send(b'GET /release HTTP/1.1\r\nHost: x\r\n\r\n')  # to the former worker
        assert held.read_answer().body == b'/hold'
    assert running.stop() == 0
    assert not path.exists()


def test_a_failed_reload_takes_its_new_socket_back(server):
    running = server(HELLO, LISTEN)
    path = running.folder / 'app.sock'
    path.unlink()
    running.expect_error('the reload failed|Error')
    running.write_app('import is_not_there\n')
    assert running.ctl('reload').returncode == 1
    assert not path.exists()
    running.write_app(HELLO)
    assert running.ctl('reload').returncode == 0
    assert running.get('/').text == 'hello'


def test_a_failed_upgrade_takes_its_new_socket_back(server):
    running = server(HELLO, LISTEN)
    path = running.folder / 'app.sock'
    path.unlink()
    running.expect_error('.')
    running.write_app('import is_not_there\n')
    assert running.ctl('upgrade').returncode == 1
    running.follow(1)
    assert not path.exists()
    running.write_app(HELLO)
    assert running.ctl('upgrade').returncode == 0
    running.follow(2)
    assert running.get('/').text == 'hello'


@pytest.mark.parametrize('way', ['reload', 'upgrade'])
def test_what_another_listens_on_by_now_is_left_alone(server, way):
    running = server(HELLO, {'listen': ['http://127.0.0.1:0', 'http+unix:app.sock']})
    path = running.folder / 'app.sock'
    path.unlink()
    running.expect_error('failed')
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        inode = path.stat().st_ino
        result = running.ctl(way)
        assert result.returncode == 1
        assert f'(pid {os.getpid()}) is listening there' in result.stderr
        assert running.get('/').text == 'hello'
        assert running.stop() == 0
        assert path.stat().st_ino == inode
    path.unlink()


def test_the_control_socket_is_made_again_by_itself(server):
    running = server(HELLO)
    running.control_path.unlink()
    running.wait_log(f'control socket {running.control_path} was removed: a new one is made')
    assert running.status()['pid'] == running.pid
    assert running.control_path.stat().st_mode & 0o777 == 0o600
    old = running.pid
    running.signal(signal.SIGUSR2)
    running.follow(1)
    assert procfs.wait_gone(old, DEADLINE)
    assert running.status()['pid'] == running.pid != old


def test_where_the_server_is_watched_is_made_again_by_itself(server):
    running = server(HELLO, {'metrics': {'listen': 'http+unix:watch.sock'}})
    (running.folder / 'watch.sock').unlink()
    running.wait_log('metrics at', count=2)
    with client.RawClient(str(running.folder / 'watch.sock')) as watcher:
        watcher.send(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        assert watcher.read_answer().status == 200


def test_where_it_is_watched_waits_for_its_folder_to_come_back(make_server):
    running = make_server()
    (running.folder / 'run').mkdir()
    running.write_app(HELLO)
    running.write_config({'metrics': {'listen': 'http+unix:run/watch.sock',
                                      'uwsgi-stats': 'stats.sock'}})
    running.start()
    running.expect_error('metrics: ')
    # Moved away first: while a folder is being emptied, the socket may be created in it again.
    os.rename(running.folder / 'run', running.folder / 'gone')
    shutil.rmtree(running.folder / 'gone')
    (running.folder / 'stats.sock').unlink()
    running.wait_log("uWSGI's stats at", count=2)  # this socket's address is free
    running.wait_log('metrics: .*it is tried again and again')
    (running.folder / 'run').mkdir()
    running.wait_log('metrics at', count=2)
    with client.RawClient(str(running.folder / 'run/watch.sock')) as watcher:
        watcher.send(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        assert watcher.read_answer().status == 200
    assert running.log.text().count('it is tried again and again') == 1


def test_a_control_socket_that_is_not_ours_stands_in_the_way_until_it_goes(server):
    running = server(HELLO)
    running.expect_error('geventctl cannot reach the server')
    with socket.socket(socket.AF_UNIX) as other:
        # Bound and put there in one step, so that there is no gap for the server.
        other.bind(str(running.folder / 'other'))
        other.listen()
        os.rename(running.folder / 'other', running.control_path)
        running.wait_log('geventctl cannot reach the server: .*set control to another path')
        os.unlink(running.control_path)
    running.wait_log('was removed: a new one is made')
    assert running.status()['pid'] == running.pid
