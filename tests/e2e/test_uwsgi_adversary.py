# SPDX-License-Identifier: MIT
"""Malicious clients of the uwsgi protocol, next to a well-behaved one of HTTP."""
import contextlib

import pytest

from harness import uwsgi
from harness.client import RawClient
from test_adversary import MIB, start, undisturbed

UWSGI = 1
LISTEN = ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0']


@contextlib.contextmanager
def many(running, count):
    clients = []
    try:
        for _ in range(count):
            clients.append(RawClient(running.address(UWSGI)))
        yield clients
    finally:
        for client in clients:
            client.close()


def test_slow_packets(server):
    running = start(server, listen=LISTEN)
    packet = uwsgi.request('/slow')
    with undisturbed(running) as measure, many(running, 300) as clients:
        for at in range(7):  # the header, and the first bytes of the variables
            for client in clients:
                client.send(packet[at:at + 1])
        measure()
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
        for client in clients[:20]:
            client.send(packet[7:])
            assert client.read_answer().body == b'0'


@pytest.mark.parametrize('length', [1000, 10 * MIB], ids=['small', 'large'])
def test_slow_bodies(server, length):
    running = start(server, listen=LISTEN)
    with undisturbed(running) as measure, many(running, 300) as clients:
        for client in clients:
            client.send(uwsgi.request('/', CONTENT_LENGTH=str(length), REQUEST_METHOD='POST'))
            client.send(b'x' * 5)
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
        measure()


def test_resets_at_every_stage(server):
    running = start(server, listen=LISTEN)
    data = uwsgi.request('/', b'x' * 90_000)
    places = [*range(0, 60, 3), len(data) - 90_000, 1000, 80_000, len(data)]
    with undisturbed(running) as measure:
        for _ in range(10):
            for place in places:
                client = running.raw(UWSGI)
                client.send(data[:place])
                client.reset()
        measure()


def test_half_closes(server):
    running = start(server, listen=LISTEN)
    data = uwsgi.request('/', b'x' * 100)
    with undisturbed(running) as measure:
        for _ in range(10):
            for place in (0, 2, 4, 50, len(data) - 1, len(data)):
                with running.raw(UWSGI) as client:
                    client.send(data[:place])
                    client.finish_sending()
                    if place == len(data):
                        assert client.read_answer().body == b'100'
                    else:
                        with contextlib.suppress(ConnectionResetError):
                            client.read_all()
        measure()


def test_largest_packets(server):
    """An announced body costs nothing before it arrives."""
    running = start(server, listen=LISTEN)
    with undisturbed(running) as measure, many(running, 300) as clients:
        for client in clients:
            client.send(b'\0\xff\xff\0')
        measure()
