# SPDX-License-Identifier: MIT
"""An application shuts down listening sockets, closes them or replaces them by other files."""
import contextlib
import os
import platform
import signal

import pytest

from harness import procfs
from harness.client import exchange, open_http
from harness.limits import DEADLINE

APP = '''
import ctypes
import os
import signal
import socket
import struct


def listening():
    for name in os.listdir('/proc/self/fd'):
        try:
            found = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with found:
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield int(name), found


def forbid_accept():
    """Filters this thread's system calls: from now on accept4() fails with EPERM."""
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 288), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
    program = struct.pack('HP', len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (38, 1, 0, 0, 0), (22, 2, program, 0, 0):  # NO_NEW_PRIVS, SECCOMP
        assert libc.prctl(*call) == 0, ctypes.get_errno()


def application(environ, start_response):
    deed = environ['PATH_INFO'][1:]
    if deed == 'shutdown':
        done = set()
        for number, found in listening():  # the server keeps copies of each
            if found.getsockname() not in done:
                done.add(found.getsockname())
                found.shutdown(socket.SHUT_RDWR)
    elif deed == 'forbid':
        forbid_accept()
    elif deed == 'stopped':  # no process of the server notices
        for _, found in listening():
            found.shutdown(socket.SHUT_RDWR)
        os.kill(os.getpid(), signal.SIGSTOP)
    elif deed:  # of the server's copies, the one in use has the lowest number
        number = min(number for number, found in listening())
        if deed == 'close':
            os.close(number)
        else:
            os.dup2(os.open('/dev/null', os.O_RDWR), number)
    body = str(os.getpid()).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''
DOWN = r'the listening socket .* was shut down'


@pytest.fixture
def running(server):
    def start(listen='http://127.0.0.1:0', workers=2):
        return server(APP, {'listen': listen, 'workers': {'processes': workers, 'cores': 5},
                            'metrics': {'listen': 'http+unix:watch.sock'}})
    return start


def ready(made):
    with contextlib.closing(open_http(str(made.folder / 'watch.sock'), DEADLINE)) as connection:
        return exchange(connection, 'GET', '/readyz')


def turns(made):
    """Turns of the hubs of all workers so far."""
    return sum(worker['heartbeat'] for worker in made.status()['workers'])


def test_a_tcp_socket_that_was_shut_down_listens_again_for_all_workers(running):
    made = running()
    for count in (1, 2, 3):
        assert made.get('/shutdown').status == 200
        made.wait_log(DOWN + r'.*; it listens again', count=count)
        for _ in range(8):
            assert made.get('/').status == 200
    assert not any(queue['down'] for queue in made.status()['queues'])
    assert len(made.wait_workers(2)) == 2


def test_a_unix_socket_that_was_shut_down_is_told_once_and_opened_again_by_a_reload(running):
    made = running('http+unix:app.sock')
    made.expect_error(DOWN)
    with made.raw() as client:
        client.send(b'GET /shutdown HTTP/1.1\r\nHost: h\r\n\r\n')
        assert client.read_answer().status == 200
        made.wait_log(DOWN + r'.*the next reload opens a new one at its path')
        assert made.status()['queues'][0]['down'] is True
        with pytest.raises(ConnectionRefusedError):
            made.raw()
        before = turns(made)
        for _ in range(100):  # connections still work
            client.send(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
            assert client.read_answer().status == 200
        # A request takes a few turns; a hub that spins makes thousands meanwhile.
        assert turns(made) - before < 2000, 'a worker spins'
    assert made.ctl('reload').returncode == 0
    with made.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        assert client.read_answer().status == 200
    assert made.status()['queues'][0]['down'] is False
    assert made.log.text().count('was shut down') == 1


@pytest.mark.parametrize('deed', ['close', 'replace'])
def test_a_worker_whose_descriptor_was_taken_is_replaced(running, deed):
    made = running(workers=1)
    made.expect_error('was closed or replaced by the application')
    former = made.workers()
    assert made.get('/' + deed).status == 200
    assert made.get('/').status == 200
    made.wait_log('which listens on http://127.0.0.1:.*: this worker is replaced')
    made.wait_log('its application has closed a listening socket in it')
    made.wait_workers(1, without=former)
    assert procfs.wait_gone(former[0], DEADLINE)  # until it is told to end it may accept
    assert made.get('/').body.decode() not in map(str, former)


@pytest.mark.parametrize('way', ['reload', 'upgrade'])
@pytest.mark.parametrize('listen', ['http://127.0.0.1:0', 'http+unix:app.sock'])
def test_a_new_generation_listens_again_whoever_starts_it(running, listen, way):
    made = running(listen, workers=1)
    made.expect_error(DOWN)
    [worker] = made.workers()
    with made.raw() as client:
        client.send(b'GET /stopped HTTP/1.1\r\nHost: h\r\n\r\n')
        procfs.wait_stopped(worker, DEADLINE)
        with pytest.raises(ConnectionRefusedError):
            made.raw()
        result = made.ctl(way)
        assert result.returncode == 0, result.stderr
        if way == 'upgrade':
            made.follow(1)
        with made.raw() as other:
            other.send(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
            assert other.read_answer().status == 200
        assert not any(queue['down'] for queue in made.status()['queues'])
        os.kill(worker, signal.SIGCONT)


def test_is_not_ready_while_a_socket_is_down(running):
    made = running(['http+unix:app.sock', 'http://127.0.0.1:0'])
    made.expect_error(DOWN)
    assert ready(made).status == 200
    assert made.get('/shutdown', index=1).status == 200
    made.wait_log('app.sock was shut down')
    answer = ready(made)
    assert answer.status == 503 and 'app.sock was shut down' in answer.text


@pytest.mark.skipif(platform.machine() != 'x86_64', reason='numbers of system calls differ')
def test_is_not_ready_while_no_worker_may_accept(running):
    made = running(workers=1)
    made.expect_error('cannot accept connections of|died')
    [worker] = made.workers()
    assert made.get('/forbid').status == 200
    with made.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
        made.wait_log(r'cannot accept connections of http://127\.0\.0\.1:\d+: Operation not '
                      'permitted; it is tried again and again')
        answer = ready(made)
        assert answer.status == 503 and 'no worker can accept' in answer.text
        assert made.status()['workers'][0]['deaf'] == 1
        before = turns(made)
        made.wait_status(lambda status: status['workers'][0]['heartbeat'] > before + 5)
        assert made.log.text().count('cannot accept') == 1
        os.kill(worker, signal.SIGKILL)
        assert client.read_answer().status == 200  # from the next worker
    made.wait_status(lambda status: status['workers'][0]['deaf'] == 0)
    assert ready(made).status == 200
