# SPDX-License-Identifier: MIT
"""The keys of `limits`, each shown by its effect."""
import resource
import time

import pytest

from harness import procfs
from harness.apps import ECHO, HELLO, PIECES, SLEEP
from harness.client import RawClient


def test_request_head(server):
    running = server(HELLO, {'limits': {'request-head': '4KiB'}})
    assert running.get('/', headers={'X-Big': 'x' * 3000}).status == 200
    answer = running.get('/', headers={'X-Big': 'x' * 5000})
    assert answer.status == 431


def test_request_head_is_the_limit_of_the_target(server):
    running = server(ECHO, {'limits': {'request-head': '100KiB'}})
    assert running.get('/?' + 'x' * 100_000).status == 200
    assert running.get('/?' + 'x' * 110_000).status == 414


def test_header_fields(server):
    running = server(HELLO, {'limits': {'header-fields': 300}})
    most = {f'X-{number}': 'y' for number in range(298)}  # the client adds Host and another
    assert running.get('/', headers=most).status == 200
    assert running.get('/', headers={**most, 'X-One-More': 'y'}).status == 431


@pytest.mark.parametrize('chunked', [False, True])
def test_request_body(server, chunked):
    running = server(ECHO, {'limits': {'request-body': '10KiB'}})
    assert running.request('POST', '/size', b'x' * 10240).body == b'10240'
    with running.raw() as client:
        if chunked:
            client.send(b'POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
                        b'3000\r\n' + b'x' * 0x3000 + b'\r\n0\r\n\r\n')
        else:
            client.send(b'POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 10241\r\n\r\n')
        answer = client.read_answer()
        assert answer.status == 413
        assert client.is_closed_by_server()


def test_header_timeout_counts_from_the_first_byte_in_all(server):
    running = server(HELLO, {'limits': {'header-timeout': '500ms'}})
    with running.raw() as client:
        started = time.monotonic()
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n')
        client.socket.settimeout(0.05)
        while True:  # each line is in time, but the head never ends
            try:
                client.send(b'X-More: y\r\n')
                answer = client.read_answer()
                break
            except TimeoutError:
                assert time.monotonic() - started < 20
        assert answer.status == 408
        client.socket.settimeout(20)
        assert client.is_closed_by_server()


def test_body_timeout_is_the_pause_between_two_pieces(server):
    running = server(ECHO, {'limits': {'body-timeout': '300ms'}})
    with running.raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
        assert client.read_answer().status == 408
        assert client.is_closed_by_server()


def test_keep_alive_closes_idle_connections(server):
    running = server(HELLO, {'limits': {'keep-alive': '200ms'}})
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().status == 200
        assert client.is_closed_by_server()


def test_keep_alive_does_not_end_running_requests(server):
    running = server(SLEEP, {'limits': {'keep-alive': '100ms'}})
    assert running.get('/0.6').status == 200


def test_write_timeout_ends_a_client_that_takes_nothing(server):
    running = server('''
def application(environ, start_response):
    start_response('200 OK', [])
    try:
        while True:
            yield b'x' * 1_000_000
    finally:
        print('the answer was ended', flush=True)
''', {'limits': {'write-timeout': '300ms'}})
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('the answer was ended')


@pytest.mark.parametrize('pieces', [1, 32], ids=['kept', 'pieces'])
def test_write_timeout_keeps_a_client_that_takes_a_little_all_the_time(server, pieces):
    """Less than makes room in the server's kernel, whether a greenlet waits or what is left was
    kept for the loop."""
    running = server(f'''
def application(environ, start_response):
    start_response('200 OK', [('Content-Length', str(1 << 25))])
    return [bytes((1 << 25) // {pieces})] * {pieces}
''', {'limits': {'write-timeout': '1s'}})
    with RawClient(running.address(), receive_buffer=4096) as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_head()
        client.dribble(2.5)
        assert running.status()['workers'][0]['connections'] == 1


def test_connections_bounds_those_that_are_open(server):
    running = server(HELLO, {'limits': {'connections': 5}})
    clients = [running.raw() for _ in range(8)]
    try:
        for client in clients[:5]:
            client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
            assert client.read_answer().status == 200
        assert running.status()['workers'][0]['connections'] == 5
        # The others wait in the kernel's queue until one leaves.
        clients[5].send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        clients[0].close()
        assert clients[5].read_answer().status == 200
    finally:
        for client in clients:
            client.close()


def test_out_of_descriptors_accepting_stops_and_is_said_once(server):
    running = server(PIECES, {'limits': {'connections': 10_000}})
    running.expect_error('descriptor|Too many open files|accept')
    worker, = running.workers()
    running.get('/?a')
    old = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    limit = sum(number < 512 for number in procfs.descriptors(worker)) + 3  # others are far above
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (limit, old[1]))
    clients = [running.raw() for _ in range(10)]
    try:
        clients[0].send(b'GET /?a HTTP/1.1\r\nHost: x\r\n\r\n')
        assert clients[0].read_answer().status == 200
        running.wait_log('Too many open files|descriptors')
        busy = procfs.cpu_seconds(worker)
        clients[0].socket.settimeout(1)
        with pytest.raises(TimeoutError):
            clients[0].read_all()
        assert procfs.cpu_seconds(worker) - busy < 0.1
        resource.prlimit(worker, resource.RLIMIT_NOFILE, old)
        for client in clients[1:]:
            client.send(b'GET /?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        clients[0].close()
        assert [client.read_answer().body for client in clients[1:]] == [b'b'] * 9
    finally:
        for client in clients:
            client.close()
    said = [line for line in running.log.lines()
            if 'Too many open files' in line or 'descriptors' in line]
    assert len(said) == 1
