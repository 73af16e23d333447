# SPDX-License-Identifier: MIT
"""wsgi.file_wrapper: files of every kind, from their position to their end."""
import os

import pytest

from harness.wsgi import BOTH, DISPATCH, both

APP = DISPATCH + '''
import gzip
import io
import os
import tempfile

PATH = 'data'
with open(PATH, 'wb') as data:
    data.write(b'0123456789' * 20_000)


class Told:
    """Reports that it is closed; not a type that the server knows."""

    def __init__(self, file):
        self.file = file

    def read(self, size):
        return self.file.read(size)

    def close(self):
        print('closed the file', flush=True)
        self.file.close()


def serve(make):
    def answer(environ, start_response):
        headers = [('Content-Type', 'text/plain')]
        if environ['QUERY_STRING']:
            headers.append(('Content-Length', environ['QUERY_STRING']))
        start_response('200 OK', headers)
        return environ['wsgi.file_wrapper'](*make())
    return answer


def at_10():
    file = open(PATH, 'rb')
    file.seek(10)
    return file,


def after_a_read():
    file = open(PATH, 'rb')
    file.readline(10)
    return file,


def a_pipe():
    reader, writer = os.pipe()
    os.write(writer, b'through a pipe')
    os.close(writer)
    return open(reader, 'rb'),


def a_gzip_file():
    with gzip.open('packed', 'wb') as packed:
        packed.write(b'unpacked')
    return gzip.open('packed', 'rb'),


def a_temporary_file():
    file = tempfile.NamedTemporaryFile()
    file.write(b'..temporary')
    file.seek(2)
    return file,


class Capitals:
    """Reads something else than is in the file that it names."""

    def __init__(self, file):
        self.file = self.raw = file
        self.fileno, self.tell, self.close = file.fileno, file.tell, file.close

    def read(self, size=-1):
        return self.file.read(size).upper()


class CapitalReader(io.BufferedReader):
    def read(self, size=-1):
        return super().read(size).upper()


class CapitalFile(io.FileIO):
    def read(self, size=-1):
        return super().read(size).upper()

    def readinto(self, buffer):
        data = self.read(len(buffer))
        buffer[:len(data)] = data
        return len(data)


def small():
    with open('small', 'wb') as file:
        file.write(b'small')
    return 'small'


def with_capitals(file):
    """The same object, with another read() of its own."""
    read = file.read
    file.read = lambda size=-1: read(size).upper()
    return file,


def a_temporary_file_of_capitals():
    file = tempfile.NamedTemporaryFile()
    file.write(b'small')
    file.seek(0)
    return with_capitals(file)


def written_over():
    """What was written is in the file's buffer only."""
    file = open(small(), 'r+b')
    file.read(5)
    file.seek(0)
    file.write(b'SM')
    file.seek(0)
    return file,


CAPITALS = {
    'capitals': lambda: (Capitals(open(small(), 'rb')),),
    'capital_reader': lambda: (CapitalReader(open(small(), 'rb', buffering=0)),),
    'capital_file': lambda: (CapitalFile(small()),),
    'buffered_capital_file': lambda: (io.BufferedReader(CapitalFile(small())),),
    'capitals_of_an_instance': lambda: with_capitals(open(small(), 'rb')),
    'capitals_of_an_unbuffered_instance': lambda: with_capitals(open(small(), 'rb', buffering=0)),
    'a_temporary_file_of_capitals': a_temporary_file_of_capitals,
}


def at_the_end():
    file = open(PATH, 'rb')
    file.seek(0, 2)
    return file,


CASES.update({name: serve(make) for name, make in {
    'whole': lambda: (open(PATH, 'rb'),), 'small_blocks': lambda: (open(PATH, 'rb'), 777),
    'unbuffered': lambda: (open(PATH, 'rb', buffering=0), 8192), 'at_10': at_10,
    'after_a_read': after_a_read, 'a_pipe': a_pipe, 'at_the_end': at_the_end,
    'bytes_io': lambda: (io.BytesIO(b'in memory'), 4), 'a_gzip_file': a_gzip_file,
    'a_temporary_file': a_temporary_file, 'told': lambda: (Told(open(PATH, 'rb')), 65536),
    'no_close': lambda: (type('F', (), {'read': io.BytesIO(b'no close').read})(),),
    'written_over': written_over, 'of_the_kernel': lambda: (open('/proc/self/cmdline', 'rb'),),
    'only_for_writing': lambda: (open(PATH + '2', 'wb', buffering=0),), **CAPITALS,
    'text': lambda: (io.StringIO('text'),), 'closed': lambda: (open(os.devnull, 'rb').close(),),
}.items()})


@case
def of_flask(environ, start_response):
    """flask.send_file() of an object that reads something else than its file."""
    import flask
    app = flask.Flask('files')
    app.add_url_rule('/of_flask', 'files', lambda: flask.send_file(
        Capitals(open(small(), 'rb')), mimetype='text/plain'))
    return app(environ, start_response)


@case
def pieces(environ, start_response):
    """Not returned: iterated by the application itself."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    wrapper = environ['wsgi.file_wrapper'](io.BytesIO(b'abcdef'), 4)
    for piece in wrapper:
        yield piece


@case
def named(environ, start_response):
    """As gunicorn's and wsgiref's: None is the usual size, names and attribute are there."""
    start_response('200 OK', [('Content-Type', 'text/plain')])
    wrap = environ['wsgi.file_wrapper']
    file = io.BytesIO(b'abcdef')
    assert wrap(file, None).filelike is file
    try:
        wrap(file, size=4)
    except TypeError:
        yield from wrap(filelike=file, blksize=4)


@case
def bad_block(environ, start_response):
    class Block(bytes):
        def __bool__(self):
            raise KeyError('of a block')

    class File:
        def read(self, size):
            return Block(b'x')

    start_response('200 OK', [('Content-Type', 'text/plain')])
    return environ['wsgi.file_wrapper'](File())


@case
def grows_shorter(environ, start_response):
    """The file shrinks after its length was announced."""
    with open('shrinking', 'wb') as file:
        file.write(b'x' * 100)
    start_response('200 OK', [('Content-Length', '100')])
    file = open('shrinking', 'rb')
    os.truncate('shrinking', 40)
    return environ['wsgi.file_wrapper'](file)
'''
DATA = b'0123456789' * 20_000


@pytest.fixture(scope='module')
def running(module_server):
    started = module_server(APP)
    started.expect_error('failed|shorter')
    return started


@pytest.mark.parametrize('path, body', [
    pytest.param(prefix + '/' + name, body, id=prefix + '/' + name)
    for prefix in BOTH for name, body in [
        ('whole', DATA), ('unbuffered', DATA), ('at_10', DATA[10:]), ('after_a_read', DATA[10:]),
        ('a_pipe', b'through a pipe'), ('bytes_io', b'in memory'), ('a_gzip_file', b'unpacked'),
        ('a_temporary_file', b'temporary'), ('at_the_end', b''), ('no_close', b'no close'),
        ('pieces', b'abcdef'), ('told', DATA)]
] + [pytest.param('/small_blocks', DATA, id='small_blocks')])
def test_from_where_it_stands_to_its_end(running, path, body):
    with running.raw() as client:
        for _ in range(2):
            client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            answer = client.read_answer()
            assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize('name', ['whole', 'told'])
def test_a_shorter_content_length_wins(running, name):
    with running.raw() as client:
        for _ in range(2):
            client.send(f'GET /{name}?12 HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            answer = client.read_answer()
            assert (answer.header('content-length'), answer.body) == ('12', DATA[:12])


@pytest.mark.parametrize('path', ['/whole?300000', '/told?300000', '/grows_shorter'])
def test_a_longer_content_length_aborts_the_connection(running, path):
    with running.raw() as client:
        client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        with pytest.raises((AssertionError, ConnectionResetError)):
            client.read_answer()


@pytest.mark.parametrize('name', [
    'capitals', 'capital_reader', 'capital_file', 'buffered_capital_file',
    'capitals_of_an_instance', 'capitals_of_an_unbuffered_instance',
    'a_temporary_file_of_capitals', 'of_flask'])
def test_an_object_is_read_by_its_own_read(running, name):
    answer = running.get('/' + name)
    assert (answer.status, answer.body) == (200, b'SMALL')


def test_what_the_file_does_not_show_is_read(running):
    assert running.get('/written_over').body == b'SMall'
    assert b'geventd' in running.get('/of_the_kernel').body


def test_a_file_that_cannot_be_read_is_a_fault(running):
    assert running.get('/only_for_writing').status == 500


# Its size is a page, and the kernel refuses to read it.
UNREADABLE = '/sys/class/net/lo/speed'


@pytest.mark.skipif(not os.path.exists(UNREADABLE), reason='the kernel shows no network here')
def test_a_file_that_fails_to_be_read_is_not_told_as_the_clients_fault(server):
    running = server(f"""
def application(environ, start_response):
    start_response('200 OK', [])
    return environ['wsgi.file_wrapper'](open('{UNREADABLE}', 'rb'))
""", {'log': {'access': 'status ${status} left ${client_gone}'}})
    running.expect_error('the file cannot be read: Invalid argument')
    running.expect_error('shorter than its Content-Length')
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_all().endswith(b'\r\n\r\n')
    running.wait_log('status 200 left false')
    assert running.status()['workers'][0]['disconnects'] == 0


def test_a_plain_file_has_a_length_of_its_own(running):
    assert running.get('/at_10').header('content-length') == str(len(DATA) - 10)
    assert running.get('/a_pipe').header('content-length') is None


@pytest.mark.parametrize('path', both('whole', 'told', 'a_pipe'))
def test_head_sends_none_of_it(running, path):
    with running.raw() as client:
        for _ in range(2):
            client.send(f'HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            assert client.read_answer('HEAD').status == 200


def test_the_file_is_closed(running):
    since = running.log.mark()
    running.get('/told')
    running.wait_log('closed the file', since=since)
    running.request('HEAD', '/told')
    running.wait_log('closed the file', since=since, count=2)


def test_http_1_0_gets_it_too(running):
    for path, body in (('/whole', DATA), ('/a_pipe', b'through a pipe')):
        with running.raw() as client:
            client.send(f'GET {path} HTTP/1.0\r\n\r\n'.encode())
            assert client.read_answer().body == body


def test_names_and_defaults_are_those_of_others(running):
    assert running.get('/named').body == b'abcdef'


def test_a_block_that_cannot_be_judged_is_a_fault(running):
    assert running.get('/bad_block').status == 500
    running.wait_log("KeyError: 'of a block'")


def test_a_text_file_is_a_fault(running):
    assert running.get('/text').status == 500


def test_a_slow_reader_gets_all_of_a_big_file(server):
    running = server("""
def application(environ, start_response):
    start_response('200 OK', [])
    return environ['wsgi.file_wrapper'](open('big', 'rb'))
""", wait=False)
    size = 40 << 20
    with open(running.folder / 'big', 'wb') as big:
        big.truncate(size)
        big.seek(size - 4)
        big.write(b'last')
    running.wait_ready()
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_head()
        assert running.request('HEAD', '/').status == 200  # the worker is not held up
        assert client.read_exactly(size).endswith(b'\0last')
