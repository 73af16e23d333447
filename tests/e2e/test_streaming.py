# SPDX-License-Identifier: MIT
"""Yielded pieces are sent before the application waits; slow readers, big bodies cost no memory."""
import socket
import struct

import pytest

from harness import procfs
from harness.apps import ECHO, SLEEP
from harness.limits import SANITIZED

MIB = 1 << 20

LOCKSTEP = '''
from gevent.event import Event

BURST = 1
steps = [Event() for _ in range(3)]


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path != '/':
        steps[int(path[1:])].set()
        start_response('204 No Content', [])
        return []
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return pieces()


def pieces():
    for number, step in enumerate(steps):
        for _ in range(BURST):
            yield b'piece %d' % number
        step.wait()
'''

ROWS = '''
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/csv')])
    return (b'%d,row\\r\\n' % number for number in range(5000))
'''

ENDLESS = '''
import gevent


def application(environ, start_response):
    if environ['PATH_INFO'] == '/quick':
        start_response('200 OK', [('Content-Length', '5')])
        return [b'quick']
    start_response('200 OK', [('Content-Type', 'application/octet-stream')])
    return (b'x' * 65536 for _ in range(100 * 16))
'''

TWO_WRITERS = '''
import gevent


def application(environ, start_response):
    write = start_response('200 OK', [('Content-Type', 'text/plain')])
    first = gevent.spawn(write, b'x' * SIZE)
    gevent.sleep()
    for piece in (b'', b'y'):
        try:
            write(piece)
        except RuntimeError as error:
            print('%r: %s' % (piece, error), flush=True)
    first.join()
    return [b'']
'''


@pytest.mark.parametrize('burst', [1, 50])
def test_pieces_arrive_before_the_next_ones_are_made(server, burst):
    running = server(LOCKSTEP.replace('BURST = 1', f'BURST = {burst}'))
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_head()
        for number in range(3):
            for _ in range(burst):
                assert client.read_chunk() == b'piece %d' % number
            assert running.get(f'/{number}').status == 204
        assert client.read_chunk() == b''


def data_segments_in(client):
    """The number of packets with data that have arrived."""
    info = client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    return struct.unpack_from('I', info, 152)[0]


def test_pieces_made_in_a_burst_share_packets(server):
    running = server(ROWS)
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().body.count(b'row') == 5000
        assert data_segments_in(client) < 2500


def test_a_reader_that_stalls_holds_nobody_back_and_costs_no_memory(server):
    running = server(ENDLESS)
    worker, = running.workers()
    running.get('/quick')
    before = procfs.rss_bytes(worker)
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_head()
        for _ in range(20):
            assert running.get('/quick').body == b'quick'
        assert procfs.rss_bytes(worker) - before < (60 if SANITIZED else 12) * MIB
        total = 0
        while chunk := client.read_chunk():
            total += len(chunk)
        assert total == 100 * MIB


def test_a_second_writer_is_told_so_unless_it_has_nothing_to_write(server):
    size = 32 * MIB
    running = server(TWO_WRITERS.replace('SIZE', str(size)), {'limits': {'unsent': 0}})
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        refused = running.wait_log(r"b'.?': another greenlet is already writing")
        assert refused.group().startswith("b'y'")
        assert client.read_answer().body == b'x' * size


def test_a_big_upload_never_sits_in_memory(server):
    running = server(ECHO)
    worker, = running.workers()
    running.get('/size')
    before = procfs.rss_bytes(worker)
    with running.raw() as client:
        client.send(b'POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' % (64 * MIB))
        for _ in range(64):
            client.send(b'x' * MIB)
        assert int(client.read_answer().body) == 64 * MIB
    assert procfs.rss_bytes(worker) - before < (60 if SANITIZED else 12) * MIB


def test_a_slow_client_takes_no_core(server):
    running = server(SLEEP, {'workers': {'processes': 1, 'cores': 1}})
    slow = [running.raw() for _ in range(20)]
    try:
        for client in slow:
            client.send(b'GET /0 HTTP/1.1\r\nHost')
        assert running.get('/0').status == 200
        for client in slow:
            client.send(b': x\r\n\r\n')
        assert [client.read_answer().status for client in slow] == [200] * 20
    finally:
        for client in slow:
            client.close()


def test_idle_connections_hold_no_core(server):
    running = server(SLEEP, {'workers': {'processes': 1, 'cores': 1}})
    idle = [running.raw() for _ in range(20)]
    try:
        for client in idle:
            client.send(b'GET /0 HTTP/1.1\r\nHost: x\r\n\r\n')
            assert client.read_answer().status == 200
        assert running.get('/0').status == 200
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
    finally:
        for client in idle:
            client.close()
