# SPDX-License-Identifier: MIT
"""What a reload may change, what it says needs a restart, and what it leaves alone."""
import os
import signal
import subprocess

import pytest

from harness import procfs
from harness.apps import HELLO, HOLD
from harness.limits import PYTHON

PRELOAD = pytest.mark.parametrize('preload', [True, False])

TELL = '''
import os
import sys

try:
    from marker import TEXT
except ImportError:
    TEXT = 'none'
AT_IMPORT = os.environ.get('OWN', '-')


def application(environ, start_response):
    body = ' '.join((AT_IMPORT, os.environ.get('OWN', '-'), TEXT, sys.prefix)).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

DIES_IN_WORKERS = '''
import os
import uwsgi


def die():
    if os.path.exists('deadly'):
        os._exit(3)


uwsgi.post_fork_hook = die
''' + HELLO


def reload(running, config):
    """Reloads with that configuration and waits until the old generation has gone."""
    running.write_config(config)
    result = running.ctl('reload')
    assert result.returncode == 0, result.stdout + result.stderr
    running.wait_status(lambda s: len(s['generations']) == 1)


def test_listeners_come_and_go(server):
    kept, dropped = 'http+unix:kept.sock', 'http+unix:dropped.sock'
    running = server(HELLO, {'listen': [kept, dropped]})
    assert running.get('/', index=1).status == 200
    with running.raw(index=1) as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_answer()
        running.write_config({'listen': [kept, 'uwsgi+unix:added.sock', 'http+unix:new.sock']})
        assert running.ctl('reload').returncode == 0
        # Connections of the old worker live on until it says so with an answer.
        ending = None
        while ending != 'close':
            client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
            answer = client.read_answer()
            ending = answer.header('connection')
            assert answer.status == 200
    running.wait_status(lambda s: len(s['generations']) == 1)
    assert not (running.folder / 'dropped.sock').exists()
    running.addresses = [kept, 'http+unix:new.sock']
    assert running.get('/', index=0).status == running.get('/', index=1).status == 200
    assert (running.folder / 'added.sock').is_socket()


def test_a_port_that_is_dropped_refuses_and_one_that_is_added_answers(server):
    running = server(HELLO, {'listen': ['http://127.0.0.1:0', 'http+unix:own.sock']})
    port = running.port(0)
    reload(running, {'listen': ['http+unix:own.sock']})
    with pytest.raises(ConnectionRefusedError):
        running.raw(index=0)
    reload(running, {'listen': [f'http://127.0.0.1:{port}', 'http+unix:own.sock']})
    assert running.get('/').status == 200


@PRELOAD
def test_environment_and_virtualenv(server, folder, preload):
    base = {'app': {'preload': preload, 'environment': {'OWN': 'first'}}}
    running = server(TELL, base)
    assert running.get('/').text.split()[:3] == ['first', 'first', 'none']
    venv = folder / 'venv'
    subprocess.run([PYTHON, '-m', 'venv', '--without-pip', '--system-site-packages', str(venv)],
                   check=True)
    packages, = venv.glob('lib/python3*/site-packages')
    (packages / 'marker.py').write_text('TEXT = "from the virtualenv"\n')
    reload(running, {'app': {'preload': preload, 'environment': {'OWN': 'second'},
                             'virtualenv': str(venv)}})
    assert running.get('/').text == f'second second from the virtualenv {venv}'
    reload(running, {'app': {'preload': preload}})
    assert running.get('/').text.split()[:3] == ['-', '-', 'none']


@pytest.mark.parametrize('change, told', [
    ({'control': 'other.ctl'}, 'control: a new path takes effect with a restart'),
    ({'process': {'umask': '027'}}, 'process: these settings take effect with a restart'),
    ({'signals': {'queue': 128}}, 'signals: sizes and limits .* take effect with a restart'),
])
def test_what_needs_a_restart_is_said(server, change, told):
    running = server(HELLO)
    path = running.config_path.read_text()
    running.write_config(change)
    running.signal(signal.SIGHUP)
    running.wait_log('warning.*' + told)
    running.config_path.write_text(path)  # for geventctl, which reads the path from it
    running.wait_status(lambda s: len(s['generations']) == 1 and s['reload']['result'] == 'done')


@PRELOAD
def test_workers_that_die_before_they_are_ready(server, preload):
    running = server(DIES_IN_WORKERS, {'app': {'preload': preload}})
    running.expect_error('died|reload failed')
    old = running.workers()
    deadly = running.folder / 'deadly'
    deadly.touch()
    result = running.ctl('reload')
    assert result.returncode == 1
    assert 'exited with code 3' in result.stdout + result.stderr
    status = running.status()
    assert status['reload']['result'] == 'failed'
    assert 'exited with code 3' in status['reload']['error']
    running.wait_log('error.*exited with code 3')
    assert running.workers() == old and running.get('/').status == 200
    deadly.unlink()
    assert running.ctl('reload').returncode == 0
    running.wait_workers(1, without=old)


def hold_in(running, generation, held):
    """Adds connections to `held` until a request is held in that generation: a worker that has
    not yet heard that it is to drain may take one."""
    busy = False
    while not busy:
        held.append(running.raw())
        held[-1].send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held', count=len(held))
        busy = any(worker['cores_busy'] for worker in running.status()['workers']
                   if worker['generation'] == generation)


def test_three_generations_drain_and_the_oldest_is_cut(server):
    running = server(HOLD)
    running.expect_error('GreenletExit|cut|/hold')
    held = []
    for generation in range(1, 5):
        hold_in(running, generation, held)
        running.signal(signal.SIGHUP)
        running.wait_status(lambda s, n=generation: s['reload']['count'] == n
                            and s['reload']['result'] == 'done')
    status = running.wait_status(
        lambda s: [g['number'] for g in s['generations'] if g['state'] == 'draining'] == [2, 3, 4])
    assert held[0].is_closed_by_server()  # the fourth reload cut the first generation
    last = [w['pid'] for w in status['workers'] if w['generation'] == 4]
    for client in held:
        client.close()
    running.signal(signal.SIGQUIT)
    assert running.wait_exit() == 0
    assert all(procfs.wait_gone(pid, 30) for pid in last)


def test_who_dies_again_and_again_is_shown_and_comes_back(server):
    running = server(DIES_IN_WORKERS)
    running.expect_error('died')
    deadly = running.folder / 'deadly'
    deadly.touch()
    worker, = running.workers()
    os.kill(worker, signal.SIGKILL)
    running.wait_status(lambda s: s['generations'][0]['crash_looping'])
    assert 'dies again and again' in running.ctl('status').stdout
    deadly.unlink()
    running.wait_workers(1, without=[worker])
    assert running.get('/').status == 200
