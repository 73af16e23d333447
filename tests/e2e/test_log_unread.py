# SPDX-License-Identifier: MIT
"""If nobody reads the log or the service manager's socket, master and workers go on."""
import contextlib
import fcntl
import os
import pwd
import select
import signal
import socket
import stat
import termios

import pytest

from harness import client, procfs
from harness.apps import HELLO
from harness.limits import DEADLINE
from test_preload import THREADS

FILL = b'.' * 4095 + b'\n'
LOST = br'lines of this process were lost here'
as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can become somebody else')

# Redirects standard output and error as argv says, then becomes the server.
REDIRECT = '''
import os, socket, stat, sys
path, user, *command = sys.argv[1:]
if stat.S_ISSOCK(os.stat(path).st_mode):
    reader = socket.socket(socket.AF_UNIX)
    reader.connect(path)
    fd = os.dup(reader.fileno())
else:
    fd = os.open(path, os.O_WRONLY | os.O_NOCTTY)
os.dup2(fd, 1)
os.dup2(fd, 2)
if user:
    os.setgid(int(user))
    os.setuid(int(user))
os.execv(command[0], command)
'''


class Reader:
    """The other end of the log, which reads only when told to."""

    def __init__(self, kind, folder):
        self.path, self.ends = str(folder / 'log'), []
        if kind == 'terminal':
            self.fd, terminal = os.openpty()
            self.ends.append(terminal)
            self.path = os.ttyname(terminal)
            mode = termios.tcgetattr(terminal)
            mode[1] &= ~termios.OPOST  # it would count each newline twice
            termios.tcsetattr(terminal, termios.TCSANOW, mode)
        elif kind == 'socket':
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(self.path)
            listener.listen()
            self.listener = listener
            self.fd = None
        else:
            os.mkfifo(self.path, 0o600)
            self.fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            fcntl.fcntl(self.fd, fcntl.F_SETFL, 0)

    def accept(self):
        if self.fd is None:
            connection = self.listener.accept()[0]
            self.listener.close()
            self.fd = connection.detach()

    def fill(self):
        """Another process fills the pipe behind the server's back."""
        if stat.S_ISFIFO(os.fstat(self.fd).st_mode):
            writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            try:
                while True:
                    os.write(writer, FILL)
            except BlockingIOError:
                os.close(writer)

    def read_until(self, pattern):
        text = bytearray()
        while pattern not in text[-len(pattern) - 65536:]:
            assert select.select([self.fd], [], [], DEADLINE)[0], text[-2000:]
            piece = os.read(self.fd, 65536)
            assert piece, text[-2000:]
            text += piece
        return bytes(text)

    def hang_up(self):
        os.close(self.fd)
        self.fd = None

    def close(self):
        for fd in [self.fd, *self.ends]:
            if fd is not None:
                os.close(fd)


@pytest.fixture
def unread(folder):
    readers = []

    def make(kind):
        readers.append(Reader(kind, folder))
        return readers[-1]
    yield make
    for reader in readers:
        reader.close()


def start(running, reader, user=None):
    """A server with the reader's log; run by that user, who could not open the log."""
    uid = str(pwd.getpwnam(user).pw_uid) if user else ''
    for path in (running.folder.parent, running.folder):
        path.chmod(0o777)
    if user:
        os.chown(running.folder, int(uid), -1)  # or geventctl would not trust that user
    running.start(wrapper=['/usr/bin/python3', '-c', REDIRECT, reader.path, uid], wait=False)
    reader.accept()
    running.wait_serving()


def ask_for_many_lines(running):
    """Makes more lines than a worker keeps and a pipe holds."""
    target = '/?' + 'x' * 8000
    for _ in range(3):
        with running.http() as connection:
            for _ in range(100):
                assert client.exchange(connection, 'GET', target).status == 200


@pytest.mark.parametrize('kind, user, starter', [
    ('pipe', None, None), ('terminal', None, None), ('socket', None, None),
    pytest.param('pipe', 'www-data', None, marks=as_root, id='pipe-of-root'),
    pytest.param('pipe', None, 'www-data', marks=as_root, id='pipe-of-somebody-else'),
    pytest.param('terminal', None, 'www-data', marks=as_root, id='terminal-of-somebody-else'),
])
def test_a_log_that_nobody_reads_stops_nothing(make_server, unread, kind, user, starter):
    reader = unread(kind)
    running = make_server()
    running.write_app(HELLO)
    running.write_config({
        'workers': {'processes': 6}, 'log': {'access': 'common'},
        'process': {'user': user} if user else None})
    start(running, reader, starter)
    running.addresses = running.status()['listen']
    reader.fill()
    ask_for_many_lines(running)
    old = running.workers()
    running.signal(signal.SIGHUP)
    running.wait_workers(6, without=old)
    ask_for_many_lines(running)
    reader.read_until(LOST)  # comes with the next pulse of the hubs
    reader.fill()
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


# An application can make the log's descriptors blocking; this one does so with all it finds.
WAITING = '''
import fcntl
import os
for name in os.listdir('/proc/self/fd'):
    try:
        if os.path.samestat(os.fstat(int(name)), os.fstat(2)):
            fcntl.fcntl(int(name), fcntl.F_SETFL, 0)
    except OSError:
        pass
'''


def test_an_application_cannot_have_the_master_wait_for_a_log(make_server, unread):
    reader = unread('pipe')
    running = make_server()
    running.write_app(WAITING + HELLO)
    running.write_config()
    start(running, reader)
    reader.fill()
    for command in 3 * ('pause', 'resume'):
        assert running.ctl(command).returncode == 0
    os.set_blocking(reader.fd, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.read(reader.fd, 65536)
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


PRINTS = '''
import os


def application(environ, start_response):
    try:
        print('a word of the application', flush=True)
        said = 'it is written'
    except OSError as error:
        said = type(error).__name__
    body = f'{os.getpid()} {said}'.encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


@pytest.mark.parametrize('kind', ['pipe', 'socket'])
def test_a_reader_that_has_gone_is_an_error_of_what_prints_alone(make_server, unread, kind):
    reader = unread(kind)
    running = make_server()
    running.write_app(PRINTS)
    running.write_config()
    start(running, reader)
    running.addresses = running.status()['listen']
    worker, = running.workers()
    assert running.get('/').text == f'{worker} it is written'
    reader.read_until(b'a word of the application')
    reader.hang_up()
    for _ in range(3):
        assert running.get('/').text == f'{worker} BrokenPipeError'
    running.signal(signal.SIGUSR1)  # now the master loses lines, too
    assert running.ctl('reload').returncode == 0
    successor, = running.wait_workers(1, without=[worker])
    assert procfs.wait_gone(worker, DEADLINE)
    assert running.get('/').text == f'{successor} BrokenPipeError'
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


SPAWNS = '''
import gevent
gevent.spawn(gevent.sleep, 1000)
'''
SAYS_SO = b'while it was loaded'


def test_a_template_writes_what_it_could_not_while_it_lives(make_server, unread):
    reader = unread('pipe')
    running = make_server()
    running.write_app(SPAWNS + HELLO)
    running.write_config()
    reader.fill()
    start(running, reader)
    reader.read_until(SAYS_SO)
    assert running.is_running()
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


@as_root
def test_the_thread_of_the_log_is_none_that_a_fork_loses(make_server, unread):
    reader = unread('terminal')
    running = make_server()
    running.write_app(THREADS + SPAWNS + HELLO)
    running.write_config()
    start(running, reader, 'www-data')
    text = reader.read_until(b'start them after the fork')
    assert SAYS_SO in text and b'(native-one)' in text
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0
    reader.read_until(b'has stopped')


def full(address):
    """The senders of messages that leave no room for another. Each has a limit of its own, too."""
    senders, count = [], 1
    while count > 0:
        senders.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        senders[-1].setblocking(False)
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                senders[-1].sendto(b'STATUS=full', address)
                count += 1
    return senders


def test_a_service_manager_that_does_not_read_stops_nothing(make_server):
    running = make_server()
    running.write_app(HELLO)
    running.write_config()
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(running.folder / 'notify'))
    others = full(manager.getsockname())
    running.start(environment={'NOTIFY_SOCKET': manager.getsockname(), 'WATCHDOG_USEC': '200000'})
    running.wait_log('nobody reads the notify socket of the service manager')
    assert running.get('/').status == 200
    while manager.recv(4096) == b'STATUS=full':
        pass
    running.wait_log('socket of the service manager is read again')
    assert manager.recv(4096)
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0
    manager.close()
    (running.folder / 'notify').unlink()
    for other in others:
        other.close()
