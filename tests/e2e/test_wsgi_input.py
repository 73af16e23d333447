# SPDX-License-Identifier: MIT
"""wsgi.input: every way of reading it, even past its end, with a length and in chunks."""
import json

import pytest

from harness import uwsgi
from harness.wsgi import DISPATCH, both

APP = DISPATCH + '''
import json


@case
def calls(environ, start_response):
    """Makes the calls named in the query, in that order, and answers with their results."""
    stream = environ['wsgi.input']
    results = []
    for call in environ['QUERY_STRING'].split(';'):
        name, _, argument = call.partition(',')
        if name == 'list':
            result = [line.decode('latin-1') for line in stream]
        elif name == 'next':
            result = next(iter(stream), b'').decode('latin-1')
        else:
            keyword, _, value = argument.rpartition('=')
            value = int(value) if value.lstrip('-').isdigit() else None
            if keyword:
                result = getattr(stream, name)(**{keyword: value})
            else:
                result = getattr(stream, name)(*[value] if argument else [])
            if isinstance(result, list):
                result = [line.decode('latin-1') for line in result]
            elif result is not None:
                result = result.decode('latin-1')
        results.append(result)
    text = json.dumps(results).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(text)))])
    return [text]


@case
def partly(environ, start_response):
    text = environ['wsgi.input'].read(3)
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '3')])
    return [text]


@case
def while_answering(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    while piece := environ['wsgi.input'].read(5):
        yield piece.upper()


@case
def kept(environ, start_response):
    global stream
    try:
        environ['wsgi.input'].read(1)
        stream.read(1)
    except NameError:
        pass
    except Exception as error:
        print('refused:', type(error).__name__, error, flush=True)
    stream = environ['wsgi.input']
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '0')])
    return []
'''
BODY = b'first\nsecond line\n\nlast'
LINES = ['first\n', 'second line\n', '\n', 'last']


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'listen': [
        {'address': 'http://127.0.0.1:0', 'expect': 'application'}, 'uwsgi://127.0.0.1:0']})


def chunks(body, size):
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return b''.join(b'%x%s\r\n%s\r\n' % (len(p), b'' if i else b';ext=1', p)
                    for i, p in enumerate(pieces)) + b'0\r\nT: x\r\n\r\n'


def send(running, way, calls, body, path='/calls'):
    target = f'{path}?{calls}'
    with running.raw(1 if way == 'uwsgi' else 0) as client:
        if way == 'uwsgi':
            client.send(uwsgi.request(target, body, REQUEST_METHOD='POST'))
        elif way == 'chunks':
            client.send(f'POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
                        .encode() + chunks(body, 4))
        elif way == 'late':  # 100 Continue: the application reads before any of the body is there
            client.send(f'POST {target} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                        f'Content-Length: {len(body)}\r\n\r\n'.encode())
            assert client.read_answer().status == 100
            client.send(*(body[i:i + 3] for i in range(0, len(body), 3)))
        else:
            client.send(f'POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n'
                        .encode() + body)
        return client.read_answer()


@pytest.mark.parametrize('way', ['length', 'chunks', 'late', 'uwsgi'])
@pytest.mark.parametrize('calls, results', [
    ('read', [BODY.decode()]), ('read,-1;read', [BODY.decode(), '']),
    ('read,None;read,5', [BODY.decode(), '']),
    ('read,0;read,7;read,0;read', ['', 'first\ns', '', 'econd line\n\nlast']),
    ('read,1000000;read,1', [BODY.decode(), '']), ('read,24;read', [BODY.decode(), '']),
    ('readline;readline;readline;readline;readline', LINES + ['']),
    ('readline,3;readline,3;readline,100;read', ['fir', 'st\n', 'second line\n', '\nlast']),
    ('readline,-1;readline,0;read,2', ['first\n', '', 'se']),
    ('readlines', [LINES]), ('readlines,1;read', [LINES[:1], ''.join(LINES[1:])]),
    ('readlines,7;readlines', [LINES[:2], LINES[2:]]), ('readlines,-1;readlines', [LINES, []]),
    ('list;list;read', [LINES, [], '']), ('next;read,4;next;list', [
        'first\n', 'seco', 'nd line\n', LINES[2:]]),
    ('close;read', [None, BODY.decode()]),
    ('readline,None;readlines,None', [LINES[0], LINES[1:]]),
    ('readline,size=3;read,size=3;readline,size=None;readlines,hint=1;read,size=-1',
     ['fir', 'st\n', LINES[1], ['\n'], 'last']),
])
def test_reading(running, way, calls, results):
    assert json.loads(send(running, way, calls, BODY).body) == results


@pytest.mark.parametrize('path', both('calls'))
def test_reading_under_the_validator(running, path):
    for calls, results in [('read,7;readline;list', ['first\ns', 'econd line\n', LINES[2:]]),
                           ('readlines', [LINES])]:
        assert json.loads(send(running, 'chunks', calls, BODY, path).body) == results


@pytest.mark.parametrize('calls, results', [
    ('read', ['']), ('read,5', ['']), ('readline', ['']), ('readlines', [[]]), ('list', [[]])])
def test_no_body_is_an_empty_one(running, calls, results):
    assert json.loads(running.get(f'/calls?{calls}').body) == results
    assert json.loads(send(running, 'chunks', calls, b'').body) == results


def test_a_long_line_is_one_line(running):
    body = b'x' * 300_000 + b'\n' + b'y' * 10
    assert [len(line) for line in json.loads(send(running, 'late', 'list', body).body)[0]] == [
        300_001, 10]


@pytest.mark.parametrize('way', ['length', 'chunks', 'uwsgi'])
def test_what_is_not_read_is_dropped(running, way):
    assert send(running, way, '', b'abc' + b'x' * 200_000, '/partly').body == b'abc'


def test_the_answer_may_begin_before_the_body_ends(running):
    with running.raw() as client:
        client.send(b'POST /while_answering HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                    b'Transfer-Encoding: chunked\r\n\r\n')
        assert client.read_head()[1] == 100
        client.send(b'5\r\nabcde\r\n')
        assert client.read_head()[1] == 200
        assert client.read_chunk() == b'ABCDE'
        client.send(b'5\r\nfghij\r\n0\r\n\r\n')
        assert (client.read_chunk(), client.read_chunk()) == (b'FGHIJ', b'')


def test_reading_after_the_end_of_the_request_is_an_error(running):
    since = running.log.mark()
    for _ in range(2):
        send(running, 'length', '', b'abc' * 40_000, '/kept')
    running.wait_log('refused: ', since=since)


def test_a_bad_chunk_ends_the_request_with_400(running):
    with running.raw() as client:
        client.send(b'POST /calls?read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                    b'Transfer-Encoding: chunked\r\n\r\n')
        assert client.read_head()[1] == 100
        client.send(b'3\r\nabcXX')
        assert client.read_answer().status == 400
        assert client.is_closed_by_server()


def test_a_client_that_leaves_is_no_error_of_the_application(running):
    since = running.log.mark()
    with running.raw() as client:
        client.send(b'POST /calls?read HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc')
    running.wait_status(lambda s: s['workers'][0]['connections'] == 0)
    assert 'Traceback' not in '\n'.join(running.log.lines()[since:])


def test_a_read_of_much_gets_all_of_a_body_in_chunks(server):
    running = server('''
def application(environ, start_response):
    first = environ['wsgi.input'].read(100_000_000)
    rest = environ['wsgi.input'].read(100_000_000)
    start_response('200 OK', [])
    return [b'%d %d' % (len(first), len(rest))]
''', {'limits': {'request-body': '1GiB'}})
    with running.raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
        for _ in range(70):
            client.send(b'f4240\r\n', bytes(1_000_000), b'\r\n')
        client.send(b'0\r\n\r\n')
        assert client.read_answer().body == b'70000000 0'


@pytest.mark.parametrize('head', ['Content-Length: 400000', 'Transfer-Encoding: chunked'])
@pytest.mark.parametrize('call', ['read()', 'read(400000)', 'readline()'])
def test_a_read_that_is_interrupted_loses_nothing(server, head, call):
    running = server(f'''
import gevent


def application(environ, start_response):
    stream = environ['wsgi.input']
    head = stream.read(10)
    with gevent.Timeout(0.1, False):
        stream.{call}
    print('interrupted', flush=True)
    body = head + stream.read()
    start_response('200 OK', [])
    return [b'%d %r' % (len(body), body == b'0123456789' * 40_000)]
''')
    body = b'0123456789' * 40_000
    parts = [body[:200_000], body[200_000:]]
    if 'chunked' in head:
        parts = [b'%x\r\n%b\r\n' % (len(part), part) for part in parts] + [b'0\r\n\r\n']
    with running.raw() as client:
        client.send(f'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{head}\r\n\r\n'
                    .encode())
        assert client.read_head()[1] == 100
        client.send(parts[0])
        running.wait_log('interrupted')
        client.send(*parts[1:])
        assert client.read_answer().body == b'400000 True'
