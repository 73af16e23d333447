# SPDX-License-Identifier: MIT
"""Requests of every kind leave nothing behind in the worker's Python: no reference, no block."""
import json

import pytest

REQUESTS = 300

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
    """Sends each on a connection of its own, so that a failing response may end it."""
    for _ in range(count):
        with running.raw() as client:
            client.send(f'POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                        'X-Any: thing\r\nContent-Length: 6\r\n\r\nab\ncde'.encode())
            try:
                client.read_all()
            except ConnectionResetError:  # the sign of a response that was cut off
                pass


def census(running):
    return json.loads(running.get('/census').body)


def grown(before, after):
    """What has more, or fewer, references than chance explains for that many requests."""
    counts = {**before['shared'], 'blocks': before['blocks'], 'objects': before['objects']}
    now = {**after['shared'], 'blocks': after['blocks'], 'objects': after['objects']}
    return {name: now[name] - count for name, count in counts.items()
            if abs(now[name] - count) >= REQUESTS // 10}


def assert_nothing_stays(running, send):
    """Python's own caches grow at first, by some hundred blocks, and less with each batch; a
    reference that a request leaves behind shows after every batch."""
    send(50)
    seen = [census(running), census(running)]
    for _ in range(20):
        send(REQUESTS)
        seen.append(census(running))
        if not grown(*seen[-2:]):
            return
    assert False, [grown(*pair) for pair in zip(seen[1:], seen[2:])]


@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
@pytest.mark.parametrize('kind', CASES)
def test_a_request_leaves_no_reference_behind(server, kind, greenlet):
    running = server(APP, {'workers': {'processes': 1, 'greenlet': greenlet}})
    running.expect_error('.*')  # some kinds are faults of the application
    assert_nothing_stays(running, lambda count: send_many(running, f'/{kind}', count))


def test_clients_that_leave_take_everything_with_them(server):
    running = server(APP, {'workers': {'processes': 1}})

    def leave(count):
        for _ in range(count):
            with running.raw() as client:
                client.send(b'POST /lines HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab\nc')
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)

    assert_nothing_stays(running, leave)
