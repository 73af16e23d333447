# SPDX-License-Identifier: MIT
"""X-Sendfile and X-Accel-Redirect: the application decides, the server sends the file."""
import contextlib
import random
import signal
import socket
from urllib.parse import quote

import pytest

from harness import uwsgi

BIG = random.Random(22).randbytes(10 << 20)  # more than the kernel takes for one that does not read
HELLO = b'hello, files\n'
DATE = 'Tue, 14 Nov 2023 22:13:20 GMT'
APP = '''
import os
from urllib.parse import unquote_to_bytes

ROOT = os.path.realpath('files')


class Body(list):
    def close(self):
        print('the body was closed', flush=True)


def application(environ, start_response):
    """/NAME/VALUE answers with the header NAME: VALUE; @ stands for the folder of the files, and !
    for %. The query is a status and, after &, headers."""
    _, name, value = environ['REQUEST_URI'].partition('?')[0].split('/', 2)
    if name == 'spin':
        print('it spins', flush=True)
        while not os.path.exists('go'):
            pass
    value = value.replace('@', ROOT).replace('!', '%')
    if name == 'X-Sendfile':
        value = unquote_to_bytes(value).decode('latin-1')
    status, _, more = environ['QUERY_STRING'].partition('&')
    headers = [pair.partition('=')[::2] for pair in unquote_to_bytes(more).decode().split('&')
               if pair]
    start_response(f'{status or 200} Said', [(name, value), ('Content-Length', '4'), *headers])
    return Body([b'body'])
'''
ON = [{'header': 'x-sendfile', 'root': 'files'},
      {'header': 'x-accel-redirect', 'path': '/internal', 'root': 'files'},
      {'header': 'x-accel-redirect', 'path': '/internal/other', 'root': 'other'}]
BOTH = pytest.mark.parametrize('prefix', ['/X-Sendfile/@', '/X-Accel-Redirect//internal'])


def fill(folder):
    files, other = folder / 'files', folder / 'other'
    (files / 'sub').mkdir(parents=True)
    other.mkdir()
    (files / 'big').write_bytes(BIG)
    for name in ('hello.txt', 'with space.txt', 'grüße.txt', '100%.txt', 'what?.txt', 'page.html',
                 'sub/index.html'):
        (files / name).write_bytes(HELLO)
    (other / 'one.txt').write_bytes(b'of the other root')
    (folder / 'secret').write_bytes(b'secret')
    (files / 'link').symlink_to('hello.txt')
    (files / 'out').symlink_to('../secret')


@pytest.fixture(scope='module')
def running(module_server):
    started = module_server(APP, {
        'sendfile': ON, 'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0'],
        'log': {'access': '${status} ${uri} ${rsize}'}}, prepare=fill)
    started.expect_error('X-Sendfile|X-Accel-Redirect')
    return started


def names_no_file(answer):
    return not {'x-sendfile', 'x-accel-redirect'} & {name for name, _ in answer.headers}


# --- which file ----------------------------------------------------------------------------------

@pytest.mark.parametrize('path', [
    '/X-Sendfile/@/hello.txt', '/X-Accel-Redirect//internal/hello.txt', '/x-sendfile/@/hello.txt',
    '/X-SENDFILE/@/hello.txt', '/x-accel-redirect//internal/hello.txt',
    '/X-Sendfile/@/with%20space.txt', '/X-Accel-Redirect//internal/with%20space.txt',
    '/X-Sendfile/@/gr%C3%BC%C3%9Fe.txt', '/X-Accel-Redirect//internal/gr%C3%BC%C3%9Fe.txt',
    '/X-Sendfile/@/100%25.txt', '/X-Accel-Redirect//internal/100%25.txt',
    '/X-Accel-Redirect//internal/what%3F.txt', '/X-Sendfile/@/sub/index.html',
    '/X-Sendfile/@/link', '/X-Accel-Redirect//internal/link'])
def test_the_file_that_is_named(running, path):
    answer = running.get(path)
    assert (answer.status, answer.body) == (200, HELLO)
    assert answer.header('content-length') == str(len(HELLO))
    assert names_no_file(answer)


def test_the_longest_prefix_wins(running):
    assert running.get('/X-Accel-Redirect//internal/other/one.txt').text == 'of the other root'


@pytest.mark.parametrize('path', [
    '/X-Sendfile//etc/passwd', '/X-Sendfile/@/../secret', '/X-Sendfile/@/out', '/X-Sendfile/@',
    '/X-Sendfile/@/', '/X-Sendfile/@/sub', '/X-Sendfile/@/missing', '/X-Sendfile/hello.txt',
    '/X-Sendfile/@/hello.txt!00', '/X-Sendfile/@/hello.txt!0a', '/X-Sendfile/@x/hello.txt',
    '/X-Accel-Redirect//etc/passwd', '/X-Accel-Redirect//internal/../secret',
    '/X-Accel-Redirect//internal/%2e%2e/secret', '/X-Accel-Redirect//internal/..%2fsecret',
    '/X-Accel-Redirect//internal/out', '/X-Accel-Redirect//internal',
    '/X-Accel-Redirect/internal/hello.txt',
    '/X-Accel-Redirect//internal/missing', '/X-Accel-Redirect//internalhello.txt',
    '/X-Accel-Redirect//internal/!zz', '/X-Accel-Redirect//internal/hello.txt!00',
    '/X-Accel-Redirect/@/hello.txt', '/X-Accel-Redirect/http://127.0.0.1/internal/hello.txt'])
def test_nothing_but_files_below_a_root(running, path):
    answer = running.get(path)
    assert answer.status in (403, 404, 500)
    assert b'secret' not in answer.body and b'root:' not in answer.body and answer.body != b'body'
    assert names_no_file(answer)
    assert running.get('/X-Sendfile/@/hello.txt').body == HELLO


# --- headers -------------------------------------------------------------------------------------

@BOTH
def test_the_applications_headers_stay_and_its_length_goes(running, prefix):
    answer = running.get(f'{prefix}/page.html?200&Content-Type=text/x-own&Set-Cookie=a=b&'
                         'Content-Disposition=attachment&X-More=more&Cache-Control=private')
    assert answer.body == HELLO
    kept = {name: answer.header(name) for name in (
        'content-type', 'set-cookie', 'content-disposition', 'x-more', 'cache-control')}
    assert kept == {'content-type': 'text/x-own', 'set-cookie': 'a=b', 'x-more': 'more',
                    'content-disposition': 'attachment', 'cache-control': 'private'}
    assert [value for name, value in answer.headers if name == 'content-length'] == ['13']
    assert answer.header('transfer-encoding') is None


@BOTH
def test_what_the_application_says_of_its_body_goes(running, prefix):
    answer = running.get(f'{prefix}/hello.txt?200&Content-Encoding=gzip&Content-MD5=x&Digest=sha=x'
                         '&Repr-Digest=x&Content-Digest=x&Content-Language=de')
    assert answer.body == HELLO
    names = {name for name, _ in answer.headers}
    assert 'content-language' in names
    assert not {'content-encoding', 'content-md5', 'digest', 'repr-digest',
                'content-digest'} & names


@BOTH
def test_what_the_application_does_not_say_is_the_files(running, prefix):
    answer = running.get(f'{prefix}/page.html')
    assert answer.header('content-type').startswith('text/html')
    assert answer.header('etag') and answer.header('last-modified')
    assert answer.header('accept-ranges') == 'bytes'


@BOTH
def test_head(running, prefix):
    answer = running.request('HEAD', f'{prefix}/hello.txt')
    assert (answer.status, answer.header('content-length')) == (200, '13')
    assert names_no_file(answer)


@BOTH
def test_ranges_and_conditions(running, prefix):
    path = f'{prefix}/hello.txt'
    etag = running.get(path).header('etag')
    answer = running.get(path, headers={'Range': 'bytes=7-11'})
    assert (answer.status, answer.text, answer.header('content-range')) == (
        206, 'files', 'bytes 7-11/13')
    assert running.get(path, headers={'Range': 'bytes=99-'}).status == 416
    assert running.get(path, headers={'If-None-Match': etag}).status == 304
    assert running.get(path, headers={'If-Match': '"x"'}).status == 412
    assert running.get(path, headers={'If-Range': etag, 'Range': 'bytes=0-4'}).text == 'hello'
    assert running.get(path, headers={'If-Range': '"x"', 'Range': 'bytes=0-4'}).status == 200


@BOTH
def test_the_files_etag_and_date_count(running, prefix):
    """Frameworks would put those of an empty body on the answer."""
    answer = running.get(f'{prefix}/hello.txt?200&ETag="own"&Last-Modified={quote(DATE)}')
    plain = running.get(f'{prefix}/hello.txt')
    for name in ('etag', 'last-modified'):
        assert [value for key, value in answer.headers if key == name] == [plain.header(name)]


@BOTH
def test_a_part_that_the_application_has_chosen_itself(running, prefix):
    """werkzeug does so beside the header."""
    path = f'{prefix}/hello.txt?206&Content-Range=bytes%200-4/13'
    answer = running.get(path, headers={'Range': 'bytes=7-11'})
    assert (answer.status, answer.text) == (206, 'files')
    assert [value for name, value in answer.headers if name == 'content-range'] == [
        'bytes 7-11/13']


@BOTH
@pytest.mark.parametrize('status', [304, 404, 416, 503])
def test_an_answer_that_is_not_200_is_the_applications(running, prefix, status):
    """Nevertheless the header does not leave the server."""
    answer = running.get(f'{prefix}/hello.txt?{status}')
    assert answer.status == status and names_no_file(answer) and answer.body != HELLO


@BOTH
def test_posts_get_files_too(running, prefix):
    answer = running.request('POST', f'{prefix}/hello.txt', body=b'x')
    assert (answer.status, answer.body) == (200, HELLO)


def test_by_the_uwsgi_protocol(running):
    with running.raw(index=1) as client:
        client.send(uwsgi.request('/X-Sendfile/@/hello.txt'))
        assert client.read_all().endswith(b'\r\n\r\n' + HELLO)


LATE = '''
import os
import sys

import gevent


def application(environ, start_response):
    """A greenlet changes the answer after the request's end, while the file is looked for."""
    def late():
        try:
            raise ValueError('late')
        except ValueError:
            try:
                start_response('200 Late', [('Content-Type', 'text/late'), ('X-Late', 'yes')],
                               sys.exc_info())
                print('it was taken', flush=True)
            except ValueError:
                print('it was refused', flush=True)
    gevent.spawn(late)
    start_response('200 OK', [('Content-Type', 'text/own'),
                              ('X-Sendfile', os.path.realpath('files/hello.txt'))])
    return []
'''


def test_a_greenlet_that_is_left_over_does_not_change_the_answer(server):
    running = server(LATE, {'sendfile': ON}, prepare=fill)
    answer = running.get('/')
    running.wait_log('it was (refused|taken)')
    assert 'it was refused' in running.log.text()
    assert (answer.body, answer.header('x-late')) == (HELLO, None)
    assert [value for name, value in answer.headers if name == 'content-type'] == ['text/own']


# --- off, and while it goes on -------------------------------------------------------------------

@BOTH
def test_without_the_switch_it_is_a_header_like_others(server, prefix):
    running = server(APP)
    answer = running.get(f'{prefix}/hello.txt')
    assert answer.body == b'body' and not names_no_file(answer)


def test_one_header_does_not_switch_on_the_other(server):
    running = server(APP, {'sendfile': [ON[1]]}, prepare=fill)
    assert running.get('/X-Sendfile/@/hello.txt').body == b'body'
    assert running.get('/X-Accel-Redirect//internal/hello.txt').body == HELLO


@pytest.fixture
def one_core(make_server):
    made = make_server()
    fill(made.folder)
    made.write_app(APP)
    made.write_config({'sendfile': ON, 'workers': {'processes': 1, 'cores': 1}})
    return made.start()


@contextlib.contextmanager
def slow_reader(running):
    with running.raw() as client:
        client.send(b'GET /X-Sendfile/@/big HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_head()[1] == 200
        yield client


def test_the_core_is_free_while_the_file_is_sent(one_core):
    with slow_reader(one_core) as slow:
        one_core.wait_log('the body was closed')
        one_core.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
        assert one_core.get('/X-More/more').body == b'body'
        assert slow.read_exactly(len(BIG)) == BIG
        slow.send(b'GET /X-More/more HTTP/1.1\r\nHost: x\r\n\r\n')
        assert slow.read_answer().body == b'body'


def test_it_goes_on_while_the_only_hub_computes(one_core):
    with slow_reader(one_core) as slow, one_core.raw() as other:
        one_core.wait_log('the body was closed')
        other.send(b'GET /spin/x HTTP/1.1\r\nHost: x\r\n\r\n')
        one_core.wait_log('it spins')
        assert slow.read_exactly(len(BIG)) == BIG
        (one_core.folder / 'go').touch()
        assert other.read_answer().body == b'body'


def test_a_stop_waits_for_it(one_core):
    with slow_reader(one_core) as slow:
        one_core.signal(signal.SIGTERM)
        one_core.wait_status(lambda s: s['state'] == 'stopping')
        assert slow.read_exactly(len(BIG)) == BIG
    assert one_core.wait_exit() == 0


def test_a_client_that_leaves(one_core):
    for _ in range(3):
        with slow_reader(one_core) as slow:
            slow.socket.shutdown(socket.SHUT_RDWR)
    one_core.wait_status(lambda s: s['workers'][0]['connections'] == 0)
    assert one_core.get('/X-Sendfile/@/big').body == BIG


# --- frameworks ----------------------------------------------------------------------------------

FLASK = '''
import flask

application = flask.Flask('files')
application.config['USE_X_SENDFILE'] = True


@application.route('/<name>')
def file(name):
    return flask.send_file(f'files/{name}', as_attachment='attached' in flask.request.args)
'''
DJANGO = '''
import os
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(DEBUG=False, ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, SECRET_KEY='x',
                   MIDDLEWARE=['django.middleware.common.CommonMiddleware',
                               'django.middleware.http.ConditionalGetMiddleware'])


def file(request, name):
    return HttpResponse(headers={'X-Accel-Redirect': f'/internal/{name}', 'Content-Type': ''})


urlpatterns = [path('<name>', file)]
application = get_wsgi_application()
'''


@pytest.mark.parametrize('source', [FLASK, DJANGO], ids=['flask', 'django'])
def test_frameworks(server, source):
    running = server(source, {'sendfile': ON}, prepare=fill)
    answer = running.get('/hello.txt')
    assert (answer.status, answer.body) == (200, HELLO) and names_no_file(answer)
    etag = answer.header('etag')
    part = running.get('/hello.txt', headers={'Range': 'bytes=7-11'})
    assert (part.status, part.text, part.header('content-range')) == (
        206, 'files', 'bytes 7-11/13')
    assert running.get('/hello.txt', headers={'If-None-Match': etag}).status == 304
    assert running.get('/hello.txt', headers={'Range': 'bytes=99-'}).status == 416
    assert running.get('/big').body == BIG
    head = running.request('HEAD', '/big')
    assert head.header('content-length') == str(len(BIG))
    if source is FLASK:
        assert 'attachment' in running.get('/hello.txt?attached').header('content-disposition')
