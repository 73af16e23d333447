# SPDX-License-Identifier: MIT
"""What an application does to answer a request that has become a WebSocket: the client gets the
frames and a closing frame, and no byte of an answer."""
import pytest

from harness.faces import FACES, OPENED
from harness.websockets import BINARY, CLOSE, TEXT, RawSocket, frame

MISUSES = OPENED + '''
import os

SECRET = b'nothing of an answer'


def secret_file():
    return open(os.path.abspath('files/secret'), 'rb')


def file_wrapper(environ, start_response):
    return environ['wsgi.file_wrapper'](secret_file())


def answered_file(environ, start_response):
    start_response('200 OK', [('Content-Length', str(len(SECRET)))])
    return file_wrapper(environ, start_response)


def early_hints(environ, start_response):
    environ['wsgi.early_hints']([('Link', '</style.css>; rel=preload; as=style')])
    return []


def sendfile(environ, start_response):
    start_response('200 OK', [('X-Sendfile', secret_file().name)])
    return []


def accel(environ, start_response):
    start_response('200 OK', [('X-Accel-Redirect', '/internal/secret')])
    return []


def write(environ, start_response):
    start_response('200 OK', [])(SECRET)
    return [SECRET]


def error_page(environ, start_response):
    start_response('404 Not Found', [('Content-Length', str(len(SECRET)))])
    return [SECRET]


def pieces(environ, start_response):
    def generated():
        start_response('200 OK', [])
        yield SECRET
        yield SECRET
    return generated()


def reads_input(environ, start_response):
    stream = environ['wsgi.input']
    for read in (stream.read, stream.readline, lambda: b''.join(stream), lambda: stream.read(1)):
        try:
            got = read()
        except Exception as error:
            print('no input:', type(error).__name__, error, flush=True)
        else:
            assert got == b'', got
    return []


def application(environ, start_response):
    misuse = globals()[environ['QUERY_STRING'].removeprefix('before-')]
    if environ['PATH_INFO'] == '/page':
        return misuse(environ, start_response)
    if environ['QUERY_STRING'].startswith('before-'):
        misuse(environ, start_response)
    receive, send = opened(environ)
    send(receive())
    try:
        result = misuse(environ, start_response)
    except Exception as error:
        print('misuse told:', type(error).__name__, error, flush=True)
        result = []
    send(receive())
    return result
'''
SENDFILE = [{'header': 'x-sendfile', 'root': 'files'},
            {'header': 'x-accel-redirect', 'root': 'files', 'path': '/internal'}]


def add_secret(folder):
    (folder / 'files').mkdir()
    (folder / 'files' / 'secret').write_bytes(b'nothing of an answer')


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(MISUSES, {'sendfile': SENDFILE}, prepare=add_secret)


ANSWERS = ['answered_file', 'sendfile', 'accel', 'write', 'error_page', 'pieces']


@pytest.mark.parametrize('misuse', ANSWERS)
def test_plain_requests_are_answered_so(running, misuse):
    assert b'nothing of an answer' in running.get(f'/page?{misuse}').body


@pytest.mark.parametrize('misuse', [
    *ANSWERS, 'file_wrapper', 'early_hints', 'reads_input', 'before-sendfile', 'before-accel',
    'before-error_page', 'before-reads_input'])
@pytest.mark.parametrize('face', FACES)
def test_only_frames_reach_the_client(running, face, misuse):
    # They are there from the beginning: what reads an input must not get them.
    messages = frame(TEXT, b'one') + frame(BINARY, b'two')
    with RawSocket(running.address(), f'/{face}?{misuse}', early=messages) as client:
        assert client.head.startswith('HTTP/1.1 101 ') and 'Content-Length' not in client.head
        assert [client.read_frame()[1], client.read_frame()[1]] == [b'one', b'two']
        assert client.read_frame() == (CLOSE, b'\x03\xe8')
        client.send(frame(CLOSE, b'\x03\xe8'))
        assert client.is_closed_by_server()
