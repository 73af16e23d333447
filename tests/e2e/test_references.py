# SPDX-License-Identifier: MIT
"""Requests of every kind leave nothing behind in the worker's Python: no reference, no block."""
import json

import pytest

REQUESTS = 600

APP = '''
import gc
import io
import json
import sys

import gevent

HEADERS = [('Content-Type', 'text/plain')]
BODY = [b'answer']


def plain(environ, start_response):
    start_response('200 OK', HEADERS)
    return BODY


def reads(environ, start_response):
    environ['wsgi.input'].read()
    start_response('200 OK', HEADERS)
    return BODY


def lines(environ, start_response):
    list(environ['wsgi.input'])
    start_response('200 OK', HEADERS)
    return BODY


def writes(environ, start_response):
    write = start_response('200 OK', HEADERS)
    write(BODY[0])
    return ()


def generates(environ, start_response):
    start_response('200 OK', HEADERS)
    yield BODY[0]
    gevent.sleep(0)
    yield BODY[0]


def sends_a_file(environ, start_response):
    start_response('200 OK', HEADERS)
    return environ['wsgi.file_wrapper'](open(__file__, 'rb'))


def sends_a_buffer(environ, start_response):
    start_response('200 OK', HEADERS)
    return environ['wsgi.file_wrapper'](io.BytesIO(BODY[0]))


def replaces(environ, start_response):
    start_response('200 OK', HEADERS)
    try:
        raise ValueError
    except ValueError:
        start_response('500 Oops', HEADERS, sys.exc_info())
    return BODY


def fails(environ, start_response):
    raise KeyError('fails')


def fails_late(environ, start_response):
    start_response('200 OK', HEADERS)
    yield BODY[0]
    raise KeyError('fails late')


def misuses(environ, start_response):
    start_response('200', [('Content-Type', 5)])


def answers_text(environ, start_response):
    start_response('200 OK', HEADERS)
    return ['text']


KINDS = {f.__name__: f for f in (plain, reads, lines, writes, generates, sends_a_file,
                                 sends_a_buffer, replaces, fails, fails_late, misuses,
                                 answers_text)}


def census(environ, start_response):
    gc.collect()
    shared = {name: sys.getrefcount(thing) for name, thing in {
        'None': None, 'True': True, 'False': False, 'empty': '', 'empty bytes': b'',
        'headers': HEADERS, 'pair': HEADERS[0], 'body': BODY, 'piece': BODY[0],
        'application': application, 'errors': environ['wsgi.errors'],
        'file_wrapper': environ['wsgi.file_wrapper'], 'version': environ['wsgi.version'],
        'input type': type(environ['wsgi.input']), 'method': environ['REQUEST_METHOD'],
        'start_response type': type(start_response), 'hub': gevent.get_hub(),
        **KINDS}.items()}
    text = json.dumps({'blocks': sys.getallocatedblocks(), 'objects': len(gc.get_objects()),
                       'shared': shared}).encode()
    start_response('200 OK', [('Content-Length', str(len(text)))])
    return [text]


def application(environ, start_response):
    return KINDS.get(environ['PATH_INFO'][1:], census)(environ, start_response)
'''

CASES = ['plain', 'reads', 'lines', 'writes', 'generates', 'sends_a_file', 'sends_a_buffer',
         'replaces', 'fails', 'fails_late', 'misuses', 'answers_text']


def send_many(running, target, count):
    """Each by a connection of its own, so that a failing response may end it."""
    for _ in range(count):
        with running.raw() as client:
            client.send(f'POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                        'X-Any: thing\r\nContent-Length: 6\r\n\r\nab\ncde'.encode())
            try:
                client.read_all()
            except ConnectionResetError:  # the mark of a response that broke off
                pass


def census(running):
    return json.loads(running.get('/census').body)


@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
@pytest.mark.parametrize('kind', CASES)
def test_a_request_leaves_no_reference_behind(server, kind, greenlet):
    running = server(APP, {'workers': {'processes': 1, 'greenlet': greenlet}})
    running.expect_error('.*')  # some kinds are faults of the application
    send_many(running, f'/{kind}', 50)
    census(running)
    before = census(running)
    send_many(running, f'/{kind}', REQUESTS)
    after = census(running)
    grown = {name: after['shared'][name] - count for name, count in before['shared'].items()
             if abs(after['shared'][name] - count) >= REQUESTS // 10}
    assert not grown
    for what in ('blocks', 'objects'):
        assert abs(after[what] - before[what]) < REQUESTS // 2, (what, before[what], after[what])


def test_clients_that_leave_take_everything_with_them(server):
    running = server(APP, {'workers': {'processes': 1}})

    def leave(count):
        for _ in range(count):
            with running.raw() as client:
                client.send(b'POST /lines HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab\nc')
    leave(50)
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
    census(running)
    before = census(running)
    leave(REQUESTS)
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
    after = census(running)
    for what in ('blocks', 'objects'):
        assert abs(after[what] - before[what]) < REQUESTS // 2, (what, before[what], after[what])
