# SPDX-License-Identifier: MIT
"""An application closes descriptors of its worker that the server needs: the channel to the master,
the epolls that drive its loops. The worker is replaced, and says why in one line."""
import contextlib
import os
import re
import socket

import pytest

from harness import procfs
from harness.client import exchange
from harness.limits import DEADLINE

APP = '''
import errno
import os
import signal
import socket

import gevent


def channels():
    """The channel to the master, and that of the thread that inspects the worker."""
    for name in sorted(os.listdir('/proc/self/fd'), key=int):
        try:
            found = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with found:
            if found.type == socket.SOCK_SEQPACKET:
                yield int(name), os.fstat(found.fileno()).st_ino


def line():
    """Every descriptor of the channel to the master, which is the first one found."""
    found = list(channels())
    return [number for number, inode in found if inode == found[0][1]]


def working():
    """The epoll that the worker's loop uses."""
    [inner] = [inner for _, inners in epolls() for inner in inners if inner in dict(epolls())]
    return next(number for number in line() if number in dict(epolls())[inner])


def epolls():
    for name in os.listdir('/proc/self/fd'):
        try:
            if os.readlink(f'/proc/self/fd/{name}') == 'anon_inode:[eventpoll]':
                with open(f'/proc/self/fdinfo/{name}') as info:
                    yield int(name), [int(text.split()[1]) for text in info if text[:4] == 'tfd:']
        except FileNotFoundError:
            pass


def nested():
    """gevent's epoll, and the worker's, which it watches."""
    found = dict(epolls())
    return next((outer, inner) for outer, inners in found.items() for inner in inners
                if inner in found)


def replace(number):
    os.dup2(os.open('/dev/null', os.O_RDWR), number)


def close(number):
    try:
        os.close(number)
    except OSError as error:
        assert error.errno == errno.EBADF


def terminated_unheard():
    """Puts a pipe in the place of the eventfd to which SIGTERM's handler writes, the last of its
    kind in the worker's loop; returns b'nothing' if a SIGTERM writes nothing there."""
    reader, writer = os.pipe()
    inner = nested()[1]
    os.dup2(writer, max(number for number in dict(epolls())[inner]
                        if os.readlink(f'/proc/self/fd/{number}') == 'anon_inode:[eventfd]'))
    os.kill(os.getpid(), signal.SIGTERM)
    os.set_blocking(reader, False)
    try:
        return os.read(reader, 100)
    except BlockingIOError:
        return b'nothing'


def change_root(path):
    if path == '/':
        os.fchdir(ROOT)
        os.chroot('.')
    else:
        os.makedirs(path, exist_ok=True)
        os.chroot(path)


ROOT = os.open('/', os.O_RDONLY)


def in_thread(function, *arguments):
    gevent.get_hub().threadpool.apply(function, arguments)


DEEDS = {
    'three': lambda: close(3),
    'working': lambda: os.close(working()),
    'first': lambda: os.close(line()[0]),
    'last': lambda: os.close(line()[-1]),
    'replaced': lambda: replace(working()),
    'line': lambda: [os.close(number) for number in line()],
    'range': lambda: os.closerange(3, 1000),
    'thread': lambda: in_thread(os.closerange, 3, 1000),
    'all': lambda: in_thread(os.closerange, 0, 65536),
    'outer': lambda: os.close(nested()[0]),
    'inner': lambda: os.close(nested()[1]),
    'other': lambda: os.dup2(os.open('/dev/null', os.O_RDWR), nested()[0]),
    'renewed': lambda: gevent.reinit(),
    'jailed': lambda: change_root('empty'),
    'free': lambda: change_root('/'),
    'terminate': terminated_unheard,
}


def application(environ, start_response):
    deed = environ['PATH_INFO'][1:]
    print('deed', deed, flush=True)
    result = DEEDS[deed]() if deed else None
    body = result if isinstance(result, bytes) else str(os.getpid()).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''
LOST = r'was closed or replaced by the application: this worker is replaced'
DIED = r'exited with code 68: its application has closed the server\'s descriptors'
ABORTED = 'killed by SIGABRT'  # an assertion of libev's, where the hub notices first
LINE = r'descriptor \d+, the line to the master, ' + LOST


def ask(made, deed):
    """Whether there was a response."""
    with made.raw(timeout=5) as client:
        client.send(b'GET /%s HTTP/1.1\r\nHost: x\r\n\r\n' % deed.encode())
        try:
            return client.read_answer().status == 200
        except (OSError, AssertionError, ValueError, EOFError):
            return False


def assert_replaced(made, former, pattern):
    made.wait_log(pattern, timeout=10)
    [successor] = made.wait_workers(1, without=former)
    assert procfs.wait_gone(former[0], DEADLINE)
    for _ in range(3):
        assert made.get('/').body.decode() == str(successor)
    said = [line for line in made.log.lines() if re.search(pattern, line)]
    assert len(said) == 1, said
    assert len(made.log.lines()) < 100, 'a flood'
    assert made.stop() == 0


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('deed', ['three', 'first', 'working', 'last', 'replaced', 'line'])
def test_a_worker_that_has_lost_the_line_to_the_master_serves_until_it_is_replaced(
        server, deed, preload):
    if deed == 'three' and preload:
        pytest.skip('that number is the line only where a worker is executed')
    made = server(APP, {'app': {'preload': preload}})
    made.expect_error(LOST)
    made.expect_error(DIED)  # when no copy of the channel is left
    former = made.workers()
    assert ask(made, deed)
    for _ in range(3):
        assert ask(made, '')
    assert_replaced(made, former, LINE)


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('deed', ['range', 'thread', 'all', 'outer', 'other'])
def test_a_worker_that_gets_no_turns_any_more_ends_at_once(server, deed, preload):
    made = server(APP, {'app': {'preload': preload}})
    made.expect_error(LOST)
    made.expect_error(f'{DIED}|{ABORTED}')
    made.expect_error('raised what would end a program')
    former = made.workers()
    ask(made, deed)
    if deed == 'all':  # including the log
        made.wait_log(f'{DIED}|{ABORTED}')
        assert made.wait_workers(1, without=former)
        assert made.get('/').status == 200
    else:
        assert_replaced(made, former, rf'descriptor \d+, .*(epoll|wakes).*{LOST}|{ABORTED}')


def test_a_worker_whose_loop_is_broken_off_in_the_midst_is_replaced(server):
    made = server(APP)
    made.expect_error(f'{ABORTED}|{DIED}')  # usually the loop notices first, but not always
    made.expect_error(LOST)
    former = made.workers()
    ask(made, 'inner')
    made.wait_workers(1, without=former)
    assert made.get('/').status == 200


def wait_looks(made, seconds):
    """Waits until the thread that checks every second has done so."""
    seen = made.status()['workers'][0]['heartbeat']
    made.wait_status(lambda status: status['workers'][0]['heartbeat'] > seen + seconds)


def test_a_loop_that_renews_its_epoll_is_left_alone(server):
    made = server(APP)
    former = made.workers()
    with made.http() as connection:
        for path in ('/renewed', '/', '/renewed', '/'):
            assert exchange(connection, 'GET', path).status == 200
            wait_looks(made, 2)
    assert made.workers() == former


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can')
def test_a_worker_that_cannot_see_its_descriptors_is_left_alone(server):
    made = server(APP)
    former = made.workers()
    assert ask(made, 'jailed')
    wait_looks(made, 6)
    assert ask(made, 'free')
    assert made.workers() == former


def test_nothing_is_written_into_a_file_that_has_taken_the_place_of_a_descriptor(server):
    made = server(APP)
    assert made.get('/terminate').body == b'nothing'


HOOK = APP + '''
import uwsgi


def hook():
    for number in LOST:
        with socket.create_connection(('127.0.0.1', PORT)) as connection:
            os.dup2(connection.fileno(), number)


uwsgi.post_fork_hook = hook
'''


@pytest.mark.parametrize('lost', ['[3]', 'line()', 'line()[-1:]'])
def test_a_line_that_a_hook_has_closed_is_missed(server, lost):
    with socket.create_server(('127.0.0.1', 0)) as peer:
        peer.settimeout(DEADLINE)
        source = HOOK.replace('LOST', lost).replace('PORT', str(peer.getsockname()[1]))
        made = server(source, {'app': {'preload': False}}, wait=False)
        made.expect_error(LOST)
        made.expect_error(DIED)
        made.wait_log(LINE, timeout=10)
        client, _ = peer.accept()
        with client, contextlib.suppress(TimeoutError):
            client.settimeout(1)
            assert client.recv(100) == b''
        made.stop()
