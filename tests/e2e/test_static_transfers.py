# SPDX-License-Identifier: MIT
"""Files on their way: whoever reads slowly, computes, leaves, reloads or changes the files delays
and breaks nobody else."""
import contextlib
import http.client
import os
import random
import resource
import select
import shutil
import signal
import socket

import pytest

from harness import procfs
from harness.client import RawClient
from harness.limits import SANITIZED

MIB = 1 << 20
BIG = random.Random(20).randbytes(10 * MIB)  # more than the kernel takes for one that does not read
OTHER = random.Random(21).randbytes(10 * MIB)
APP = '''
import os
from gevent.event import Event

released = Event()


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/spin':
        print('it spins', flush=True)
        while not os.path.exists('go'):
            pass
    if path == '/hold':
        print('a request is held', flush=True)
        released.wait()
    if path == '/release':
        released.set()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(path)))])
    return [path.encode()]
'''
STATIC = {'static': [{'path': '/static', 'root': 'files'}]}


def get(path, version='1.1'):
    return f'GET {path} HTTP/{version}\r\nHost: x\r\n\r\n'.encode()


@pytest.fixture
def start(make_server):
    """start(config, **options): a server of /static/big and /static/small."""
    def start(config=None, **options):
        made = make_server()
        files = made.folder / 'files'
        files.mkdir()
        (files / 'big').write_bytes(BIG)
        (files / 'small').write_bytes(b'small')
        made.write_app(APP)
        made.write_config({**STATIC, **(config or {})})
        return made.start(**options)
    return start


class SlowReader(RawClient):
    """A client of a big file that has read no more than its head."""

    def __init__(self, address, path='/static/big'):
        super().__init__(address, receive_buffer=4096)
        self.send(get(path))
        self.head = self.read_head()

    def hurry(self):
        """From now on it reads as others do."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MIB)

    def leave(self, with_reset):
        if with_reset:
            self.reset()
        else:
            self.close()


def is_whole(reader, content=BIG):
    """Reads the rest."""
    if isinstance(reader, SlowReader):
        reader.hurry()
    return reader.read_exactly(len(content)) == content


def nothing_comes(client):
    return not select.select([client.socket], [], [], 0)[0]


@pytest.fixture
def many_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize('count', [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_many_slow_readers_delay_neither_one_another_nor_new_requests(start, many_descriptors,
                                                                      count):
    running = start({'limits': {'write-timeout': '10m'}})
    assert running.get('/static/big').body == BIG
    worker, = running.workers()
    descriptors, memory = len(procfs.descriptors(worker)), procfs.rss_bytes(worker)
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(SlowReader(running.address())) for _ in range(count)]
        assert {reader.head[1] for reader in readers} == {200}
        assert running.get('/static/big').body == BIG
        assert running.get('/static/small').body == b'small'
        assert running.get('/app').text == '/app'
        # The last request ends after its answer has left.
        running.wait_status(lambda s: [s['workers'][0][name] for name in (
            'connections', 'cores_busy')] == [count, 0])
        assert procfs.rss_bytes(worker) - memory < (120 if SANITIZED else 24) * MIB
        random.Random(count).shuffle(readers)
        for reader in readers[:20 if count < 1000 else count]:  # any of them, the others still wait
            assert is_whole(reader)
    running.wait_status(lambda s: s['workers'][0]['connections'] == 0)
    assert len(procfs.descriptors(worker)) <= descriptors


def test_a_transfer_goes_on_while_the_only_hub_computes(start):
    running = start()
    with SlowReader(running.address()) as reader, running.raw() as other:
        other.send(get('/spin'))
        running.wait_log('it spins')
        assert is_whole(reader)
        assert nothing_comes(other)
        (running.folder / 'go').touch()
        assert other.read_answer().text == '/spin'
        reader.send(get('/app'))  # and its connection is the hub's again
        assert reader.read_answer().text == '/app'


def test_a_range_goes_on_while_the_only_hub_computes(start):
    running = start()
    with running.raw() as reader, running.raw() as other:
        reader.send(b'GET /static/big HTTP/1.1\r\nHost: x\r\nRange: bytes=1000-9000000\r\n\r\n')
        assert reader.read_head()[1] == 206
        other.send(get('/spin'))
        running.wait_log('it spins')
        assert is_whole(reader, BIG[1000:9_000_001])
        (running.folder / 'go').touch()
        assert other.read_answer().text == '/spin'


@pytest.mark.skipif(shutil.which('strace') is None, reason='strace is not installed')
def test_a_slow_disk_blocks_nobody(start):
    """Each opening of a file takes two seconds."""
    running = start({'static': [{**STATIC['static'][0], 'precompressed': False}]}, wrapper=[
        'strace', '-D', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', 'trace=openat2',
        '-e', 'inject=openat2:delay_enter=2000000'])
    with running.raw() as reader:
        reader.send(get('/static/small'))
        for _ in range(3):
            assert running.get('/app').text == '/app'
        assert nothing_comes(reader)
        assert reader.read_answer().body == b'small'


def test_with_all_cores_busy_files_are_still_sent(start):
    running = start({'workers': {'processes': 1, 'cores': 1}})
    with running.raw() as held, running.raw() as waiting:
        held.send(get('/hold'))
        running.wait_log('a request is held')
        waiting.send(get('/release'))
        for path, body in {'/static/small': b'small', '/static/big': BIG}.items():
            assert running.get(path).body == body
        assert running.get('/static/missing').status == 404
        assert nothing_comes(waiting)
        running.signal(signal.SIGQUIT)  # nobody releases it
        running.wait_exit()


@pytest.mark.parametrize('with_reset', [False, True])
def test_a_client_that_leaves(start, with_reset):
    running = start()
    running.get('/static/big')
    worker, = running.workers()
    before = len(procfs.descriptors(worker))
    for _ in range(20):
        SlowReader(running.address()).leave(with_reset)
    running.wait_status(lambda s: s['workers'][0]['connections'] == 0)
    assert running.get('/static/big').body == BIG
    assert running.workers() == [worker]
    assert len(procfs.descriptors(worker)) <= before
    assert 'Traceback' not in running.log.text()


def test_answers_of_one_connection_come_in_their_order(start):
    running = start()
    with running.raw() as client:
        paths = ['/static/small', '/app', '/static/big', '/static/missing', '/other',
                 '/static/small']
        client.send(b''.join(map(get, paths)))
        bodies = [client.read_answer() for _ in paths]
        assert [answer.status for answer in bodies] == [200, 200, 200, 404, 200, 200]
        assert [answer.body for answer in bodies if answer.status == 200] == [
            b'small', b'/app', BIG, b'/other', b'small']
        client.send(b'GET /static/small HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
                    get('/app'))
        assert [client.read_answer().body for _ in range(2)] == [b'small', b'/app']
        client.send(b'HEAD /static/big HTTP/1.1\r\nHost: x\r\n\r\n', get('/static/small', '1.0'))
        assert client.read_answer('HEAD').header('content-length') == str(len(BIG))
        assert client.read_answer().body == b'small'
        assert client.is_closed_by_server()


def test_a_stop_waits_for_transfers(start):
    running = start()
    with SlowReader(running.address()) as reader, SlowReader(running.address()) as other:
        running.signal(signal.SIGTERM)
        running.wait_status(lambda s: s['state'] == 'stopping')
        assert is_whole(reader) and is_whole(other)
        assert reader.is_closed_by_server()
    assert running.wait_exit() == 0


def test_a_stop_ends_transfers_after_its_time(start):
    running = start({'limits': {'drain-requests': '1s'}})
    with SlowReader(running.address()) as reader:
        assert running.stop() == 0
        with contextlib.suppress(ConnectionResetError):
            assert len(reader.read_all()) < len(BIG)


def test_a_reload_lets_transfers_end(start):
    running = start()
    old, = running.workers()
    with SlowReader(running.address()) as reader:
        running.signal(signal.SIGHUP)
        running.wait_workers(1, without=[old])
        assert running.get('/static/small').body == b'small'
        assert is_whole(reader)
        reader.send(get('/static/small'))  # the old worker's last answer on this connection
        answer = reader.read_answer()
        assert (answer.body, answer.header('connection')) == (b'small', 'close')
    running.wait_status(lambda s: old not in [worker['pid'] for worker in s['workers']])


def test_a_reload_takes_another_folder(start):
    running = start()
    other = running.folder / 'other'
    other.mkdir()
    (other / 'small').write_bytes(b'of the other folder')
    old = running.workers()
    running.write_config({'static': [{'path': '/static', 'root': 'other'}]})
    running.signal(signal.SIGHUP)
    running.wait_workers(1, without=old)
    running.wait_status(lambda s: len(s['workers']) == 1)
    assert running.get('/static/small').body == b'of the other folder'
    assert running.get('/static/big').status == 404


def wait_body(running, path, body):
    """Asks until it is so, since files are remembered for a moment: one that has become shorter
    breaks the connection meanwhile."""
    received = None
    while received != body:
        assert running.is_running()
        with contextlib.suppress(http.client.IncompleteRead):
            received = running.get(path).body


def test_a_file_that_is_replaced_is_sent_to_its_end(start):
    running = start()
    with SlowReader(running.address()) as reader:
        (running.folder / 'new').write_bytes(OTHER)
        (running.folder / 'new').rename(running.folder / 'files' / 'big')
        wait_body(running, '/static/big', OTHER)
        assert is_whole(reader)


def test_files_that_come_and_go_are_noticed(start):
    running = start()
    path = running.folder / 'files' / 'late'
    assert running.get('/static/late').status == 404
    path.write_bytes(b'late')
    wait_body(running, '/static/late', b'late')
    path.unlink()
    while running.get('/static/late').status != 404:
        assert running.is_running()


def test_a_file_that_shrinks_ends_the_connection_and_not_the_worker(start):
    running = start()
    running.expect_error('shorter|shrunk|truncated|big')
    worker, = running.workers()
    with SlowReader(running.address()) as reader:
        os.truncate(running.folder / 'files' / 'big', 1000)
        with contextlib.suppress(ConnectionResetError):
            assert len(reader.read_all()) < len(BIG)
    wait_body(running, '/static/big', BIG[:1000])
    assert running.workers() == [worker]


def test_a_file_that_grows_is_sent_as_long_as_it_was(start):
    running = start()
    with SlowReader(running.address()) as reader:
        with open(running.folder / 'files' / 'big', 'ab') as big:
            big.write(b'more')
        assert is_whole(reader)
        reader.send(get('/app'))
        assert reader.read_answer().text == '/app'


@pytest.mark.parametrize('limits', [{'write-timeout': '300ms'},
                                    {'write-rate': '1MiB', 'write-timeout': '10m'}])
def test_a_reader_that_takes_nothing_is_ended(start, limits):
    running = start({'limits': limits})
    with SlowReader(running.address()) as reader:
        running.wait_status(lambda s: s['workers'][0]['connections'] == 0)
        with contextlib.suppress(ConnectionResetError):
            assert len(reader.read_all()) < len(BIG)


def test_a_slow_reader_that_reads_is_not_ended(start):
    running = start({'limits': {'write-timeout': '1s'}})
    with SlowReader(running.address()) as reader:
        body = b''
        while len(body) < len(BIG):  # several times as long as the limit
            body += reader.read_exactly(min(len(BIG) // 30, len(BIG) - len(body)))
            select.select([], [], [], 0.1)  # a reader's slowness, not a wait for something
        assert body == BIG


def test_a_reader_that_takes_a_little_all_the_time_is_not_ended(start):
    """Less than makes room in the server's kernel."""
    running = start({'limits': {'write-timeout': '1s'}})
    with SlowReader(running.address()) as reader:
        taken = len(reader.dribble(2.5))
        assert is_whole(reader, BIG[taken:])


def test_more_files_than_stay_open(start):
    running = start()
    files = running.folder / 'files' / 'many'
    files.mkdir()
    names = [f'{number:04}.txt' for number in range(1500)]
    for name in names:
        (files / name).write_text(name)
    worker, = running.workers()

    def ask_all():
        with running.raw() as client:
            for begin in range(0, len(names), 100):
                some = names[begin:begin + 100]
                client.send(b''.join(get(f'/static/many/{name}') for name in some))
                assert [client.read_answer().text for _ in some] == some
        return len(procfs.descriptors(worker))

    first = ask_all()
    assert first < len(names) // 2
    assert ask_all() < first + 10, 'a thread may hold one for a moment'


def test_a_worker_without_descriptors_still_answers(start):
    """The files that stay open give way, or the request fails; the worker goes on."""
    running = start()
    running.expect_error('descriptor|Too many open files|accept|open')
    worker, = running.workers()
    with running.raw() as client:
        client.send(get('/static/small'))
        assert client.read_answer().body == b'small'
        old = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (3, old[1]))
        client.send(get('/static/big'))
        assert client.read_answer().status in (200, 500, 503)
        client.send(get('/app'))
        assert client.read_answer().text == '/app'
        resource.prlimit(worker, resource.RLIMIT_NOFILE, old)
        wait_body(running, '/static/big', BIG)
