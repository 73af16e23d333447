# SPDX-License-Identifier: MIT
"""metrics.uwsgi-stats: uWSGI's stats document, for the tools that read it."""
import contextlib
import json
import os
import re
import socket
import subprocess

import pytest

from harness import services
from harness.apps import HELLO, HOLD
from harness.client import exchange, open_http
from harness.limits import DEADLINE, PYTHON
from harness.terminal import terminal

UWSGI = services.find('uwsgi')


def read(address):
    family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
    with socket.socket(family) as client:
        client.connect(address if isinstance(address, tuple) else str(address))
        client.settimeout(DEADLINE)
        return json.loads(b''.join(iter(lambda: client.recv(65536), b'')))


def shape(value, path=''):
    """{path of a member: its type}, lists by their first item."""
    if isinstance(value, dict):
        found = {}
        for key, member in value.items():
            found.update(shape(member, f'{path}/{key}'))
        return found
    if isinstance(value, list):
        return shape(value[0], path + '[]') if value else {}
    return {path: type(value)}


def test_it_counts_what_happens(server):
    running = server(HOLD, {'metrics': {'uwsgi-stats': 'stats.sock'},
                            'workers': {'processes': 1, 'cores': 7}})
    for _ in range(3):
        assert running.get('/x').status == 200
    with running.raw() as held:
        held.send(b'GET /hold?password=geheim HTTP/1.1\r\nHost: x\r\nCookie: geheim\r\n\r\n')
        running.wait_log('a request is held')
        document = read(running.folder / 'stats.sock')
        assert document['pid'] == running.pid and document['cwd'] == str(running.folder)
        assert document['listen_queue'] == document['listen_queue_errors'] == 0
        (listening,) = document['sockets']
        assert listening['name'] == running.addresses[0].removeprefix('http://')
        assert (listening['proto'], listening['max_queue']) == ('http', 1024)
        (worker,) = document['workers']
        assert worker['pid'] == running.status()['workers'][0]['pid']
        assert (worker['requests'], worker['status'], worker['respawn_count']) == (3, 'busy', 1)
        assert worker['rss'] > 1e6 and worker['vsz'] > worker['rss'] and worker['tx'] > 0
        assert worker['avg_rt'] == worker['running_time'] // 3
        (core,) = worker['cores']
        assert (core['requests'], core['in_request']) == (3, 1)
        assert core['vars'] == ['REQUEST_METHOD=GET', 'REQUEST_URI=/hold', 'REMOTE_ADDR=127.0.0.1']
        assert abs(core['req_info']['request_start'] - worker['last_spawn']) < 60
        assert 'geheim' not in json.dumps(document)
        assert running.get('/release').status == 200
    assert running.ctl('pause').returncode == 0
    assert read(running.folder / 'stats.sock')['workers'][0]['status'] == 'pause'


def test_files_are_counted_though_they_take_no_core(server):
    running = server(HELLO, {'metrics': {'uwsgi-stats': 'stats.sock'}, 'workers': {'processes': 1},
                             'static': [{'path': '/static', 'root': '.'}]})
    assert running.get('/static/app.py').status == 200

    def cores():
        (worker,) = read(running.folder / 'stats.sock')['workers']
        return [(core['requests'], core['static_requests']) for core in worker['cores']]
    assert cores() == [(0, 1)]
    assert running.get('/').status == 200
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
    assert cores() == [(1, 1)]


def test_a_worker_that_died_is_counted(server):
    running = server(HELLO, {'metrics': {'uwsgi-stats': 'stats.sock'},
                             'workers': {'processes': 1}})
    running.expect_error('.')
    (former,) = running.workers()
    os.kill(former, 9)
    running.wait_workers(1, without=[former])
    assert read(running.folder / 'stats.sock')['workers'][0]['respawn_count'] == 2


@pytest.mark.skipif(UWSGI is None, reason='uwsgi is not installed')
def test_it_has_the_shape_of_uwsgis_own(server, folder):
    running = server(HELLO, {'metrics': {'uwsgi-stats': 'stats.sock'},
                             'workers': {'processes': 1}})
    assert running.get('/').status == 200
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
    ours = shape(read(running.folder / 'stats.sock'))
    (folder / 'app.py').write_text(HELLO)
    port = services.free_port()
    with services.running(
            [UWSGI, '--plugin', 'python3', '--http-socket', f'127.0.0.1:{port}', '--master',
             '--wsgi-file', 'app.py', '--stats', str(folder / 'uwsgi.sock'), '--die-on-term'],
            str(folder / 'uwsgi.sock'), folder):
        services.wait_text(folder / 'uwsgi.log', 'spawned uWSGI worker 1')
        with contextlib.closing(open_http(('127.0.0.1', port), DEADLINE)) as connection:
            assert exchange(connection, 'GET', '/').status == 200  # it can be ended now
        theirs = shape(read(folder / 'uwsgi.sock'))
    assert ours.items() <= theirs.items()
    missing = {re.sub('.*/', '', path) for path in theirs.keys() - ours.keys()}
    # What geventd does not have or count; and members that only a busy core has.
    assert missing <= {
        'vars[]', 'request_start', 'signal', 'filemon', 'timer', 'rbtimer', 'cron', 'rpc', 'snmp',
        'user 0', 'signal_queue', 'startup_time', 'chdir', 'routed_requests',
        'offloaded_requests', 'write_errors', 'read_errors'}


@pytest.fixture(scope='session')
def uwsgitop(tmp_path_factory):
    """uwsgitop from PyPI; skips the test if it cannot be installed."""
    path = tmp_path_factory.mktemp('uwsgitop')
    subprocess.run([PYTHON, '-m', 'venv', str(path)], check=True, capture_output=True)
    result = subprocess.run(
        [str(path / 'bin' / 'python'), '-m', 'pip', 'install', '--quiet',
         '--disable-pip-version-check', 'setuptools', 'uwsgitop==0.12'],
        capture_output=True, text=True, timeout=180)
    if result.returncode != 0:
        pytest.skip(f'uwsgitop could not be installed, so this did not run: {result.stderr[-300:]}')
    return path / 'bin' / 'uwsgitop'


def test_uwsgitop_reads_it(server, uwsgitop):
    running = server(HELLO, {'metrics': {'uwsgi-stats': 'stats.sock'},
                             'workers': {'processes': 2}})
    for _ in range(5):
        assert running.get('/').status == 200
    with terminal(running.folder, [uwsgitop, 'stats.sock']) as shown:
        screen = shown.wait(lambda text: 'WID' in text and 'req: 5' in text and all(
            f' {worker} ' in text.replace('\t', ' ') for worker in running.workers()))
        assert 'uwsgi-geventd' in screen and f'masterpid: {running.pid}' in screen
        shown.type('a', 'a')  # cores under their workers
        shown.wait(lambda text: ':0' in text and 'idle' in text)
        shown.type('q')
        shown.wait(lambda text: 'exit code 0' in text)


def test_silent_clients_are_answered_and_slow_ones_are_dropped(server):
    running = server(HELLO, {'metrics': {'uwsgi-stats': 'stats.sock'}})
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(running.folder / 'stats.sock'))
            client.send(b'\xff' * 1000)  # unasked
        assert read(running.folder / 'stats.sock')['workers']


def test_a_port_is_on_loopback_unless_told_otherwise(server):
    running = server(HELLO, {'metrics': {'uwsgi-stats': ':0'}})
    address = running.wait_log(r"uWSGI's stats at 127\.0\.0\.1:(\d+)")
    assert read(('127.0.0.1', int(address[1])))['workers']


@pytest.mark.parametrize('address', ['http://127.0.0.1:9191', '127.0.0.1:none', 'host:70000'])
def test_bad_addresses(make_server, address):
    made = make_server()
    made.write_app(HELLO)
    made.write_config(
        f'listen: http://127.0.0.1:0\napp: app\nmetrics:\n  uwsgi-stats: "{address}"\n')
    made.start(wait=False)
    made.expected_exit = made.wait_exit()
    assert made.expected_exit != 0
    assert made.log.wait_end() and re.search(
        'server.yaml:4:16: .*such as 127.0.0.1:9191', made.log.text())
