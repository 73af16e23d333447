# SPDX-License-Identifier: MIT
"""Answers and bodies at odds with one another: both under way at once, bytes that come while the
hub is blocked, an answer that fails without a body, a stop while one is on its way."""
import signal

import pytest

SIZE = 40 << 20  # more than the kernel takes for a client that does not read
SOME = 150_000  # more than a packet, and the kernel takes it

APP = f'''
import gevent
from gevent import monkey

block = monkey.get_original('time', 'sleep')


def in_turns(environ):
    yield b'p' * {SIZE}
    yield environ['wsgi.input'].read()


def failing():
    yield b's' * {SOME}
    raise ValueError('late')


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/block':
        block(1.5)
    elif path == '/slow':
        environ['wsgi.input'].read()
        gevent.sleep(1.2)
    elif path == '/read':
        body = environ['wsgi.input'].read()
    write = start_response('200 OK', [])
    if path == '/turns':
        return in_turns(environ)
    if path in ('/slow', '/late'):
        return failing()
    if path == '/list':
        return [b'l' * {SIZE}]
    if path == '/read':
        return [body]
    if path == '/write':
        write(b'first ')
        return bytearray(b'second')
    return [b'quick']
'''
ONE = {'workers': {'processes': 1, 'cores': 4}}


def post(path, length, version='1.1', fields=b''):
    return b'POST %s HTTP/%s\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n' % (
        path.encode(), version.encode(), length, fields)


def test_a_client_that_takes_nothing_is_ended_although_its_body_is_awaited(server):
    running = server(APP, {**ONE, 'limits': {'write-timeout': '1s', 'body-rate': 0}})
    with running.raw() as client:
        client.send(post('/turns', 200_000) + b'b' * 100_000)
        running.wait_status(lambda s: s['workers'][0]['disconnects'] == 1
                            and s['workers'][0]['cores_busy'] == 0)


def test_what_came_while_the_hub_was_blocked_came_in_time(server):
    running = server(APP, {**ONE, 'limits': {'body-timeout': '1s'}})
    with running.raw() as small, running.raw() as big, running.raw() as blocking:
        small.send(post('/read', 1000) + b'b')
        big.send(post('/read', 200_000) + b'b' * 100_000)
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 1)
        blocking.send(b'GET /block HTTP/1.1\r\nHost: x\r\n\r\n')
        small.send(b'b' * 999)
        big.send(b'b' * 100_000)
        assert blocking.read_answer().status == 200
        assert len(small.read_answer().body) == 1000
        assert len(big.read_answer().body) == 200_000


def test_the_time_for_a_body_does_not_count_for_its_answer(server):
    running = server(APP, {**ONE, 'limits': {'body-timeout': '1s'}})
    running.expect_error('late|failed')
    with running.raw() as client:
        client.send(post('/slow', 4, '1.0'))
        assert running.get('/').text == 'quick'
        client.send(b'body')
        client.read_head()
        running.wait_log('ValueError: late')
        assert client.read_exactly(SOME) == b's' * SOME
        with pytest.raises(ConnectionResetError):
            client.read_all()


def test_a_stop_closes_a_kept_connection_when_its_answer_is_out(server):
    running = server(APP, {**ONE, 'limits': {'drain-requests': '1h'}})
    with running.raw() as client:
        client.send(b'GET /list HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_head()[1] == 200
        running.signal(signal.SIGTERM)
        running.wait_status(lambda s: s['state'] == 'stopping')
        assert client.read_exactly(SIZE) == b'l' * SIZE
        assert running.wait_exit() == 0


def test_the_client_is_not_told_to_continue_within_an_answer(server):
    running = server(APP, {'listen': [{'address': 'http://127.0.0.1:0', 'expect': 'application'}]})
    with running.raw() as client:
        client.send(post('/turns', 4, fields=b'Expect: 100-continue\r\n'))
        client.read_head()
        assert client.read_chunk() == b'p' * SIZE
        client.send(b'body')
        assert client.read_chunk() == b'body'
        assert client.read_chunk() == b''


def test_a_head_request_that_fails_late_has_its_answer(server):
    running = server(APP)
    running.expect_error('late|failed')
    with running.raw() as client:
        client.send(b'HEAD /late HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('ValueError: late')
        assert client.read_head()[1] == 200
        assert client.read_all() == b''


def test_write_may_be_followed_by_a_bare_block(server):
    assert server(APP).get('/write').text == 'first second'


def test_a_greenlet_may_wait_for_a_lock_beyond_the_load(server):
    running = server('''
import gevent
import uwsgi

uwsgi.lock(0)


def take():
    uwsgi.lock(0)
    print('taken', flush=True)
    uwsgi.unlock(0)


gevent.spawn(take)
gevent.sleep(0)
uwsgi.unlock(0)


def application(environ, start_response):
    gevent.sleep(0)
    start_response('200 OK', [])
    return [b'ok']
''', {'app': {'preload': True}})
    assert running.get('/').text == 'ok'
    running.wait_log('taken')
