# SPDX-License-Identifier: MIT
"""wsgi.early_hints: headers that reach the client ahead of the answer."""
import pytest

from harness import uwsgi

APP = '''
import gevent

go = gevent.event.Event()
LINK = [('Link', '</style.css>; rel=preload'), ('Link', '</app.js>; rel=preload')]
BAD = {'/split': [('Link', 'a\\r\\nX: b')], '/name': [('L k', 'a')], '/tuple': (('Link', 'a'),),
       '/pair': [['Link', 'a']], '/number': [('Link', 1)]}


def application(environ, start_response):
    path = environ['PATH_INFO']
    hint = environ['wsgi.early_hints']
    if path == '/go':
        go.set()
    elif path in BAD:
        hint(BAD[path])
    elif path == '/late':
        start_response('200 OK', [])(b'begun ')
        assert hint(LINK) is None
        return [b'and ended']
    elif path == '/of_the_server':
        hint([('Connection', 'close'), ('Transfer-Encoding', 'chunked'), ('Content-Length', '7'),
              ('Link', 'a')])
    elif path == '/large':
        hint([('Link', 'x' * 400)] * 10_000)
    elif path == '/kept':
        global kept
        try:
            kept(LINK)
        except NameError:
            kept = hint
        except RuntimeError as error:
            print('refused:', error, flush=True)
    else:
        hint(LINK)
        hint([])
        go.wait()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'the answer']
'''
LINK = [('link', '</style.css>; rel=preload'), ('link', '</app.js>; rel=preload')]


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0']})


def send(client, path, version='1.1', method='GET'):
    client.send(f'{method} {path} HTTP/{version}\r\nHost: x\r\n\r\n'.encode())


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_they_arrive_before_the_answer_is_there(running, method):
    with running.raw() as client:
        send(client, '/', method=method)
        assert client.read_head() == ('HTTP/1.1', 103, LINK)
        assert client.read_head() == ('HTTP/1.1', 103, [])
        running.get('/go')
        answer = client.read_answer(method)
        assert (answer.status, answer.body) == (200, b'the answer' if method == 'GET' else b'')
        send(client, '/late')  # the connection is kept
        assert client.read_answer().body == b'begun and ended'


def test_clients_that_cannot_take_them_get_none(running):
    running.get('/go')
    with running.raw() as client:
        send(client, '/', version='1.0')
        assert client.read_answer().status == 200
    with running.raw(1) as client:
        client.send(uwsgi.request('/'))
        assert client.read_answer().status == 200


@pytest.mark.parametrize('path', ['/split', '/name', '/tuple', '/pair', '/number'])
def test_they_are_checked_as_the_headers_of_an_answer(running, path):
    running.expect_error('failed')
    with running.raw() as client:
        send(client, path)
        assert client.read_answer().status == 500


def test_what_is_the_servers_is_left_out(running):
    with running.raw() as client:
        send(client, '/of_the_server')
        assert client.read_head() == ('HTTP/1.1', 103, [('link', 'a')])
        answer = client.read_answer()
        assert answer.header('connection') is None and answer.body == b'the answer'


def test_a_slow_client_gets_all_of_them(running):
    with running.raw() as client:
        send(client, '/large')
        assert running.get('/go').status == 200  # the worker is not held up
        assert len(client.read_head()[2]) == 10_000
        assert client.read_answer().body == b'the answer'


def test_after_the_end_of_the_request_they_are_refused(running):
    since = running.log.mark()
    for _ in range(2):
        assert running.get('/kept').body == b'the answer'
    running.wait_log('refused: the response has already ended', since=since)
