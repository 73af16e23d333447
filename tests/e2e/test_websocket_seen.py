# SPDX-License-Identifier: MIT
"""What is seen of open WebSockets: geventctl, the metrics and what the live page reads."""
import contextlib
import json
import re

import pytest

from harness.client import exchange, open_http
from harness.limits import DEADLINE
from harness.websockets import BINARY, TEXT, RawSocket, connect, frame

APP = '''
import geventd


def application(environ, start_response):
    if environ['PATH_INFO'] == '/raw':
        sock = environ['gunicorn.socket']
        sock.send(b'HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n\\x81\\x05hello\\x89\\x00')
        while sock.recv(100):
            pass
        return []
    ws = geventd.websocket(environ)
    ws.accept()
    for message in ws:
        ws.send(b'x' * int(message))
    return []
'''


@pytest.fixture
def running(server):
    return server(APP, {'workers': {'processes': 2}, 'metrics': {
        'listen': 'http+unix:watch.sock'}})


def listed(running):
    return json.loads(running.ctl('websockets', '--json').stdout)['websockets']


def look(running, path):
    with contextlib.closing(open_http(str(running.folder / 'watch.sock'), DEADLINE)) as connection:
        return exchange(connection, 'GET', path)


def test_they_are_listed_with_what_they_carry(running):
    with contextlib.closing(connect(running, '/chat?password=geheim')) as client, \
            contextlib.closing(connect(running, '/other')):
        for size in (10, 200):
            client.send(str(size))
            client.recv()
        first, second = listed(running)
        assert (first['path'], second['path']) == ('/chat', '/other')
        assert first['client'] == '127.0.0.1' and first['pid'] in running.workers()
        assert first['age'] >= second['age'] >= 0
        assert (first['messages_in'], first['messages_out'], first['unsent']) == (2, 2, 0)
        assert first['bytes_in'] == 2 * (2 + 4) + len('10') + len('200')
        assert first['bytes_out'] == 2 + 10 + 4 + 200
        table = running.ctl('websockets').stdout
        assert table.splitlines()[1].split()[-1] == '/chat' and 'geheim' not in table
        assert json.loads(look(running, '/websockets.json?most=1').body) == {
            'websockets': [{**first, 'age': pytest.approx(first['age'], abs=DEADLINE)}], 'total': 2}
        stacks = running.stacks(first['id']).stdout
        assert 'app.py' in stacks and '/chat' in stacks
    running.wait_status(lambda status: sum(w['websockets'] for w in status['workers']) == 0)
    assert listed(running) == []


def test_bytes_that_the_client_does_not_take_are_shown(running):
    with RawSocket(running.address()) as client:
        client.send(frame(TEXT, str(16 << 20).encode()))
        assert client.read_frame()[0] == BINARY
        client.send(frame(TEXT, str(16 << 20).encode()), frame(TEXT, b'1'))
        assert client.read_exactly(2) == b'\x82\x7f'
        running.wait_status(lambda _: [socket['unsent'] for socket in listed(running)]
                            == [(16 << 20) + 10])


def test_messages_of_a_library_are_counted_too(running):
    with RawSocket(running.address(), '/raw') as client:
        assert client.read_frame() == (TEXT, b'hello')
        client.send(frame(TEXT, b'in ', first=0), frame(0, b'pieces'), frame(TEXT, b'2'))
        running.wait_status(lambda status: sum(w['messages_in'] for w in status['workers']) == 2)
        socket, = listed(running)
        assert (socket['messages_in'], socket['messages_out']) == (2, 1)


def test_metrics_count_them(running):
    with contextlib.closing(connect(running)) as client:
        client.send('1')
        client.recv()
        page = look(running, '/metrics').text
    for name in ('websockets', 'websockets_opened_total', 'websocket_messages_received_total',
                 'websocket_messages_sent_total'):
        values = re.findall(rf'^geventd_worker_{name}{{[^}}]*}} (\d+)$', page, re.M)
        assert sum(map(int, values)) == 1, name
