# SPDX-License-Identifier: MIT
"""Blocks of an answer that are no bytes: bytearrays and memoryviews."""
import pytest

from harness.wsgi import DISPATCH

APP = DISPATCH + '''
@case
def in_a_list(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return [bytearray(b'one'), memoryview(b'.t.w.o')[1::2]]


@case
def one_by_one(environ, start_response):
    block = bytearray(b'one')
    start_response('200 OK', list(HEADERS))
    yield block
    block[:] = b'two'
    yield memoryview(block)


@case
def written(environ, start_response):
    send = start_response('200 OK', list(HEADERS))
    send(bytearray(b'one'))
    send(memoryview(b'two'))
    return []


@case
def plain(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return bytearray(b'onetwo')


@case
def changed_while_they_are_sent(environ, start_response):
    """The client takes them slowly."""
    import gevent

    block = bytearray(b'a' * 10_000_000)

    def change():
        block[:] = b'b' * 5_000_000
        print('changed', flush=True)

    gevent.spawn(change)
    start_response('200 OK', list(HEADERS))
    return iter([block])
'''


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP)


@pytest.mark.parametrize('path, length', [
    ('/in_a_list', '6'), ('/one_by_one', None), ('/written', None), ('/plain', '6')])
def test_they_are_sent_as_bytes_are(running, path, length):
    with running.raw() as client:
        for _ in range(2):  # the connection is kept
            client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            answer = client.read_answer()
            assert (answer.status, answer.body) == (200, b'onetwo')
            assert answer.header('content-length') == length


def test_what_is_being_sent_does_not_change(running):
    with running.raw() as client:
        client.send(b'GET /changed_while_they_are_sent HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('^changed$')
        assert client.read_answer().body == b'a' * 10_000_000
