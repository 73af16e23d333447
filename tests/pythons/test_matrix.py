# SPDX-License-Identifier: MIT
"""Every interpreter with the newest gevent that it has: the quick start, the core of the end-to-end
tests, frameworks, reload, upgrade, removal."""
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from conftest import DEBIAN, REPOSITORY
from serving import FLASK, HELLO, Running, wait_for

CORE = ('test_hello.py', 'test_python_of_hosts.py', 'test_wsgi_answers.py', 'test_signals.py',
        'test_reload.py', 'test_threads.py', 'test_blocked_hub.py', 'test_multiprocessing.py',
        'test_unix_signals.py', 'test_websocket.py')
SUBINTERPRETER = '''
try:
    import _interpreters as interpreters  # since CPython 3.13
except ImportError:
    import _xxsubinterpreters as interpreters


def app(environ, start_response):
    one = interpreters.create()
    try:
        said = interpreters.run_string(one, 'import geventd; geventd.signal(9)')
        body = getattr(said, 'formatted', 'nothing is wrong').encode()
    except interpreters.RunFailedError as error:  # before CPython 3.13
        body = str(error).encode()
    interpreters.destroy(one)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''
DJANGO = '''
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY='x', ALLOWED_HOSTS=['*'])
urlpatterns = [path('', lambda request: HttpResponse('django ' + request.path))]
app = get_wsgi_application()
'''


@pytest.fixture
def run(environment, tmp_path):
    def start(source, **options):
        return Running(environment.folder / 'bin', tmp_path, source, **options)
    return start


@pytest.mark.column('install')
def test_pip_has_installed_what_it_needs(environment):
    listed = {package['name'] for package in json.loads(environment.pip('list', '--format=json'))}
    assert {'geventd', 'gevent', 'greenlet'} <= listed
    environment.pip('check')


@pytest.mark.column('quick start')
def test_the_quick_start(environment, run):
    with run(HELLO) as running:
        assert running.get() == 'hello'
        assert running.python.startswith(f'CPython {environment.version}')
        assert running.python.endswith(f' of {environment.python}')
    assert running.process.returncode == 0


@pytest.mark.column('reload')
def test_a_reload_serves_what_the_disk_has(run, tmp_path):
    with run(HELLO) as running:
        assert running.get() == 'hello'
        (tmp_path / 'app.py').write_text('# new\n' + HELLO.replace("b'hello'", "b'again'"))
        assert running.ctl('reload').returncode == 0, running.ctl('status').stdout
        assert running.get() == 'again'


@pytest.mark.parametrize('name, source', [
    pytest.param('flask', FLASK, marks=pytest.mark.column('Flask'), id='flask'),
    pytest.param('django', DJANGO, marks=pytest.mark.column('Django'), id='django')])
def test_frameworks(run, name, source):
    with run(source) as running:
        assert running.get() == f'{name} /'


def test_python_m_geventd(environment, run):
    with run(HELLO, command=[environment.python, '-m', 'geventd']) as running:
        assert running.get() == 'hello'


def test_a_subinterpreter_is_refused(run):
    """Though its path leads to the package geventd of the environment."""
    with run(SUBINTERPRETER) as running:
        assert 'geventd cannot be used in a subinterpreter' in running.get()


def test_the_converter(environment, tmp_path):
    """With a python3 that is in no PATH."""
    (tmp_path / 'uwsgi.ini').write_text('[uwsgi]\nhttp = :8000\nmodule = app:app\ngevent = 10\n')
    result = subprocess.run(
        [environment.folder / 'bin/geventctl', 'convert', tmp_path / 'uwsgi.ini'],
        capture_output=True, text=True, env={'PATH': '/nowhere'}, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert 'app:app' in result.stdout


def test_other_libraries_with_static_runtimes_beside_it(environment, run):
    environment.pip('install', '--only-binary=:all:', 'psycopg2-binary', 'grpcio')
    with run('import gevent.libev.corecext, grpc, psycopg2\n' + HELLO) as running:
        assert running.get() == 'hello'


@pytest.mark.column('core')
def test_the_core_of_the_tests(environment):
    result = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-c', 'tests/e2e/pytest.ini', '-n', '2',
         *(f'tests/e2e/{name}' for name in CORE)], cwd=REPOSITORY, capture_output=True, text=True,
        env={**os.environ, 'GEVENTD_BUILD': str(environment.folder / 'bin'),
             'GEVENTD_HOST': 'module'})
    assert result.returncode == 0, result.stdout[-6000:]


@pytest.mark.skipif('GEVENTD_ARTEFACTS' not in os.environ, reason='there is no build folder')
def test_the_core_with_the_embedded_host_and_the_newest_gevent(tmp_path):
    """In an environment of Debian's interpreter that has no geventd of its own."""
    made = tmp_path / 'venv'
    subprocess.run([DEBIAN, '-m', 'venv', made], check=True)
    subprocess.run([made / 'bin/pip', '--quiet', 'install', 'gevent'], check=True)
    result = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-c', 'tests/e2e/pytest.ini', '-n', '2',
         *(f'tests/e2e/{name}' for name in CORE)], cwd=REPOSITORY, capture_output=True, text=True,
        env={**os.environ, 'GEVENTD_BUILD': os.environ['GEVENTD_ARTEFACTS'],
             'GEVENTD_HOST': 'embedded', 'GEVENTD__APP__VIRTUALENV': str(made)})
    assert result.returncode == 0, result.stdout[-6000:]


class Flow:
    """Requests of several threads, which can be held back."""

    def __init__(self):
        self._changed = threading.Condition()
        self._is_held = False
        self._in_flight = 0

    @contextlib.contextmanager
    def request(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._is_held)
            self._in_flight += 1
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def paused(self):
        """None is in flight."""
        with self._changed:
            self._is_held = True
            self._changed.wait_for(lambda: self._in_flight == 0)
        try:
            yield
        finally:
            with self._changed:
                self._is_held = False
                self._changed.notify_all()


@pytest.mark.column('upgrade')
@pytest.mark.parametrize('preload', ['true', 'false'])
def test_an_upgrade_under_load_loses_nothing(environment, run, preload):
    """`pip install -U` replaces the files below a server that goes on, and geventctl upgrade
    brings the new ones into service. A worker that dies between the two is replaced."""
    with run(HELLO, settings=['workers.processes=1', f'app.preload={preload}']) as running:
        failures, answers, over = [], [], threading.Event()
        flow = Flow()

        def load():
            while not over.is_set():
                with flow.request():
                    try:
                        answers.append(running.get())
                    except OSError as error:
                        failures.append(error)

        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()
        master = running.status()['pid']
        environment.pip('install', '--force-reinstall', '--no-deps', str(environment.wheel))
        with flow.paused():
            killed = running.worker()
            os.kill(killed, signal.SIGKILL)
            wait_for(lambda: running.worker() not in (None, killed), 'another worker')
        result = running.ctl('upgrade')
        over.set()
        for client in clients:
            client.join()
        assert result.returncode == 0, result.stderr
        assert not failures and set(answers) == {'hello'}
        assert running.status()['pid'] != master


def test_a_package_that_is_gone_is_told(environment, run):
    """As by `pip uninstall` below a server that goes on, which serves on."""
    package, = environment.folder.glob('lib/python3.*/site-packages/geventd')
    aside = package.with_name('aside')
    with run(HELLO) as running:
        package.rename(aside)
        try:
            result = running.ctl('reload')
            assert result.returncode != 0
            assert f'installed with {environment.folder}/bin/geventd is gone' in result.stderr
            assert running.get() == 'hello'
        finally:
            aside.rename(package)
        assert running.ctl('reload').returncode == 0


def test_nothing_is_left_when_it_is_removed(environment):
    before = environment.files()
    environment.pip('uninstall', '--yes', 'geventd')
    left = {path for path in environment.files() if 'geventd' in str(path)}
    environment.pip('install', str(environment.wheel))
    assert not left
    assert environment.files() == before
