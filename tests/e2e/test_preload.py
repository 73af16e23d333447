# SPDX-License-Identifier: MIT
"""app.preload: auto finds connections that the application opened while it was loaded, which
workers must not share."""
import contextlib
import os
import re
import socket
import sys
import threading

import pytest

from harness import procfs
from harness.apps import HELLO
from harness.limits import GEVENTD
from harness.program import check, run

HELD = 'has opened connections while it was loaded'


class Upper:
    """A server that answers each byte with its capital letter, over TCP or a unix socket."""

    def __init__(self, path=None):
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.listener.bind(path or ('127.0.0.1', 0))
        self.listener.listen(20)
        self.address = self.listener.getsockname()
        self.clients = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def name(self):
        return self.address if isinstance(self.address, str) else '%s:%d' % self.address

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _serve(client):
        with contextlib.suppress(OSError):
            while letter := client.recv(1):
                client.sendall(letter.upper())
            client.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        for end in (self.listener, *self.clients):
            end.close()


@pytest.fixture
def upper(tmp_path):
    with contextlib.ExitStack() as stack:
        def upper(path=None):
            return stack.enter_context(contextlib.closing(Upper(path)))
        yield upper


# /: asks the server for the capital of the query's first letter, on the one connection.
ASKS = '''
import os
import socket
from gevent.lock import RLock
%s
lock = RLock()
connection = socket.socket(socket.AF_UNIX if isinstance(ADDRESS, str) else socket.AF_INET)
connection.connect(ADDRESS)


def application(environ, start_response):
    if environ['PATH_INFO'] == '/name':
        body = repr(connection.getsockname()).encode()
    else:
        with lock:
            connection.sendall(environ['QUERY_STRING'].encode())
            body = connection.recv(1)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def asking(server, prelude=''):
    return ASKS % f'ADDRESS = {server.address!r}\n{prelude}'


def loads(running):
    generation = running.status()['generations'][-1]
    return generation['preload'], generation['connections']


def wait_for_the_end_of_the_former(running):
    """Old workers take connections until they are told to drain."""
    running.wait_status(lambda s: len(s['generations']) == 1)


@pytest.mark.parametrize('kind', ['tcp', 'unix'])
def test_workers_do_not_share_a_connection(server, upper, tmp_path, kind):
    behind = upper(str(tmp_path / 'behind') if kind == 'unix' else None)
    running = server(asking(behind), {'workers': {'processes': 2}})
    line, = (line for line in running.log.text().splitlines() if HELD in line)
    assert behind.name in line
    for word in ('preload: true', 'preload: false', 'post_fork_hook', 'uwsgidecorators.postfork'):
        assert word in line
    assert loads(running) == (False, behind.name)
    # What the application started in the template ends first.
    running.wait_status(lambda s: s['generations'][0]['template_pid'] is None)
    assert sorted(procfs.children(running.pid)) == sorted(running.workers())
    wrong = []

    def visit(letter):
        for _ in range(50):
            answer = running.get('/?' + letter)
            if answer.text != letter.upper():
                wrong.append(answer.text)

    visitors = [threading.Thread(target=visit, args=(letter,)) for letter in 'abcdefgh']
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert not wrong


def test_a_worker_that_dies_is_replaced_by_one_that_loads_for_itself(server, upper):
    behind = upper()
    running = server(asking(behind, 'print("imported now", flush=True)\n'))
    worker, = running.workers()
    running.expect_error('died')
    os.kill(worker, 9)
    running.wait_workers(1, without=[worker])
    assert running.get('/?x').text == 'X'
    assert running.log.text().count('imported now') == 3  # the template, two workers
    assert sum(HELD in line for line in running.log.text().splitlines()) == 1


def test_true_forks_all_the_same_and_warns(server, upper):
    behind = upper()
    running = server(asking(behind), {'app': {'preload': True}, 'workers': {'processes': 2}})
    line, = (line for line in running.log.text().splitlines() if HELD in line)
    assert 'warning' in line.lower() and behind.name in line and 'post_fork_hook' in line
    assert loads(running) == (True, behind.name)
    assert len({running.get('/name').text for _ in range(8)}) == 1


def test_false_does_not_look(server, upper):
    running = server(asking(upper()), {'app': {'preload': False}, 'workers': {'processes': 2}})
    assert HELD not in running.log.text()
    assert loads(running) == (False, None)


def test_each_reload_decides_anew(server, upper):
    behind = upper()
    running = server(HELLO)
    assert loads(running) == (True, None)
    running.write_app(asking(behind))
    assert running.ctl('reload').returncode == 0
    assert loads(running) == (False, behind.name)
    running.write_app(HELLO)
    assert running.ctl('reload').returncode == 0
    assert loads(running) == (True, None)
    wait_for_the_end_of_the_former(running)
    assert running.get('/').text == 'hello'


def test_a_rolling_reload_loads_worker_by_worker(server, upper):
    behind = upper()
    running = server(HELLO, {'workers': {'processes': 2}, 'reload': {'strategy': 'rolling'}})
    running.write_app(asking(behind))
    assert running.ctl('reload').returncode == 0
    assert loads(running) == (False, behind.name)
    wait_for_the_end_of_the_former(running)
    assert running.get('/?q').text == 'Q'


def test_an_application_that_fails_in_its_own_worker_ends_the_start(make_server, upper):
    behind = upper()
    made = make_server()
    # Loads only in the first process, which is the template.
    made.write_app(asking(behind, 'import pathlib\nfirst = pathlib.Path("first")\n'
                          'first.exists() and 1 / 0\nfirst.touch()\n'))
    made.write_config()
    made.expected_exit = 1
    made.expect_error('.')
    made.start(wait=False)
    assert made.wait_exit() == 1
    assert made.log.wait_end() and 'ZeroDivisionError' in made.log.text()


NOT_MEANT = {
    'udp': '''
kept = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
kept.connect(ADDRESS)
''',
    'syslog': '''
import logging.handlers
import os
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind('log')
kept = logging.handlers.SysLogHandler('log')
os.unlink('log')
''',
    'socket pair': '''
kept = socket.socketpair()
''',
    'connected to itself': '''
import _socket
listener = _socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen()
client = _socket.socket()
client.connect(listener.getsockname())
kept = listener._accept()
''',
    'closed by the peer': '''
import _socket
kept = _socket.socket()
kept.connect(ADDRESS)
kept.send(b'a')
kept.recv(1)
kept.shutdown(socket.SHUT_WR)
kept.recv(1)
''',
    'a listener': '''
kept = socket.socket()
kept.bind(('127.0.0.1', 0))
kept.listen()
''',
    'gevent at work': '''
import gevent
import gevent.socket
gevent.spawn(gevent.sleep, 0).join()
gevent.get_hub().threadpool.apply(len, ('',))
gevent.socket.getaddrinfo('localhost', 80)
with gevent.socket.create_connection(ADDRESS) as closed:
    closed.sendall(b'a')
    closed.recv(1)
''',
    'a child that is only written to': '''
import subprocess
kept = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
''',
    'a child that has ended': '''
import subprocess
kept = subprocess.Popen(['true'], stdout=subprocess.PIPE)
kept.wait()
''',
    'a queue for all workers': '''
import multiprocessing
kept = multiprocessing.Queue()
''',
    'what multiprocessing keeps apart itself': '''
import multiprocessing.pool
threads = multiprocessing.pool.ThreadPool(1)
import time
kept = multiprocessing.Manager()
child = multiprocessing.Process(target=time.sleep, args=(100000,), daemon=True)
child.start()
''',
    'things that are over': '''
import asyncio
import concurrent.futures
asyncio.run(asyncio.sleep(0))
with concurrent.futures.ProcessPoolExecutor(1) as kept:
    pass
''',
}


@pytest.mark.parametrize('kind', NOT_MEANT)
def test_not_meant(server, upper, kind):
    running = server(f'import socket\nADDRESS = {upper().address!r}\n' + NOT_MEANT[kind] + HELLO)
    assert HELD not in running.log.text()
    assert loads(running) == (True, None)


CONNECTED_OUTPUT = '''
import os, socket, sys
output = socket.create_connection(%r)
os.dup2(output.fileno(), 1)
os.execv(sys.argv[1], sys.argv[1:])
'''


def test_the_output_that_the_server_was_given_is_not_meant(make_server, upper):
    made = make_server()
    made.write_app('import os\nkept = os.dup(1)\n' + HELLO)
    made.write_config()
    made.start(wrapper=[sys.executable, '-c', CONNECTED_OUTPUT % (upper().address,)])
    assert loads(made) == (True, None)


def test_a_template_that_is_not_forked_ends_what_the_application_started(server, upper):
    behind = upper()
    running = server(asking(behind, '''
import atexit


def note():
    with open(os.path.join(os.path.dirname(__file__), 'ended'), 'a') as file:
        file.write(f'{os.getpid()},')


atexit.register(note)
'''))
    running.wait_log(HELD)
    running.wait_file(running.folder / 'ended', ',')
    assert running.get('/?a').text == 'A'
    ended = (running.folder / 'ended').read_text().split(',')
    assert str(running.workers()[0]) not in ended


@pytest.mark.parametrize('preload, says', [
    (None, 'each worker loads the application for itself'),
    (True, 'all workers share them'),
    (False, 'app.preload is false: each worker loads the application for itself'),
])
def test_check_says_which_it_will_be(make_server, upper, preload, says):
    behind = upper()
    made = make_server()
    made.write_app(asking(behind))
    made.write_config({} if preload is None else {'app': {'preload': preload}})
    result = run(GEVENTD, '-c', made.config_path, '--check', cwd=made.folder,
                 environment=made.environment())
    assert result.returncode == 0
    line, = (line for line in result.stdout.splitlines() if 'app' in line and says in line)
    assert (behind.name in line) == (preload is not False)


def test_check_of_an_application_without_connections(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config()
    code, said = check(made)
    assert code == 0
    assert re.search(r'preload is auto: .* loaded once and the workers are forked', said)


def test_status_says_why_workers_load_for_themselves(server, upper):
    behind = upper()
    running = server(asking(behind))
    said = running.ctl('status').stdout
    assert 'each worker loads the application for itself' in said and behind.name in said


THREADS = '''
import ctypes
import os
import gevent.monkey
start_new_thread = gevent.monkey.get_original('_thread', 'start_new_thread')
sleep = gevent.monkey.get_original('time', 'sleep')
libc = ctypes.CDLL(None)
named, ending = [], []


def run():
    libc.prctl(15, b'native-one', 0, 0, 0)
    named.append(1)
    while not ending:
        sleep(0.01)


start_new_thread(run, ())
while not named:
    sleep(0.001)
'''


def test_native_threads_that_a_fork_loses_are_named(server):
    running = server(THREADS + HELLO, {'workers': {'processes': 2}})
    line = running.wait_log(r'libraries started threads .*').group()
    assert '(native-one)' in line
    assert loads(running) == (True, None)
    assert running.log.text().count('libraries started threads') == 1
    code, said = check(running)
    assert code == 0 and said.count('libraries started threads') == 1 and '(native-one)' in said


ENDS_BEFORE_A_FORK = '''
def end():
    ending.append(1)
    while len(os.listdir('/proc/self/task')) > 1:
        sleep(0.001)


os.register_at_fork(before=end)
'''


def test_threads_that_notice_a_fork_are_not_named(server):
    running = server(THREADS + ENDS_BEFORE_A_FORK + HELLO)
    running.wait_status(lambda s: s['generations'][0]['spare_pid'])
    assert 'libraries started threads' not in running.log.text()
