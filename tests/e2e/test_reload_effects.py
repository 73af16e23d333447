# SPDX-License-Identifier: MIT
"""When changed settings take effect after a reload: now, with the new generation, with a restart.
The column `effect` of docs/configuration.md says it of each key."""
import contextlib
import re

import pytest

from harness.apps import HOLD
from harness.client import exchange, open_http
from harness.signal_app import application, run

KEPT = (r'warning master\[\d+\]: (.+) takes? effect with a restart; '
        r'until then the former values? counts?$')

# Signal 1 has a handler that does not end by itself, signal 2 one that does.
HANDLERS = application('''
import uwsgi

uwsgi.register_signal(1, '', lambda num: gevent.sleep(1000))
uwsgi.register_signal(2, '', lambda num: print('a tick', flush=True))
''')

# A held request ends when its client leaves.
CANCEL = {'on-disconnect': 'cancel'}


def reload(running, config):
    """Reloads with that configuration; which keys the log says need a restart."""
    since = running.log.mark()
    running.write_config(config)
    result = running.ctl('reload')
    assert result.returncode == 0, result.stdout + result.stderr
    running.wait_log(r'geventd \S+ ready: ', since=since)
    told = [match[1].split(', ') for line in running.log.lines()[since:]
            if (match := re.search(KEPT, line))]
    assert len(told) <= 1, 'said more than once'
    return told[0] if told else []


def hold(running, since=0):
    """A client whose request is held in the worker that serves."""
    client = running.raw()
    client.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
    running.wait_log('a request is held', since=since)
    return client


def status_of_held(running):
    """The status that a held request is answered with. An old worker that has not yet heard that it
    is to drain may take the request, which is then made again."""
    while True:
        with running.http(timeout=2) as connection, contextlib.suppress(TimeoutError):
            return exchange(connection, 'GET', '/hold').status


def test_the_time_of_handlers_counts_for_the_new_generation(server):
    running = server(HANDLERS, {'signals': {'handler-time': '1h'}})
    assert reload(running, {'signals': {'handler-time': '300ms'}}) == []
    assert running.ctl('signal', '1').returncode == 0
    running.wait_log('the handler of signal 1 has taken .*its time is over')


def test_the_time_of_requests_counts_for_the_new_generation_and_not_for_the_old(server):
    running = server(HOLD, {'limits': {'request-time': '1h'}, **CANCEL})
    with hold(running):
        since = running.log.mark()
        assert reload(running, {'limits': {'request-time': '300ms'}, 'workers': {'cores': 7},
                                **CANCEL}) == []
        running.wait_log(r'ready: .* 7 cores each', since=since)
        assert status_of_held(running) == 504
        former, = [w for w in running.status()['workers'] if w['state'] == 'draining']
        assert former['cores'] == 20 and former['cores_busy'] == 1


def test_what_counts_now_counts_while_an_old_worker_drains(server):
    listen = {'address': 'http://127.0.0.1:0', 'backlog': 7}
    running = server(HOLD, {'listen': [listen], **CANCEL})
    with hold(running):
        # From here on the log is in the file, also that of the old worker.
        touched = running.folder / 'touch.me'
        running.write_config({'listen': [{**listen, 'backlog': 9}], 'log': {'file': 'server.log'},
                              'metrics': {'listen': 'http+unix:watch.sock', 'saturation': 1},
                              'reload': {'touch': [str(touched)]}, **CANCEL})
        assert running.ctl('reload').returncode == 0
        status = running.wait_status(
            lambda s: [w['state'] for w in s['workers']].count('draining') == 1)
        assert [queue['most'] for queue in status['queues']] == [9]
        with contextlib.closing(open_http(str(running.folder / 'watch.sock'))) as connection:
            assert exchange(connection, 'GET', '/healthz').status == 200
        log = running.folder / 'server.log'
        running.wait_file(log, 'ready: ')
        assert 'with a restart' not in running.log.text() + log.read_text()
        touched.touch()
        running.wait_file(log, f'{touched} has changed: reload')
        running.wait_status(lambda s: s['reload']['count'] == 2 and s['reload']['result'] == 'done')


def test_a_timer_ticks_by_its_new_period(server):
    running = server(HANDLERS, {'timers': [{'every': '1h', 'signal': 2}]})
    assert reload(running, {'timers': [{'every': '100ms', 'signal': 2}]}) == []
    running.wait_log('a tick', count=2)


@pytest.mark.parametrize('change, told', [
    ({'process': {'umask': '027'}}, ['process.umask']),
    ({'process': {'umask': '022'}, 'signals': {'locks': 5, 'handler-time': '1m', 'concurrency': 9}},
     ['signals.locks']),
    ({'process': {'umask': '027', 'pidfile': 'pid'}, 'signals': {'queue': 128, 'payloads': '64KiB',
                                                                 'max-attempts': 9}},
     ['process.umask', 'process.pidfile', 'signals.queue', 'signals.payloads',
      'signals.max-attempts']),
])
def test_what_needs_a_restart_is_said_by_each_reload_and_left_alone(server, change, told):
    running = server(application(), {'process': {'umask': '022'}})
    for _ in range(2):
        assert reload(running, change) == told
        assert run(running, 'geventd.lock(4)')[0] == 'ValueError'
        assert run(running, 'result = os.umask(0o22)') == 0o22
    assert not (running.folder / 'pid').exists()
    running.stop()
    running.start()
    expected = int(change.get('process', {}).get('umask', '022'), 8)
    assert run(running, 'result = os.umask(0o22)') == expected
    assert (running.folder / 'pid').exists() == ('process.pidfile' in told)
    lock = run(running, 'result = geventd.lock(4) or "held"; geventd.unlock(4)')
    assert lock[0] == 'ValueError' if 'signals.locks' not in told else lock


def test_the_control_socket_keeps_its_path(server):
    running = server(HOLD)
    former = running.config_path.read_text()
    running.write_config({'control': str(running.folder / 'other')})
    since = running.log.mark()
    running.signal(1)
    assert running.wait_log(KEPT, since=since)[1] == 'control'
    running.wait_log(r'geventd \S+ ready: ', since=since)
    running.config_path.write_text(former)  # for geventctl, which reads the path from it
    assert running.status()['reload']['result'] == 'done'
    assert not (running.folder / 'other').exists()


def test_the_log_stays_in_its_file(server):
    running = server(HOLD, {'log': {'file': 'server.log'}}, wait=False)
    running.wait_serving()
    log = running.folder / 'server.log'
    running.write_config({'log': {'level': 'debug'}})
    assert running.ctl('reload').returncode == 0
    assert re.search(KEPT, log.read_text(), re.MULTILINE)[1] == 'log.file'
    assert running.ctl('stop').returncode == 0
    assert running.wait_exit() == 0
    assert 'has stopped' in log.read_text() and 'has stopped' not in running.log.text()


def test_a_log_that_cannot_be_opened_is_not_what_a_later_reload_keeps(server):
    running = server(HOLD)
    running.expect_error('the former log goes on')
    assert reload(running, {'log': {'file': str(running.folder / 'nowhere' / 'server.log')}}) == []
    running.wait_log('nowhere.*; the former log goes on')
    since = running.log.mark()
    assert reload(running, {}) == []
    assert 'nowhere' not in '\n'.join(running.log.lines()[since:])
