# SPDX-License-Identifier: MIT
"""The packages that serve files for others: whitenoise's own tests ask geventd instead, and Django
sends files by django-sendfile2, whose own tests never ask a server."""
import gzip
import os
import subprocess
import tarfile
import urllib.parse

import pytest

PYTHON = '/usr/bin/python3'  # the one that the worker embeds

# Where geventd decides otherwise than whitenoise, or where whitenoise's own objects are tested.
OTHERWISE = {
    'test_get_accept_star': 'a client that takes everything gets the compressed file',
    'test_cannot_directly_request_gzipped_file': 'it is a file like others',
    'test_response_has_allow_origin_header': 'CORS is up to the proxy',
    'test_custom_headers': 'there are no functions for headers',
    'test_post_request_returns_405': 'with a fallback the application gets it',
    'test_index_file_path_redirected': 'it is a file like others',
    'test_directory_path_without_trailing_slash_redirected': 'the redirection is 301, as nginx has',
}
OF_ITS_OBJECTS = (
    'test_warn_about_missing_directories', 'test_handles_missing_path_info_key',
    'test_immutable_file_test_accepts_regex', 'test_directory_path_can_be_pathlib_instance',
    'test_last_modified_not_set_when_mtime_is_zero', 'test_path_is_child_of',
    'test_file_size_matches_range_with_range_header',
    'test_chunked_file_size_matches_range_with_range_header')

UTILS = '''
import os

import requests

TEST_FILE_PATH = os.environ['TEST_FILES']


class AppServer:
    PREFIX = 'subdir'

    def __init__(self, application):
        pass

    def get(self, *arguments, **options):
        return self.request('get', *arguments, **options)

    def request(self, method, path, **options):
        return requests.request(method, os.environ['TEST_SERVER'] + path, **options)

    def close(self):
        pass


class Files:
    def __init__(self, directory, **files):
        self.directory = os.path.join(TEST_FILE_PATH, directory)
        for name, path in files.items():
            setattr(self, name + '_path', path)
            setattr(self, name + '_url', f'/{AppServer.PREFIX}/{path}')
            with open(os.path.join(self.directory, path), 'rb') as file:
                setattr(self, name + '_content', file.read())
'''
DEMO = '''
from wsgiref.simple_server import demo_app as application
'''
ASSETS = {
    'subdir/javascript.js': b'function call() { return "a script of some length"; }\n',
    'compressed.css': b'body { color: red }\n' * 9, 'custom-mime.foobar': b'bar\n',
    'with-index/index.html': b'<p>index</p>\n',
}


def pip(*arguments):
    """Runs pip; skips the test without an index."""
    done = subprocess.run([PYTHON, '-m', 'pip', '--disable-pip-version-check', '--quiet',
                           *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f'not to be had from the package index: {done.stderr[-300:]}')


@pytest.fixture
def whitenoise(tmp_path):
    """The folder with whitenoise and its tests, whose helpers are ours."""
    pip('install', '--target', tmp_path / 'site', 'whitenoise')
    pip('download', '--no-deps', '--no-binary', 'whitenoise', '-d', tmp_path, 'whitenoise')
    source, = tmp_path.glob('whitenoise-*.tar.gz')
    with tarfile.open(source) as archive:
        for member in archive:
            if member.name.endswith('/tests/test_whitenoise.py'):
                member.name = 'tests/test_whitenoise.py'
                archive.extract(member, tmp_path)
    (tmp_path / 'tests' / '__init__.py').touch()
    (tmp_path / 'tests' / 'utils.py').write_text(UTILS)
    return tmp_path


def test_whitenoises_own_tests(server, whitenoise):
    assets = whitenoise / 'files' / 'assets'
    for name, content in ASSETS.items():
        (assets / name).parent.mkdir(parents=True, exist_ok=True)
        (assets / name).write_bytes(content)
    (assets / 'compressed.css.gz').write_bytes(gzip.compress(ASSETS['compressed.css']))
    entry = {'root': str(assets), 'fallback': 'application', 'cache-control': 'max-age=1000',
             'types': {'.foobar': 'application/x-foo-bar',
                       '.js': 'text/javascript; charset="utf-8"'}}  # with whitenoise's quotes
    running = server(DEMO, {'static': [{'path': '/subdir', **entry},
                                       {'path': '/subdir/prefix', **entry}]})
    chosen = ' and '.join(f'not {name}' for name in (*OTHERWISE, *OF_ITS_OBJECTS))
    done = subprocess.run(
        [PYTHON, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-k', chosen, 'tests'],
        cwd=whitenoise, capture_output=True, text=True, check=False, env={
            **os.environ, 'PYTHONPATH': str(whitenoise / 'site'),
            'TEST_SERVER': running.url('').rstrip('/'), 'TEST_FILES': str(whitenoise / 'files')})
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split(' passed')[0].split()[-1]) >= 50, done.stdout


SENDFILE = '''
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path

settings.configure(
    DEBUG=False, ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, SECRET_KEY='x',
    MIDDLEWARE=['django.middleware.common.CommonMiddleware'],
    SENDFILE_BACKEND='django_sendfile.backends.%(backend)s',
    SENDFILE_ROOT=%(root)r, SENDFILE_URL='/private')


def send(request, name):
    from django_sendfile import sendfile
    options = {key: value or True for key, value in request.GET.items()}
    return sendfile(request, name, **options)


urlpatterns = [path('<path:name>', send)]
application = get_wsgi_application()
'''


@pytest.fixture(scope='module')
def sendfile_site(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sendfile')
    pip('install', '--no-deps', '--target', folder, 'django-sendfile2')
    return folder


@pytest.mark.parametrize('backend, setting', [
    ('xsendfile', {'header': 'x-sendfile'}),
    ('nginx', {'header': 'x-accel-redirect', 'path': '/private'})])
def test_django_sendfile2(server, sendfile_site, tmp_path, backend, setting):
    root = tmp_path / 'root'
    root.mkdir()
    names = ['testfile.txt', 'with space.txt', 'plus+sign.txt', '100%.txt', 'page.html']
    if backend == 'nginx':  # Django writes other names into X-Sendfile in Latin-1
        names += ['péter_là_gueule.txt', '日本.txt']
    for name in names:
        (root / name).write_text(f'this is {name}')
    (root / 'archive.tar.gz').write_bytes(b'\x1f\x8b')
    (tmp_path / 'secret').write_text('secret')
    running = server(SENDFILE % {'backend': backend, 'root': str(root)}, {
        'sendfile': [{'root': str(root), **setting}],
        'app': {'python-path': [str(sendfile_site)]}})
    for name in names:
        answer = running.get('/' + urllib.parse.quote(name))
        assert (answer.status, answer.text) == (200, f'this is {name}')
        assert answer.header('content-disposition').startswith('inline; filename=')
        assert answer.header('x-sendfile') is answer.header('x-accel-redirect') is None
    answer = running.get('/testfile.txt?attachment&attachment_filename=other.txt')
    assert answer.header('content-disposition') == 'attachment; filename="other.txt"'
    assert running.get('/testfile.txt?mimetype=text/x-own').header('content-type') == 'text/x-own'
    assert running.get('/archive.tar.gz').header('content-encoding') == 'gzip'
    assert running.get('/missing').status == running.get('/../secret').status == 404
    part = running.get('/testfile.txt', headers={'Range': 'bytes=0-3'})
    assert (part.status, part.text) == (206, 'this')


def test_the_names_of_its_backends(sendfile_site):
    """A backend that is new there should be tried here."""
    found = {path.stem for path in (sendfile_site / 'django_sendfile/backends').glob('*.py')}
    assert found == {'__init__', 'development', 'mod_wsgi', 'nginx', 'simple', 'xsendfile'}
