# SPDX-License-Identifier: MIT
"""Malicious clients next to a well-behaved one, whose requests stay undisturbed; memory stays
bounded, and no descriptor is left behind."""
import contextlib
import random
import resource
import statistics
import threading
import time

import pytest

from harness import procfs
from harness.client import RawClient
from harness.limits import SANITIZED

APP = '''
SHARED = b'x' * (1 << 20)


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/mib':
        start_response('200 OK', [('Content-Length', str(1 << 20))])
        return [b'x' * (1 << 20)]
    if path == '/shared':
        start_response('200 OK', [('Content-Length', str(len(SHARED)))])
        return [SHARED]
    if path == '/endless':
        start_response('200 OK', [])
        return (b'x' * 65536 for _ in range(1600))
    size = 0
    while piece := environ['wsgi.input'].read(65536):
        size += len(piece)
    text = str(size).encode()
    start_response('200 OK', [('Content-Length', str(len(text)))])
    return [text]
'''
MIB = 1 << 20
GET = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
ROOM = (120 if SANITIZED else 24) * MIB  # how much a worker's memory may grow under an attack


def normal_requests(running, count=60):
    """The median time of a well-behaved client's requests, each checked."""
    times = []
    with running.raw() as client:
        for _ in range(count):
            started = time.monotonic()
            client.send(GET)
            assert client.read_answer().body == b'0'
            times.append(time.monotonic() - started)
    return statistics.median(times)


@contextlib.contextmanager
def undisturbed(running, room=ROOM):
    """The block attacks, and yields are measurements. Afterwards everything is as before."""
    worker, = running.workers()
    calm = normal_requests(running)
    before = procfs.rss_bytes(worker)
    descriptors = len(procfs.descriptors(worker))

    def measure():
        under_attack = normal_requests(running)
        # The attackers share the machine: only a client that is held up gets much slower.
        assert under_attack < calm * 50 + 0.05, (calm, under_attack)
        assert procfs.rss_bytes(worker) - before < room

    yield measure
    measure()
    running.wait_status(lambda s: s['workers'][0]['connections'] == 0)
    assert running.workers() == [worker]
    assert len(procfs.descriptors(worker)) <= descriptors


@contextlib.contextmanager
def many(running, count):
    clients = []
    try:
        for _ in range(count):
            clients.append(RawClient(running.address()))
        yield clients
    finally:
        for client in clients:
            client.close()


def start(server, **config):
    return server(APP, {'workers': {'processes': 1, 'cores': 50}, **config})


def test_slow_heads(server):
    running = start(server)
    with undisturbed(running) as measure, many(running, 300) as clients:
        for byte in (b'G', b'E', b'T', b' ', b'/'):
            for client in clients:
                client.send(byte)
        measure()
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)


@pytest.mark.parametrize('length', [1000, 10 * MIB], ids=['small', 'large'])
def test_slow_bodies(server, length):
    running = start(server)
    with undisturbed(running) as measure, many(running, 300) as clients:
        for client in clients:
            client.send(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' % length)
        for _ in range(5):
            for client in clients:
                client.send(b'x')
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
        measure()


def test_slow_readers(server):
    running = start(server)
    with undisturbed(running) as measure, many(running, 40) as clients:
        for client in clients:
            client.send(b'GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
            client.read_head()
        measure()
        for client in clients:
            client.read_exactly(1000)
        measure()


# The cost of an unread response of 1 MiB: the bytes object that the application made for it, or
# nothing if all responses are the same object. The server keeps no copy.
@pytest.mark.parametrize('path, each', [('/mib', MIB * 3 // 2), ('/shared', 48 << 10)],
                         ids=['own', 'shared'])
def test_unread_answers_of_a_mib_each(server, path, each):
    count = 1000
    running = start(server, workers={'processes': 1, 'cores': count + 50})
    with undisturbed(running, count * each) as measure, many(running, count) as clients:
        for client in clients:
            client.send(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path.encode())
        # The kernel's buffers may take whole responses: those requests have ended already.
        running.wait_status(lambda s: s['workers'][0]['cores_busy']
                            + s['workers'][0]['requests'] >= count)
        measure()
        for client in clients[:20]:
            assert len(client.read_answer().body) == MIB


def test_idle_connections(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        running = start(server, limits={'connections': count + 100})
        with undisturbed(running, 40 * MIB) as measure, many(running, count):
            running.wait_status(lambda s: s['workers'][0]['connections'] == count)
            measure()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_half_closes(server):
    running = start(server)
    stages = [b'', b'GE', b'GET / HTTP/1.1\r\nHo', GET,
              b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab',
              b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nab',
              b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab']
    with undisturbed(running) as measure:
        for _ in range(20):
            for stage in stages:
                with running.raw() as client:
                    client.send(stage)
                    client.finish_sending()
                    if stage == GET:
                        assert client.read_answer().body == b'0'
                    else:
                        with contextlib.suppress(ConnectionResetError):
                            client.read_all()
        measure()


def test_resets_at_every_stage(server):
    running = start(server)
    data = b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n' + b'x' * 90_000 + GET
    places = [*range(0, 60, 3), 1000, 65_000, 80_000, len(data)]
    chooser = random.Random(7)
    with undisturbed(running) as measure:
        for _ in range(10):
            for place in places:
                client = running.raw()
                client.send(data[:place])
                if place == len(data) and chooser.random() < 0.5:
                    client.read_head()
                client.reset()
        measure()


def pour(client, chunk, total):
    """Sends until the server refuses more; returns how many bytes it took."""
    sent = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < total:
            sent += client.socket.send(chunk)
    return sent


@pytest.mark.parametrize('start_of_it, chunk', [
    (b'GET / HTTP/1.1\r\nX: ', b'x' * 65536), (b'GET /', b'x' * 65536),
    (b'GET / HTTP/1.1\r\n', b'X-Y: z\r\n' * 8192), (b'', b'\r\n' * 32768),
    (b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;', b'x' * 65536),
    (b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', b'T: x\r\n' * 9000),
], ids=['value', 'target', 'fields', 'empty-lines', 'chunk-extension', 'trailers'])
def test_heads_of_a_hundred_mib(server, start_of_it, chunk):
    running = start(server)
    with undisturbed(running) as measure, running.raw() as client:
        client.send(start_of_it)
        # After the refusal the server reads on for a moment, so that the client can receive it.
        pour(client, chunk, 100 * MIB)
        with contextlib.suppress(ConnectionResetError):
            assert client.read_answer().status in (400, 413, 414, 431)
        measure()


def test_pipelines_of_a_thousand(server):
    running = start(server)
    with undisturbed(running) as measure, many(running, 5) as clients:
        threads = [threading.Thread(target=client.send, args=(GET * 1000,)) for client in clients]
        for thread in threads:
            thread.start()
        measure()
        for client in clients:
            for _ in range(1000):
                assert client.read_answer().body == b'0'
        for thread in threads:
            thread.join()


def test_a_pipeline_whose_answers_nobody_reads(server):
    running = start(server)
    request = b'GET /mib HTTP/1.1\r\nHost: x\r\n\r\n'
    with undisturbed(running) as measure, running.raw() as client:
        client.socket.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            client.send(request * 100_000)
        measure()


def flat_transfer(running, transfer):
    """How much the worker's memory grew at most while `transfer` ran."""
    worker, = running.workers()
    normal_requests(running, 5)
    before, most = procfs.rss_bytes(worker), 0
    for _ in transfer():
        most = max(most, procfs.rss_bytes(worker) - before)
    return most


@pytest.mark.parametrize('size', [128 * MIB, pytest.param(1 << 30, marks=pytest.mark.slow)],
                         ids=['128MiB', '1GiB'])
def test_uploads_and_downloads_leave_memory_flat(server, size):
    running = server(APP.replace('range(1600)', f'range({size // 65536})'))

    def upload():
        with running.raw() as client:
            client.send(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' % size)
            for _ in range(size // (4 * MIB)):
                client.send(bytes(4 * MIB))
                yield
            assert client.read_answer().body == str(size).encode()

    def download():
        with running.raw() as client:
            client.send(b'GET /endless HTTP/1.0\r\n\r\n')
            client.read_head()
            for _ in range(size // (4 * MIB)):
                client.read_exactly(4 * MIB)
                yield
            assert client.is_closed_by_server()

    assert flat_transfer(running, upload) < ROOM
    assert flat_transfer(running, download) < ROOM
