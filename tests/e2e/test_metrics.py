# SPDX-License-Identifier: MIT
"""metrics.listen: the master answers monitoring requests, whatever its workers do."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from harness import documents, procfs
from harness.apps import HELLO, HOLD
from harness.client import RawClient, exchange, open_http
from harness.limits import DEADLINE, SANITIZED

# /block: the hub is blocked until somebody writes to the pipe `gate`.
BLOCK = HELLO.replace('def application(environ, start_response):', '''
import os


def application(environ, start_response):
    if environ['PATH_INFO'] == '/block':
        open('gate').read()
''')

# /slow: takes longer than other requests do even where the machine stalls for a moment.
SLOW = HELLO.replace('def application(environ, start_response):', '''
import gevent


def application(environ, start_response):
    if environ['PATH_INFO'] == '/slow':
        gevent.sleep(2.5)
''')

SAMPLE = re.compile(r'(geventd_[a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (\S+)')


def watched(server, source=HELLO, **config):
    """A server, and the path of the unix socket for monitoring."""
    return server(source, {'metrics': {'listen': 'http+unix:watch.sock'}, **config})


def look(running, path, method='GET', name='watch.sock'):
    with contextlib.closing(open_http(str(running.folder / name), DEADLINE)) as connection:
        return exchange(connection, method, path)


def past(running, since=0):
    with socket.socket(socket.AF_UNIX) as client, client.makefile('rwb') as stream:
        client.settimeout(DEADLINE)
        client.connect(str(running.control_path))
        stream.write(json.dumps({'command': 'history', 'since': since}).encode() + b'\n')
        stream.flush()
        return json.loads(stream.readline())['result']['points']


def samples(running):
    """{name with labels: value} of /metrics, checked line by line."""
    answer = look(running, '/metrics')
    assert answer.status == 200
    assert answer.header('content-type') == 'text/plain; version=0.0.4; charset=utf-8'
    found, types, family = {}, {}, None
    for line in answer.text.splitlines():
        if line.startswith('# HELP '):
            family = line.split()[2]
            assert family not in types, line
        elif line.startswith('# TYPE '):
            _, _, name, kind = line.split()
            assert name == family and kind in ('gauge', 'counter', 'histogram'), line
            assert name.endswith('_total') == (kind == 'counter'), line
            types[name] = kind
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            series = name + (labels or '')
            if types[family] == 'histogram':
                assert name.rpartition('_')[2] in ('bucket', 'sum', 'count'), line
                name = name.rpartition('_')[0]
            assert name == family, line
            assert series not in found, line
            found[series] = float(value)
    return found


def test_metrics_count_what_happens(server):
    running = watched(server, workers={'processes': 2, 'cores': 7})
    for _ in range(5):
        assert running.get('/').status == 200
    labels = [f'{{generation="1",worker="{number}"}}' for number in (1, 2)]
    running.wait_status(lambda s: sum(w['requests'] for w in s['workers']) == 5)
    found = samples(running)
    assert sum(found['geventd_worker_requests_total' + label] for label in labels) == 5
    assert [found['geventd_worker_cores' + label] for label in labels] == [7, 7]
    assert [found['geventd_worker_ready' + label] for label in labels] == [1, 1]
    assert all(found['geventd_worker_resident_bytes' + label] > 1e6 for label in labels)
    assert found['geventd_reloads_total'] == 0 and found['geventd_reload_failed'] == 0
    running.write_app('1 / 0\n')
    running.expect_error('.')
    assert running.ctl('reload').returncode == 1
    found = samples(running)
    assert found['geventd_reloads_total'] == 1 and found['geventd_reload_failed'] == 1


def test_requests_are_counted_by_how_long_they_took(server):
    running = watched(server, SLOW, workers={'processes': 2, 'cores': 7})
    for path in ['/'] * 9 + ['/slow']:
        assert running.get(path).status == 200
    running.wait_status(lambda s: (s['traffic']['latency']['p99'] or 0) >= 2.4)
    found = samples(running)
    name = 'geventd_request_duration_seconds'
    bounds = [float(key.split('"')[1]) for key in found if key.startswith(name + '_bucket')]
    counts = [found[key] for key in found if key.startswith(name + '_bucket')]
    assert bounds == sorted(bounds) and counts == sorted(counts)
    assert counts[-1] == found[name + '_count'] == 10 and counts[bounds.index(2.097152)] == 9
    assert 2.4 <= found[name + '_sum'] < 30
    status = running.status()
    assert status['traffic']['latency']['p50'] < 2.4 <= status['traffic']['latency']['p99']
    assert status['traffic']['rate'] > 0 and status['traffic']['errors'] == 0
    assert sum(worker['rate'] for worker in status['workers']) > 0
    kill = next(w['pid'] for w in status['workers'] if (w['latency']['p99'] or 0) >= 2.4)
    running.expect_error('.')
    os.kill(kill, signal.SIGKILL)
    running.wait_status(lambda s: kill not in [w['pid'] for w in s['workers']])
    assert samples(running)[name + '_count'] == 10  # requests of dead workers still count


def test_connections_that_nobody_accepts_are_seen_in_their_queue(server):
    running = watched(server, listen=['http://127.0.0.1:0', 'http+unix:app.sock'],
                      workers={'processes': 1})
    worker, = running.workers()
    os.kill(worker, signal.SIGSTOP)  # a paused worker may not have been told yet
    with contextlib.ExitStack() as stack:
        stack.callback(os.kill, worker, signal.SIGCONT)
        procfs.wait_stopped(worker, DEADLINE)
        for address in [running.address()] * 2 + [str(running.folder / 'app.sock')]:
            stack.enter_context(RawClient(address, DEADLINE))
        status = running.wait_status(lambda s: sum(q['waiting'] for q in s['queues']) == 3)
        assert [(q['address'], q['waiting'], q['most']) for q in status['queues']] == [
            (running.addresses[0], 2, 1024), ('http+unix:app.sock', 1, 1024)]
        assert (f'connections that wait to be accepted: 2 of 1024 at {running.addresses[0]}, '
                '1 of 1024 at http+unix:app.sock') in ' '.join(running.ctl('status').stdout.split())
        found = samples(running)
        assert found[f'geventd_listen_queue{{address="{running.addresses[0]}"}}'] == 2
        assert found['geventd_listen_queue_most{address="http+unix:app.sock"}'] == 1024


def test_reloads_are_remembered(server):
    running = watched(server)
    assert running.ctl('reload').returncode == 0
    running.write_app('1 / 0\n')
    running.expect_error('.')
    assert running.ctl('reload').returncode == 1
    reloads = running.status()['reloads']
    assert [(r['result'], r['count']) for r in reloads] == [('failed', 2), ('done', 1)]
    assert 'ZeroDivisionError' in reloads[0]['error']


@pytest.mark.skipif(SANITIZED, reason='their maps take longer to look at than a status may')
def test_memory_is_told_as_it_is_shared(server):
    running = watched(server, workers={'processes': 2})
    status = running.wait_status(lambda s: s['pss'] and all(w['pss'] for w in s['workers']))
    assert all(0 < w['pss'] < w['rss'] for w in status['workers'])
    assert status['pss'] > sum(w['pss'] for w in status['workers'])


def test_the_past_is_told_from_a_point_on(server):
    running = watched(server)
    assert running.get('/').status == 200
    running.wait_status(lambda s: s['traffic']['rate'])
    points = past(running)
    assert [p['ordinal'] for p in points] == list(range(1, len(points) + 1))
    assert points[-1]['workers'] == 1 and points[-1]['rss'] > 1e6
    running.wait_status(lambda s: len(past(running)) > len(points))
    assert past(running, len(points))[0]['ordinal'] == len(points) + 1


@pytest.mark.skipif(shutil.which('promtool') is None, reason='promtool is not installed')
def test_promtool_has_no_complaint(server):
    running = watched(server)
    checked = subprocess.run(['promtool', 'check', 'metrics'], input=look(running, '/metrics').text,
                             capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, '')


def test_the_manual(make_server):
    made = make_server()
    made.write_app(HELLO.replace('application', 'app'))
    example = documents.examples('docs/metrics.md')['watched']
    made.write_config(re.sub(r':(8000|9090|9191)$', ':0', example, flags=re.M)
                      + f'control: {made.control_path}\n')
    made.start()
    assert re.search('metrics at http://127.0.0.1:', made.log.text())
    manual = (documents.REPOSITORY / 'docs/metrics.md').read_text()
    named = set(re.findall('`(geventd_[a-z_]+)`', manual))
    port = int(made.wait_log(r'metrics at http://127\.0\.0\.1:(\d+)')[1])
    with contextlib.closing(open_http(('127.0.0.1', port))) as connection:
        text = exchange(connection, 'GET', '/metrics').text
    assert named and all(f'# TYPE {name} ' in text for name in named)


def test_signals_are_counted_by_number(server):
    running = watched(server, '''
import geventd

geventd.register(9, '', lambda number: None)
''' + HELLO)
    assert running.ctl('signal', '9').returncode == 0
    running.wait_status(lambda s: s['signals'] and s['signals'][0]['handled'] == 1)
    found = samples(running)
    assert found['geventd_signals_accepted_total{number="9"}'] == 1
    assert found['geventd_signals_handled_total{number="9"}'] == 1
    assert found['geventd_signals_waiting{number="9"}'] == 0


def test_the_status_is_that_of_geventctl(server):
    running = watched(server)
    answer = look(running, '/status.json')
    assert answer.header('content-type') == 'application/json'
    document, status = json.loads(answer.body), running.status()
    assert document.keys() == status.keys()
    assert [w['pid'] for w in document['workers']] == [w['pid'] for w in status['workers']]


def test_paths_and_methods(server):
    running = watched(server)
    assert look(running, '/healthz').text == 'alive\n'
    assert look(running, '/healthz?any=thing').status == 200
    missing = look(running, '/favicon.ico')
    assert missing.status == 404 and '/metrics' in missing.text
    assert look(running, '/requests.json?most=nonsense').status == 200
    assert json.loads(look(running, '/history.json?since=99999999').body) == {'points': []}
    head = look(running, '/metrics', 'HEAD')
    assert (head.status, head.body) == (200, b'') and int(head.header('content-length')) > 1000
    posted = look(running, '/healthz', 'POST')
    assert (posted.status, posted.header('allow')) == (405, 'GET, HEAD')


def test_it_answers_while_a_hub_is_blocked_and_every_core_is_busy(server):
    running = watched(server, BLOCK, workers={'processes': 1, 'cores': 1},
                      app={'monkey-patch': 'none'}, limits={'blocked-hub': '100ms'})
    gate = running.folder / 'gate'
    subprocess.run(['mkfifo', str(gate)], check=True)
    with running.raw() as client:
        client.send(b'GET /block HTTP/1.1\r\nHost: x\r\n\r\n')
        # On a slow machine the hub may have been reported before, but not as late by a second.
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 1
                            and (s['workers'][0]['hub_blocked'] or 0) > 1)
        running.wait_log('the hub of worker 1 .* has not turned')
        label = '{generation="1",worker="1"}'
        assert look(running, '/healthz').status == look(running, '/readyz').status == 200
        found = samples(running)
        assert found['geventd_worker_hub_blocked_seconds' + label] > 0
        blocks = found['geventd_worker_hub_blocks_total' + label]
        assert blocks >= 1
        assert found['geventd_worker_cores_busy' + label] == 1
        assert samples(running)['geventd_worker_hub_blocks_total' + label] == blocks
        since = running.log.mark()
        gate.write_bytes(b'go')
        assert client.read_answer().body == b'hello'
    running.wait_log('turns again', since=since)
    running.wait_status(
        lambda _: samples(running)['geventd_worker_hub_blocked_seconds' + label] == 0)


def test_ready_or_why_not(server):
    running = watched(server, HOLD, workers={'processes': 1, 'cores': 4},
                      metrics={'listen': 'http+unix:watch.sock', 'saturation': 25})
    assert look(running, '/readyz').text == 'ready\n'
    assert running.ctl('pause').returncode == 0
    assert (look(running, '/readyz').status, look(running, '/healthz').status) == (503, 200)
    assert running.ctl('resume').returncode == 0
    assert look(running, '/readyz').status == 200
    with running.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        answer = look(running, '/readyz')
        assert (answer.status, answer.text) == (503, 'saturated: 1 of 4 cores are busy\n')
        running.signal(signal.SIGTERM)
        running.wait_log('stopping')
        assert look(running, '/readyz').text == 'the server stops\n'
        running.signal(signal.SIGQUIT)
        running.wait_exit()


def test_it_is_ready_when_all_workers_are(make_server):
    """Until then none of them accepts a connection."""
    running = make_server()
    running.write_app('''
import os
import time

import uwsgi

while uwsgi.worker_id() == 2 and not os.path.exists('go'):
    time.sleep(0.01)


def application(environ, start_response):
    start_response('200 OK', [])
    return [b'']
''')
    running.write_config({'app': {'preload': False}, 'workers': {'processes': 2},
                          'metrics': {'listen': 'http+unix:watch.sock'}})
    running.start(wait=False)
    running.wait_control()
    running.wait_status(lambda status: 'ready' in [
        worker['state'] for worker in status['workers']])
    assert look(running, '/readyz').text == 'no worker is ready\n'
    (running.folder / 'go').touch()
    running.wait_ready()
    assert look(running, '/readyz').status == 200


@pytest.mark.parametrize('sent, status', [
    (b'GET / HTTP/1.1\r\n\r\n', 400), (b'nonsense\r\n\r\n', 400), (b'\x16\x03\x01\x02\x00', 400),
    (b'GET /' + b'a' * 20_000 + b' HTTP/1.1\r\nHost: x\r\n\r\n', 414),
    (b'GET / HTTP/1.1\r\nHost: x\r\nA: ' + b'b' * 20_000, 431),
    (b'GET / HTTP/3.0\r\nHost: x\r\n\r\n', 505)])
def test_what_is_no_request_is_refused(server, sent, status):
    running = watched(server)
    with RawClient(str(running.folder / 'watch.sock'), DEADLINE) as client:
        client.send(sent)
        assert client.read_answer().status == status
        assert client.is_closed_by_server()
    assert look(running, '/healthz').status == 200


def test_silent_clients_keep_nobody_away(server):
    running = watched(server)
    silent = []
    for _ in range(200):
        silent.append(socket.socket(socket.AF_UNIX))
        silent[-1].connect(str(running.folder / 'watch.sock'))
        silent[-1].send(b'GET /met')
        if len(silent) % 20 == 0:
            assert look(running, '/healthz').status == 200
    silent[0].settimeout(DEADLINE)
    assert silent[0].recv(1) == b''  # the oldest connection had to go
    for client in silent:
        client.close()


def test_a_port_is_on_loopback_unless_told_otherwise(server):
    running = server(HELLO, {'metrics': {'listen': 'http://:0'}})
    address = running.wait_log(r'metrics at http://127\.0\.0\.1:(\d+)')
    with contextlib.closing(open_http(('127.0.0.1', int(address[1])))) as connection:
        assert exchange(connection, 'GET', '/healthz').status == 200


def test_a_taken_address_is_an_error(make_server):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        made = make_server()
        made.write_app(HELLO)
        made.write_config({'metrics': {'listen': f'http://127.0.0.1:{taken.getsockname()[1]}'}})
        made.expected_exit = 1
        made.expect_error('in use')
        made.start(wait=False)
        assert made.wait_exit() == 1
        assert made.log.wait_end() and 'Address already in use' in made.log.text()
        assert f'(pid {os.getpid()}) is listening there' in made.log.text()


def test_a_reload_moves_it_and_an_upgrade_keeps_it(server):
    running = watched(server)
    running.write_config({'metrics': {'listen': 'http+unix:other.sock'}})
    assert running.ctl('reload').returncode == 0
    assert look(running, '/healthz', name='other.sock').status == 200
    assert not (running.folder / 'watch.sock').exists()
    former = running.pid
    running.signal(signal.SIGUSR2)
    assert running.follow(1)['upgrade']['result'] == 'done'
    document = json.loads(look(running, '/status.json', name='other.sock').body)
    assert document['pid'] == running.pid != former
    running.write_config({})
    assert running.ctl('reload').returncode == 0
    assert not (running.folder / 'other.sock').exists()


@pytest.mark.parametrize('address, told', [
    ('uwsgi://127.0.0.1:9090', 'only HTTP is spoken here'), ('9090', 'no scheme')])
def test_bad_addresses(make_server, address, told):
    made = make_server()
    made.write_app(HELLO)
    made.write_config(f'listen: http://127.0.0.1:0\napp: app\nmetrics:\n  listen: "{address}"\n')
    made.start(wait=False)
    made.expected_exit = made.wait_exit()
    assert made.expected_exit != 0
    assert made.log.wait_end() and re.search('server.yaml:4:11: .*' + told, made.log.text())
