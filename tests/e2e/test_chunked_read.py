# SPDX-License-Identifier: MIT
"""uwsgi.chunked_read() and chunked_read_nb(): the body of a request in pieces as they arrive."""
import pytest

APP = '''
import uwsgi


def pieces(environ):
    if environ['PATH_INFO'] == '/after_a_line':
        yield environ['wsgi.input'].readline()
        yield b'|'
    while piece := uwsgi.chunked_read():
        yield piece


def polled(environ):
    """What is there is taken, and nothing is waited for."""
    from gevent import sleep

    waited = False
    while (piece := uwsgi.chunked_read_nb()) != b'':
        if piece is None:
            if not waited:
                print('nothing yet', flush=True)
            waited = True
            sleep(0.001)
        else:
            yield piece


def late(environ):
    try:
        uwsgi.chunked_read(timeout=0.01)
    except OSError as error:
        print(f'late: {error}', flush=True)
    yield from pieces(environ)


def application(environ, start_response):
    answer = {'/polled': polled, '/late': late}.get(environ['PATH_INFO'], pieces)
    body = list(answer(environ))
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return body
'''
HEAD = 'POST {} HTTP/1.1\r\nHost: x\r\n{}\r\n\r\n'


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'listen': [{'address': 'http://127.0.0.1:0',
                                           'expect': 'application'}]})


@pytest.fixture
def open_body(running):
    """A client that has sent the head of a chunked body, and was told to go on."""
    with running.raw() as client:
        def send_head(path):
            client.send(HEAD.format(path, 'Expect: 100-continue\r\nTransfer-Encoding: chunked')
                        .encode())
            assert client.read_head()[1] == 100
            return client
        yield send_head


@pytest.mark.parametrize('path, body', [
    ('/', b'one\ntwothree'), ('/after_a_line', b'one\n|twothree')])
def test_all_pieces_in_order(running, open_body, path, body):
    client = open_body(path)
    client.send(b'7\r\none\ntwo\r\n', b'5\r\nthree\r\n', b'0\r\n\r\n')
    assert client.read_answer().body == body
    with running.raw() as other:  # with a length, too
        other.send(HEAD.format(path, 'Content-Length: 12').encode() + b'one\ntwothree')
        assert other.read_answer().body == body


def test_a_large_body(running):
    body = bytes(range(256)) * 4000
    assert running.request('POST', '/', body).body == body


def test_no_body_is_at_its_end(running):
    for path in ('/', '/polled'):
        assert running.get(path).body == b''


def test_a_poll_does_not_wait(running, open_body):
    since = running.log.mark()
    client = open_body('/polled')
    running.wait_log('^nothing yet$', since=since)
    client.send(b'3\r\none\r\n0\r\n\r\n')
    assert client.read_answer().body == b'one'


def test_a_wait_can_have_an_end(running, open_body):
    since = running.log.mark()
    client = open_body('/late')
    running.wait_log('^late: .* the client has sent nothing in 0.01 s$', since=since)
    with running.raw() as other:  # served meanwhile
        other.send(HEAD.format('/', 'Content-Length: 2').encode() + b'ok')
        assert other.read_answer().body == b'ok'
    client.send(b'3\r\none\r\n0\r\n\r\n')
    assert client.read_answer().body == b'one'


def test_a_client_that_leaves_ends_the_wait(running, open_body):
    client = open_body('/')
    client.send(b'3\r\none\r\n')
    client.finish_sending()
    assert client.is_closed_by_server()
