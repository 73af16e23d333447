# SPDX-License-Identifier: MIT
"""Everything that the status counts is in /metrics as well."""
import contextlib
import re

from harness.apps import HELLO
from harness.client import exchange, open_http

# What the status counts, and how Prometheus knows it; figures of workers are alike by their table
# (shm/worker_figures.h, tests/unit/master/metrics).
COUNTED = {
    'queues.dropped': 'listen_queue_dropped_total', 'queues.waiting': 'listen_queue',
    'queues.most': 'listen_queue_most', 'queues.down': 'listen_socket_down',
    'generations.respawns': 'generation_respawns', 'generations.crash_looping': 'crash_looping',
    'reload.count': 'reloads_total', 'upgrade.count': 'upgrades_total', 'uptime': 'uptime_seconds',
    'signal_memory.replaced': 'signal_memory_replaced_total',
    'signal_memory.lost': 'signals_lost_total',
}
# What is no count: who and when something is, and what follows from other numbers.
OTHER = re.compile(
    r'pid|pss|traffic\..*|failures\..*|reloads\..*|(reload|upgrade)\.age'
    r'|upgrade\.(former|successor)|locks\..*|workers\..*|signals\.(number|registered|oldest)'
    r'|generations\.(number|workers.*|preload|(template|spare)_pid|uptime)')


def numbers(value, path=''):
    """The dotted paths of all numbers in a document; those in a list share theirs."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from numbers(item, f'{path}.{name}' if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item, path)
    elif isinstance(value, (int, float)):
        yield path


def test_metrics_have_every_count_of_the_status(server):
    running = server('''
import uwsgi
uwsgi.register_signal(9, '', print)
''' + HELLO, {'metrics': {'listen': 'http+unix:watch.sock'}})
    assert running.ctl('signal', '9').returncode == 0
    with contextlib.closing(open_http(str(running.folder / 'watch.sock'))) as connection:
        text = exchange(connection, 'GET', '/metrics').text
    families = set(re.findall('^# TYPE geventd_(.*) ', text, re.M))
    assert set(COUNTED.values()) <= families
    for path in {path for path in numbers(running.status()) if not OTHER.fullmatch(path)}:
        group, _, name = path.partition('.')
        assert path in COUNTED or (
            group == 'signals' and {f'signals_{name}', f'signals_{name}_total'} & families), path


HELD = '''
import os
import gevent


def application(environ, start_response):
    while environ['PATH_INFO'] == '/held' and not os.path.exists('go'):
        gevent.sleep(0.01)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


def test_no_series_comes_twice_while_workers_are_replaced(server):
    running = server(HELD, {'metrics': {'listen': 'http+unix:watch.sock'},
                            'workers': {'max-requests': 2}})
    held = []
    for count in (1, 2):  # each of them keeps a worker that is replaced
        held.append(running.raw())
        held[-1].send(b'GET /held HTTP/1.1\r\nHost: x\r\n\r\n')
        for _ in range(2):
            assert running.get('/').status == 200
        running.wait_status(lambda status: sorted(
            worker['state'] for worker in status['workers']) == ['draining'] * count + ['ready'])
    with contextlib.closing(open_http(str(running.folder / 'watch.sock'))) as connection:
        text = exchange(connection, 'GET', '/metrics').text
    series = [line.rpartition(' ')[0] for line in text.splitlines() if not line.startswith('#')]
    assert len(series) == len(set(series))
    assert re.search(r'^geventd_worker_cores_busy{.*,apart="true"} 2$', text, re.M)
    (running.folder / 'go').touch()
    for client in held:
        with client:
            assert client.read_answer().status == 200
