# SPDX-License-Identifier: MIT
"""The settings of `static`: each does what it says."""
import gzip
import os
import re
import resource

import pytest

from harness import site, uwsgi
from harness.client import exchange

APP = '''
def application(environ, start_response):
    body = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode()
    start_response('200 OK', [('X-Application', 'yes'), ('Content-Length', str(len(body)))])
    return [body]
'''
CORES = '''
import os
import gevent

def application(environ, start_response):
    if environ['PATH_INFO'] == '/wait':
        print('it waits', flush=True)
        while not os.path.exists('go'):
            gevent.sleep(0.01)
    start_response('200 OK', [('Content-Length', '1')])
    return [str(environ['uwsgi.core']).encode()]
'''
FILES = {
    'app.css': 'plain', 'app.55e7cbb9ba48.css': 'hashed', 'index-BfH2a9_x.js': 'of vite',
    'main.8f3a9c1b.chunk.js': 'of webpack', 'photo-of-summer.jpg': 'no hash', 'x.foo': 'foo',
    'app.js': 'let plain', 'sub/index.html': 'sub', 'sub/home.htm': 'home', 'bare/file.txt': 'file',
    'index.html': 'index', 'shell.html': 'shell',
}
ENTRIES = {
    '/none': {}, '/application': {'fallback': 'application'}, '/file': {'fallback': 'shell.html'},
    '/home': {'index': 'home.htm'}, '/no-index': {'index': 'none'},
    '/no-index-application': {'index': 'none', 'fallback': 'application'},
    '/never': {'links': 'never'}, '/below': {'links': 'below-root'}, '/any': {'links': 'anywhere'},
    '/bare': {'precompressed': False, 'immutable': False},
    '/cached': {'cache-control': 'max-age=60', 'types': {'.foo': 'text/x-foo', '.css': 'text/odd'}},
    '/none/longer': {'root': 'files/sub'}, '/none/back': {'fallback': 'application'},
}


@pytest.fixture(scope='module')
def running(module_server):
    """A server with an entry for each of ENTRIES, by HTTP and the uwsgi protocol."""
    entries = [{'path': path, 'root': 'files', **more} for path, more in ENTRIES.items()]
    return module_server(APP, {
        'static': entries, 'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0'],
        'log': {'access': '${status} ${method} ${uri} ${rsize}'}}, prepare=fill)


def fill(folder):
    root = folder / 'files'
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for ending in ('br', 'zst', 'gz'):
        (root / f'app.js.{ending}').write_text(f'let {ending}')
    (root / 'style.css').write_text('style')
    (root / 'style.css.gz').write_bytes(gzip.compress(b'style'))
    (folder / 'secret').write_text('secret')
    (root / 'link').symlink_to('app.css')
    (root / 'linked').symlink_to('sub')
    (root / 'out').symlink_to('../secret')
    (root / 'whole').symlink_to(folder / 'secret')


def is_of_the_application(answer):
    return answer.header('x-application') == 'yes'


# --- paths and fallbacks -------------------------------------------------------------------------

@pytest.mark.parametrize('path, status, text', [
    ('/none/app.css', 200, 'plain'), ('/none/missing', 404, None), ('/none', 301, None),
    ('/none/', 200, 'index'), ('/nonesuch', 200, 'GET /nonesuch'), ('/', 200, 'GET /'),
    ('/none/longer/home.htm', 200, 'home'), ('/none/longer/app.css', 404, None),
    ('/none/longerapp.css', 404, None), ('/none/back/missing', 200, 'GET /none/back/missing'),
    ('/application/app.css', 200, 'plain'), ('/application/missing', 200,
                                             'GET /application/missing'),
    ('/application/sub', 301, None), ('/application/sub/', 200, 'sub'),
    ('/application/bare', 200, 'GET /application/bare'),
    ('/application/bare/', 200, 'GET /application/bare/'),
    ('/application/%2e%2e/x', 200, 'GET /application/../x'),
    ('/file/missing', 200, 'shell'), ('/file/a/b/c?d', 200, 'shell'), ('/file/bare', 200, 'shell'),
    ('/file/bare/', 200, 'shell'), ('/file/', 200, 'index'), ('/file/app.css', 200, 'plain'),
    ('/home/sub/', 200, 'home'), ('/home/bare/', 403, None),
    ('/no-index/', 403, None), ('/no-index/sub/', 403, None),
    ('/no-index/sub/index.html', 200, 'sub'),
    ('/no-index-application/', 200, 'GET /no-index-application/'),
    ('/no-index-application/sub', 200, 'GET /no-index-application/sub')])
def test_who_answers(running, path, status, text):
    answer = running.get(path)
    assert answer.status == status
    assert text is None or answer.text == text
    assert is_of_the_application(answer) == (text or '').startswith('GET')


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
@pytest.mark.parametrize('name', ['app.css', 'missing'])
def test_only_get_and_head(running, method, name):
    answer = running.request(method, f'/application/{name}', body=b'x')
    assert is_of_the_application(answer) and answer.text == f'{method} /application/{name}'
    for path in ('/none', '/file'):
        answer = running.request(method, f'{path}/{name}', body=b'x')
        assert answer.status == 405
        assert answer.header('allow').replace(' ', '').split(',') == ['GET', 'HEAD']


def test_the_fallback_of_a_file_is_no_other_file(running):
    """It has its own type and tag, and no range of another file."""
    shell, missing = running.get('/file/shell.html'), running.get('/file/missing.css')
    for name in ('etag', 'content-type', 'last-modified', 'content-length'):
        assert shell.header(name) == missing.header(name)
    conditional = running.get('/file/missing', headers={'If-None-Match': shell.header('etag')})
    assert conditional.status == 304


def test_by_the_uwsgi_protocol(running):
    with running.raw(index=1) as client:
        client.send(uwsgi.request('/none/app.css'))
        head, _, body = client.read_all().partition(b'\r\n\r\n')
    assert body == b'plain' and b' 200 OK\r\n' in head + b'\r\n'


# --- links ---------------------------------------------------------------------------------------

@pytest.mark.parametrize('path, link, linked, out, whole', [
    ('/never', 404, 404, 404, 404), ('/below', 200, 200, 404, 404), ('/any', 200, 200, 200, 200)])
def test_links(running, path, link, linked, out, whole):
    statuses = [running.get(f'{path}/{name}').status
                for name in ('link', 'linked/home.htm', 'out', 'whole')]
    assert statuses == [link, linked, out, whole]


# --- precompressed -------------------------------------------------------------------------------

@pytest.mark.parametrize('accepted, encoding', [
    ('br', 'br'), ('zstd', 'zstd'), ('gzip', 'gzip'), ('deflate', None),
    ('gzip, deflate, br', 'br'), ('gzip, deflate, br, zstd', 'br'), ('gzip, zstd', 'zstd'),
    ('BR', 'br'), ('br;q=0', None), ('br;q=0, gzip', 'gzip'), ('br;q=0.000,gzip;q=0.001', 'gzip'),
    ('identity', None), ('', None), ('*', 'br'), ('*;q=0', None), ('gzip, *;q=0', 'gzip'),
    ('br;q=0.5, gzip;q=1.0', 'gzip'), ('brx', None), (' gzip ;q=1', 'gzip')])
def test_siblings_by_accept_encoding(running, accepted, encoding):
    answer = running.get('/none/app.js', headers={'Accept-Encoding': accepted})
    ending = {'zstd': 'zst', 'gzip': 'gz', None: 'plain'}.get(encoding, encoding)
    assert (answer.header('content-encoding'), answer.text) == (encoding, f'let {ending}')
    assert answer.header('vary').lower() == 'accept-encoding'
    assert answer.header('content-type').startswith('text/javascript')


def test_each_form_has_an_etag_of_its_own(running):
    tags = {accepted: running.get('/none/app.js', headers={'Accept-Encoding': accepted}).header(
        'etag') for accepted in ('', 'gzip', 'br', 'zstd')}
    assert len(set(tags.values())) == 4
    for accepted, tag in tags.items():
        for other in tags:
            answer = running.get('/none/app.js', headers={
                'Accept-Encoding': other, 'If-None-Match': tag})
            assert answer.status == (304 if other == accepted else 200)
            assert answer.header('vary').lower() == 'accept-encoding'


def test_a_range_is_one_of_the_form_that_is_sent(running):
    answer = running.get('/none/app.js', headers={'Accept-Encoding': 'gzip', 'Range': 'bytes=4-'})
    assert (answer.status, answer.text) == (206, 'gz')
    assert answer.header('content-range') == 'bytes 4-5/6'
    assert answer.header('content-encoding') == 'gzip'


def test_some_siblings_only(running):
    answer = running.get('/none/style.css', headers={'Accept-Encoding': 'br, gzip'})
    assert gzip.decompress(answer.body) == b'style'
    assert running.get('/none/style.css', headers={'Accept-Encoding': 'br'}).body == b'style'
    assert running.get('/none/app.css', headers={'Accept-Encoding': 'br'}).text == 'plain'


def test_a_sibling_that_is_asked_for_is_itself(running):
    answer = running.get('/none/style.css.gz', headers={'Accept-Encoding': 'gzip'})
    assert answer.header('content-encoding') is None
    assert gzip.decompress(answer.body) == b'style'


def test_without_siblings(running):
    answer = running.get('/bare/app.js', headers={'Accept-Encoding': 'gzip, br, zstd'})
    assert answer.text == 'let plain'
    assert answer.header('content-encoding') is None and answer.header('vary') is None


# --- headers -------------------------------------------------------------------------------------

IMMUTABLE = 'public, max-age=31536000, immutable'


@pytest.mark.parametrize('name, is_hashed', [
    ('app.55e7cbb9ba48.css', True), ('index-BfH2a9_x.js', True), ('main.8f3a9c1b.chunk.js', True),
    ('app.css', False), ('photo-of-summer.jpg', False), ('sub/index.html', False)])
def test_cache_control(running, name, is_hashed):
    assert running.get(f'/none/{name}').header('cache-control') == (
        IMMUTABLE if is_hashed else None)
    assert running.get(f'/cached/{name}').header('cache-control') == (
        IMMUTABLE if is_hashed else 'max-age=60')
    assert running.get(f'/bare/{name}').header('cache-control') is None


def test_a_missing_file_is_not_cached_for_ever(running):
    for path in ('/cached/gone.55e7cbb9ba48.css', '/file/gone.55e7cbb9ba48.css'):
        assert 'immutable' not in (running.get(path).header('cache-control') or '')


def test_types(running):
    assert running.get('/cached/x.foo').header('content-type').startswith('text/x-foo')
    assert running.get('/cached/app.css').header('content-type').startswith('text/odd')
    assert running.get('/none/x.foo').header('content-type') == 'application/octet-stream'
    assert running.get('/none/app.css').header('content-type').startswith('text/css')


def test_a_file_has_what_every_answer_has(running):
    answer = running.get('/none/app.css')
    assert answer.header('date') and answer.header('accept-ranges') == 'bytes'
    assert answer.header('x-content-type-options') in (None, 'nosniff')
    with running.http() as connection:
        for _ in range(3):
            assert exchange(connection, 'GET', '/none/app.css').text == 'plain'


# --- what is seen of it --------------------------------------------------------------------------

def test_the_access_log_tells_of_files(running):
    since = running.log.mark()
    running.get('/none/app.css?logged')
    running.wait_log(r'^200 GET /none/app.css\?logged 5$', since=since)
    running.get('/none/missing?logged')
    running.wait_log(r'^404 GET /none/missing\?logged', since=since)


def test_the_access_log_names_requests_for_files(server):
    """Each by an id of its own, and with no core of another request."""
    running = server(CORES, {
        'static': [{'path': '/none', 'root': 'files'}], 'workers': {'processes': 1, 'cores': 2},
        'log': {'access': 'line ${request_id} ${core} ${uri}'}}, prepare=fill)
    with running.raw() as first:
        first.send(b'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('it waits')
        assert running.get('/second').text == '1'
        running.wait_log('line [0-9a-f]{24} 1 /second$')
        running.get('/none/app.css')
        running.get('/none/app.css')
        running.wait_log('line [0-9a-f]{24} 0 /none/app.css$', count=2)
        names = re.findall('line ([0-9a-f]+) [01] /', running.log.text())
        assert len(set(names)) == len(names) == 3
        (running.folder / 'go').touch()
        assert first.read_answer().body == b'0'


def test_files_are_counted(running):
    before = running.status()['workers'][0]
    running.get('/none/app.css')
    running.wait_status(lambda s: s['workers'][0]['static_answers']
                        == before['static_answers'] + 1)


# --- the configuration ---------------------------------------------------------------------------

@pytest.mark.parametrize('entry, why', [
    ({'root': 'files'}, r'static\[0\].path'), ({'path': '/x'}, r'static\[0\].root'),
    ({'path': 'x', 'root': 'files'}, 'path'), ({'path': '/x/', 'root': 'files'}, 'path'),
    ({'path': '/x', 'root': 'files', 'fallback': '../x'}, 'fallback'),
    ({'path': '/x', 'root': 'files', 'index': 'a/b'}, 'index'),
    ({'path': '/x', 'root': 'files', 'types': {'foo': 'text/x'}}, 'types'),
    ({'path': '/x', 'root': 'files', 'types': {'.tar.gz': 'x/gz'}}, 'types'),
    ({'path': '/x', 'root': 'files', 'listing': True}, 'listing')])
def test_faults_of_the_configuration(make_server, entry, why):
    made = make_server()
    made.write_app(APP)
    (made.folder / 'files').mkdir()
    made.write_config({'static': [entry]})
    made.start_in_vain(why)


def test_two_entries_of_one_path(make_server):
    made = make_server()
    made.write_app(APP)
    made.write_config({'static': [{'path': '/x', 'root': '.'}, {'path': '/x', 'root': '.'}]})
    made.start_in_vain('prefix of its own')


def test_an_application_for_a_path_below_a_folder(server):
    """A single-page application at / with its API in the same application."""
    running = server(APP, {'static': [
        {'path': '/', 'root': 'dist', 'fallback': 'index.html'},
        {'path': '/api', 'fallback': 'application'}]})
    (running.folder / 'dist').mkdir()
    (running.folder / 'dist' / 'index.html').write_text('shell')
    assert running.get('/').text == running.get('/users/7').text == 'shell'
    assert running.get('/api').text == 'GET /api'
    assert running.get('/api/index.html').text == 'GET /api/index.html'
    assert running.request('POST', '/api/x', body=b'x').text == 'POST /api/x'
    assert running.get('/apis').text == 'shell'


def test_a_root_that_is_missing_is_none(server):
    """collectstatic may come later."""
    running = server(APP, {'static': [{'path': '/static', 'root': 'later'}]})
    assert running.get('/static/app.css').status == 404
    (running.folder / 'later').mkdir()
    (running.folder / 'later' / 'app.css').write_text('late')
    while running.get('/static/app.css').status != 200:
        assert running.is_running()


def test_a_root_is_found_from_the_configuration_file(server, tmp_path):
    running = server(APP, {'static': [{'path': '/static', 'root': 'files'}]}, cwd=tmp_path)
    (running.folder / 'files').mkdir()
    (running.folder / 'files' / 'a').write_text('a')
    assert running.get('/static/a').text == 'a'


def test_without_descriptors_the_application_answers_for_itself(server):
    """Where the application stands in for files, their trouble is not that of its requests."""
    running = server(APP, {
        'workers': {'processes': 1},
        'static': [{'path': '/', 'root': 'files', 'fallback': 'application'},
                   {'path': '/files', 'root': 'files'}]}, prepare=fill)
    running.expect_error('the file cannot be opened: Too many open files')
    worker = running.status()['workers'][0]['pid']
    with running.raw() as client:
        client.send(b'GET /app.css HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().body == b'plain'
        own = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (3, own[1]))
        for number in range(3):
            client.send(f'GET /new{number} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            assert client.read_answer().body == f'GET /new{number}'.encode()
            client.send(f'GET /files/new{number} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            assert client.read_answer().status == 500
        resource.prlimit(worker, resource.RLIMIT_NOFILE, own)
    assert running.log.text().count('the file cannot be opened') < 6, 'told once a second'


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become somebody else')
def test_the_users_rights_count(server):
    running = server(APP, {'static': [{'path': '/static', 'root': 'site/static'}],
                           'process': {'user': 'www-data'}}, prepare=site.make)
    assert running.get('/static/hello.txt').body == site.HELLO
    assert running.get('/static/locked.txt').status == 403
    assert running.get('/static/locked/file.txt').status == 403
    site.unmake(running.folder)
