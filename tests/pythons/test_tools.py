# SPDX-License-Identifier: MIT
"""Tools that watch an application, as their users know them, with the real packages: agents that
start the server, and profilers and debuggers that look at a worker."""
import json
import os
import subprocess

import pytest

from collector import collector
from conftest import Environment, install_or_skip, newest
from serving import HELLO, Running, bare_environment, wait_for

FLASK = '''
import flask
app = flask.Flask(__name__)


@app.route('/<name>')
def named(name):
    return name
'''
BUSY = '''
import pathlib
import time


def compute():
    pathlib.Path('started').touch()
    end = time.monotonic() + 120
    while not pathlib.Path('enough').exists() and time.monotonic() < end:
        pass


def app(environ, start_response):
    compute()
    start_response('200 OK', [('Content-Length', '4')])
    return [b'done']
'''
TRANSACTION = '''
import flask
import newrelic.agent
app = flask.Flask(__name__)


@app.route('/')
def root():
    return getattr(newrelic.agent.current_transaction(), 'name', None) or 'none'
'''
TRACKED = '''
import gevent
import memray

tracker = memray.Tracker('out.bin')


def allocate():
    return [bytearray(1 << 20) for _ in range(8)]


def app(environ, start_response):
    if environ['PATH_INFO'] == '/start':
        tracker.__enter__()
    elif environ['PATH_INFO'] == '/end':
        tracker.__exit__(None, None, None)
    else:
        held = allocate()
        gevent.sleep(0.01)
        del held
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''
TITLED = '''
import os
import pathlib
import setproctitle


def titled(text):
    setproctitle.setproctitle(text)
    return pathlib.Path('/proc/self/cmdline').read_bytes().split(b'\\0')[0].decode()


loaded = titled('shop: loading')


def app(environ, start_response):
    seen = loaded, titled('shop: serving'), os.environ['COLOUR']
    body = '|'.join(seen).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''
CRASHING = '''
import ctypes


def crash():
    ctypes.string_at(0)


def app(environ, start_response):
    if environ['PATH_INFO'] == '/crash':
        crash()
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """An environment of one interpreter: for which of them is a matter of the tools."""
    made = Environment(newest(), tmp_path_factory.mktemp('tools') / 'venv')
    made.pip('install', str(made.wheel), 'flask')
    return made


@pytest.fixture
def start(made, tmp_path):
    """Starts geventd by a command of the environment, as an activated one finds both."""
    programs = made.folder / 'bin'

    def run(source, *command, settings=(), **variables):
        words = [programs / command[0], *command[1:], 'geventd'] if command else None
        return Running(programs, tmp_path, source, command=words,
                       settings=['workers.processes=1', *settings],
                       PATH=f'{programs}{os.pathsep}{os.environ["PATH"]}', **variables)
    return run


def asked_until(running, received, path, name):
    """Requests go on until the agent has sent one of them to its collector, before and after a
    reload."""
    for generation in ('first', 'second'):
        def arrived():
            assert running.get(f'/{generation}') == generation
            return [body for where, body in received
                    if where.startswith(path) and name in body and generation.encode() in body]
        wait_for(arrived, f'{name!r} at {path}')
        assert running.ctl('reload').returncode == 0


def test_ddtrace_run(made, start):
    install_or_skip(made, 'ddtrace')
    with collector() as (received, url):
        with start(FLASK, 'ddtrace-run', DD_TRACE_AGENT_URL=url,
                   DD_INSTRUMENTATION_TELEMETRY_ENABLED='false',
                   DD_REMOTE_CONFIGURATION_ENABLED='false') as running:
            asked_until(running, received, '/v0.', b'flask.request')


def test_opentelemetry_instrument(made, start):
    install_or_skip(made, 'opentelemetry-distro', 'opentelemetry-instrumentation-flask',
                    'opentelemetry-exporter-otlp-proto-http')
    with collector() as (received, url):
        with start(FLASK, 'opentelemetry-instrument', OTEL_EXPORTER_OTLP_ENDPOINT=url,
                   OTEL_TRACES_EXPORTER='otlp', OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf',
                   OTEL_METRICS_EXPORTER='none', OTEL_LOGS_EXPORTER='none',
                   OTEL_EXPORTER_OTLP_COMPRESSION='none', OTEL_BSP_SCHEDULE_DELAY='100') as running:
            asked_until(running, received, '/v1/traces', b'GET /<name>')


def test_newrelic_admin(made, start):
    """In its developer mode, in which it asks no collector for leave."""
    install_or_skip(made, 'newrelic')
    with start(TRANSACTION, 'newrelic-admin', 'run-program', NEW_RELIC_LICENSE_KEY='0' * 40,
               NEW_RELIC_DEVELOPER_MODE='true', NEW_RELIC_APP_NAME='shop',
               NEW_RELIC_LOG='/dev/null') as running:
        wait_for(lambda: running.get() == 'app:root', 'a transaction')


def test_py_spy_dump(made, start, tmp_path):
    install_or_skip(made, 'py-spy')
    with start(BUSY) as running:
        client = subprocess.Popen(['curl', '-sS', running.url], stdout=subprocess.PIPE, text=True)
        wait_for((tmp_path / 'started').exists, 'a request')
        said = subprocess.run(
            [made.folder / 'bin/py-spy', 'dump', '--pid', str(running.worker())],
            capture_output=True, text=True)
        (tmp_path / 'enough').touch()
        assert client.communicate()[0] == 'done'
    assert said.returncode == 0, said.stderr
    assert 'compute (app.py:' in said.stdout and 'app (app.py:' in said.stdout


def test_memray_in_the_application(made, start, tmp_path):
    """What many greenlets allocate has the right stacks."""
    install_or_skip(made, 'memray')
    with start(TRACKED) as running:
        running.get('/start')
        for _ in range(5):
            running.get()
        running.get('/end')
    told = subprocess.run(
        [made.python, '-m', 'memray', 'stats', '--json', '-o', 'stats.json', 'out.bin'],
        cwd=tmp_path, capture_output=True, text=True, env=bare_environment())
    assert told.returncode == 0, told.stderr
    greatest = json.loads((tmp_path / 'stats.json').read_text())['top_allocations_by_size'][0]
    assert greatest['location'].startswith('allocate:') and greatest['size'] > 4 << 20


def test_coverage(made, start, tmp_path):
    """As coverage.py's manual has it for processes that others start."""
    install_or_skip(made, 'coverage')
    packages, = made.folder.glob('lib/python3.*/site-packages')
    (packages / 'coverage_start.pth').write_text('import coverage; coverage.process_startup()\n')
    (tmp_path / '.coveragerc').write_text(
        '[run]\nparallel = true\nconcurrency = gevent\nsource = .\n')
    with start(HELLO, COVERAGE_PROCESS_START=str(tmp_path / '.coveragerc')) as running:
        assert running.get() == 'hello'
    for command in (['combine'], ['json', '-o', 'told.json']):
        subprocess.run([made.folder / 'bin/coverage', *command], cwd=tmp_path, check=True,
                       env=bare_environment())
    told = json.loads((tmp_path / 'told.json').read_text())['files']['app.py']
    assert told['executed_lines'] == [2, 3, 4] and not told['missing_lines']


def test_setproctitle_does_no_harm(made, start):
    """The server's title stands where it looks for the program's arguments, so it sets none: that
    and the environment behind it stay as they are."""
    install_or_skip(made, 'setproctitle')
    with start(TITLED, settings=['app.environment.COLOUR=red']) as running:
        for generation in (1, 2):
            loading, serving, colour = running.get().split('|')
            assert loading == f'geventd: template app (gen {generation})'
            assert serving.startswith(f'geventd: worker 1 app (gen {generation}, ')
            assert colour == 'red'
            assert running.ctl('reload').returncode == 0


def test_mypy_knows_the_module_geventd(made, tmp_path):
    install_or_skip(made, 'mypy')
    (tmp_path / 'app.py').write_text("import geventd\ngeventd.signal(17)\ngeventd.signal('17')\n")
    said = subprocess.run(
        [made.python, '-m', 'mypy', '--cache-dir', '/dev/null', 'app.py'], cwd=tmp_path,
        capture_output=True, text=True, env=bare_environment())
    assert 'app.py:3: error: Argument 1 to "signal"' in said.stdout, said.stdout + said.stderr
    assert 'Found 1 error in 1 file' in said.stdout


def test_faulthandler(start):
    with start(CRASHING, PYTHONFAULTHANDLER='1') as running:
        crashed = running.worker()
        asked = subprocess.run(['curl', '-sS', running.url + '/crash'], capture_output=True)
        assert asked.returncode != 0
        wait_for(lambda: running.worker() not in (None, crashed), 'another worker')
        assert running.get() == 'ok'
    said = ''.join(running.lines)
    assert 'Fatal Python error: Segmentation fault' in said
    assert 'app.py", line 6 in crash' in said and 'app.py", line 11 in app' in said
