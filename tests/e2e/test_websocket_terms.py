# SPDX-License-Identifier: MIT
"""Which WebSockets are opened, and what an application's failures afterwards mean."""
import contextlib

import pytest
import websocket

from harness.client import RawClient
from harness.websockets import CLOSE, connect, request

APP = '''
import gevent.event
import geventd

go = gevent.event.Event()


def application(environ, start_response):
    path = environ['PATH_INFO']
    ws = geventd.websocket(environ)
    if ws is None or path == '/plain':
        if path == '/go':
            go.set()
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'a page']
    if path == '/late':
        print('asked', flush=True)
        go.wait()
    ws.accept()
    for message in ws:
        pass
'''


def test_those_that_may_still_be_accepted_count(server):
    running = server(APP, {'limits': {'websockets': 1}})
    with RawClient(running.address()) as first:
        first.send(request('/late'))
        running.wait_log('asked')
        with pytest.raises(websocket.WebSocketBadStatusException, match='503'):
            connect(running)
        running.get('/go')
        assert b' 101 ' in first.read_until(b'\r\n\r\n')
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)
    for _ in range(3):  # neither those that are refused nor those that are answered stay counted
        with pytest.raises(websocket.WebSocketBadStatusException, match='200'):
            connect(running, '/plain')
    connect(running).close()


FAILS_AFTERWARDS = '''
import geventd
import uwsgi


def application(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    for message in ws:
        pass
    path = environ['PATH_INFO']
    if path == '/file':
        open('/nowhere')
    if path == '/library':
        raise type('ConnectionError', (OSError,), {})('of a library')
    if path == '/uwsgi':
        uwsgi.websocket_recv()
    ws.send('more')
'''


def test_what_fails_after_the_end_is_told(server):
    running = server(FAILS_AFTERWARDS)
    for path, error in (('/file', 'FileNotFoundError'), ('/library', 'of a library')):
        running.expect_error(f'{path} failed')
        connect(running, path).close()
        running.wait_log(error)
    for path in ('/uwsgi', '/own'):
        connect(running, path).close()
    running.wait_status(lambda status: status['workers'][0]['websockets'] == 0)
    status = running.status()['workers'][0]
    assert (status['errors'], status['disconnects']) == (2, 0)


def test_an_answer_is_still_possible_after_a_vain_accept(server):
    running = server('''
import geventd

def application(environ, start_response):
    ws = geventd.websocket(environ)
    start_response('200 OK', [('X-App', 'here')])
    try:
        ws.accept()
    except geventd.WebSocketClosed:
        return [environ['wsgi.input'].read()]
''')
    with RawClient(running.address()) as client:
        client.send(request(headers='Content-Length: 4\r\n') + b'body')
        answer = client.read_answer()
        assert (answer.status, answer.body, answer.header('x-app')) == (200, b'body', 'here')


def test_origins(server):
    running = server(APP, {'limits': {'websocket-origins': ['*.example.org', 'http://x']}})
    connect(running, origin='https://chat.example.org').close()
    connect(running, origin='http://x').close()
    connect(running, suppress_origin=True).close()
    with pytest.raises(websocket.WebSocketBadStatusException, match='403'):
        connect(running, origin='https://evil.test')
    running.wait_log('refused the WebSocket / of https://evil.test')


def test_lists_may_come_in_several_fields(server):
    running = server(APP)
    client = connect(running, '/', subprotocols=None, header=[
        'Sec-WebSocket-Protocol: first', 'Sec-WebSocket-Protocol: second',
        'Sec-WebSocket-Extensions: unknown', 'Sec-WebSocket-Extensions: permessage-deflate'])
    headers = client.getheaders()
    assert 'permessage-deflate' in headers['sec-websocket-extensions']
    client.close()


TWO_RECEIVERS = '''
import geventd
import gevent


def application(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    first = gevent.spawn(ws.receive)
    gevent.sleep(0)  # it waits now
    for receive in (ws.receive, lambda: next(ws)):
        try:
            receive()
        except RuntimeError as error:
            ws.send(str(error))
    ws.send('the first: ' + first.get())
    dead = gevent.spawn(ws.receive)
    gevent.sleep(0)
    dead.kill()
    ws.send('the next: ' + ws.receive())
    return []
'''


def test_only_one_greenlet_receives(server):
    running = server(TWO_RECEIVERS)
    with contextlib.closing(connect(running)) as client:
        for _ in range(2):
            assert client.recv() == 'another greenlet is already waiting for this'
        client.send('one')
        assert client.recv() == 'the first: one'
        client.send('two')
        assert client.recv() == 'the next: two'
        assert client.recv_data() == (CLOSE, b'\x03\xe8')
