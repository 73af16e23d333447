# SPDX-License-Identifier: MIT
"""A process that the application forks has none of the server's descriptors and does not look like
a worker; no copy of a descriptor delays the end of a response."""
import json
import os
import re
import signal
import socket

import pytest

from harness import procfs, uwsgi, websockets
from harness.fork_app import COMMON
from harness.limits import DEADLINE

DESCRIPTORS = COMMON + '''
import ctypes
import json

FORKS = {'os': os.fork, 'pty': lambda: os.forkpty()[0], 'c': ctypes.CDLL(None).fork,
         'gil': ctypes.PyDLL(None).fork}


def descriptors():
    for fd in os.listdir('/proc/self/fd'):
        try:
            yield os.readlink(f'/proc/self/fd/{fd}')
        except FileNotFoundError:
            pass


def application(environ, start_response):
    fork = FORKS[environ['PATH_INFO'][1:]]
    pid = fork()
    if pid == 0:
        gevent.sleep(0.01)
        with open('seen.part', 'w') as file:
            with open('/proc/self/cmdline') as title:
                json.dump({'title': title.read().rstrip('\\0 '), 'open': [*descriptors()]}, file)
        os.rename('seen.part', 'seen')
        sys.exit(4)
    return answer(start_response, code_of(pid))
'''


@pytest.mark.parametrize('how', ['os', 'pty', 'c', 'gil'])
def test_it_has_no_descriptor_of_the_servers_and_no_workers_title(server, how):
    running = server(DESCRIPTORS)
    with running.raw() as idle:
        idle.send(b'GET /wait HTTP/1.1\r\n')
        assert running.get(f'/{how}').body == b'4'
    seen = json.loads((running.folder / 'seen').read_text())
    assert [name for name in seen['open'] if 'socket' in name or 'geventd' in name] == []
    assert seen['title'] == 'geventd: child of worker 1 of app'


LIVES = COMMON + '''
def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        print('the child runs', flush=True)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        gevent.sleep(300)
        os._exit(0)
    return answer(start_response, pid)
'''


def test_it_holds_no_port_after_the_servers_end(server):
    running = server(LIVES)
    child = int(running.get('/').body)
    address = running.address()
    running.stop()
    assert running.log.wait_end()  # the child has reached its own code
    assert procfs.is_alive(child)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    os.kill(child, signal.SIGKILL)
    assert procfs.wait_gone(child, DEADLINE)


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_unix_signals_end_it_as_any_program(server, number):
    running = server(LIVES)
    child = int(running.get('/').body)
    running.wait_log('the child runs')  # CPython loses a SIGINT that interrupts its hooks of fork
    os.kill(child, number)
    assert procfs.wait_gone(child, DEADLINE)
    other = int(running.get('/').body)
    assert other != child
    os.kill(other, signal.SIGKILL)


def test_an_orphan_is_reaped_by_the_master_in_silence(server):
    running = server(LIVES)
    child = int(running.get('/').body)
    former = running.workers()
    running.signal(signal.SIGHUP)
    running.wait_workers(1, without=former)
    assert procfs.wait_gone(former[0], DEADLINE)
    os.kill(child, signal.SIGTERM)
    assert procfs.wait_gone(child, DEADLINE)
    assert not re.search(rf'\b{child}\b', running.log.text())


HOLDS = '''
import multiprocessing
import os
import subprocess
import sys
import uwsgi

HERE = os.getcwd()


def hold():
    while not os.path.exists(HERE + '/let-go'):
        pass


def application(environ, start_response):
    if environ['PATH_INFO'] == '/fork':
        multiprocessing.get_context('fork').Process(target=hold).start()
    else:
        fd = os.dup(uwsgi.connection_fd())
        subprocess.Popen(['sh', '-c', 'while [ ! -e let-go ]; do sleep 0.1; done'], pass_fds=[fd])
        os.close(fd)
    start_response(*{
        '/short': ('200 OK', [('Content-Length', '9')]),
    }.get(environ['PATH_INFO'], ('200 OK', [])))
    return iter([b'started\\n'])
'''


@pytest.mark.parametrize('path', ['/fork', '/popen', '/short'])
@pytest.mark.parametrize('protocol', ['http', 'uwsgi'])
def test_it_does_not_hold_the_end_of_an_answer(server, protocol, path):
    running = server(HOLDS, {'listen': f'{protocol}://127.0.0.1:0'})
    try:
        with running.raw() as client:
            if protocol == 'http':
                client.send(f'GET {path} HTTP/1.0\r\n\r\n'.encode())
            else:
                client.send(uwsgi.request(path))
            # Not before the answer's end, whoever has the connection.
            assert client.read_all().endswith(b'started\n') or path == '/short'
    finally:
        running.expect_error('shorter than its Content-Length')
        (running.folder / 'let-go').touch()


WEB_SOCKET = '''
import os

import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    child = os.fork()
    if child == 0:
        try:
            ws.send('from the child')
        except RuntimeError as error:
            print('child:', error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    ws.send('from the worker')
    return []
'''


def test_it_cannot_use_a_web_socket(server):
    running = server(WEB_SOCKET)
    client = websockets.connect(running)
    assert client.recv() == 'from the worker'
    running.wait_log('child: a WebSocket cannot be used in a process that the application forked')
