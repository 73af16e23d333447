# SPDX-License-Identifier: MIT
"""The number of workers, and pausing."""
import contextlib
import os
import signal
import threading

from harness.apps import HELLO

REQUEST = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

# Answers with the worker's pid; /wait: once there is a file "go".
WAIT = '''
import os
import gevent


def application(environ, start_response):
    if environ['PATH_INFO'] == '/wait':
        print(os.getpid(), 'waits', flush=True)
        while not os.path.exists('go'):
            gevent.sleep(0.01)
    body = str(os.getpid()).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''

SECOND_DIES = '''
import uwsgi


def die():
    if uwsgi.worker_id() == 2:
        os._exit(7)


uwsgi.post_fork_hook = die
'''


def wanted(count):
    """A predicate: the status has that many workers, all of them ready."""
    return lambda status: [w['state'] for w in status['workers']] == ['ready'] * count \
        and status['generations'][-1]['workers_wanted'] == count


def test_geventctl_changes_the_number_of_workers(server):
    running = server(HELLO, {'workers': {'processes': 2}})
    old = running.workers()
    assert running.ctl('workers', '4').returncode == 0
    status = running.wait_status(wanted(4))
    assert [w['number'] for w in status['workers']] == [1, 2, 3, 4]
    assert set(old) < {w['pid'] for w in status['workers']}
    assert running.ctl('workers', '1').returncode == 0
    status = running.wait_status(wanted(1))
    assert status['workers'][0]['pid'] == old[0]
    assert running.get('/').status == 200


def test_a_number_that_cannot_be_is_refused(server):
    running = server(HELLO)
    for nonsense in ('0', '-1', '100000', 'many'):
        result = running.ctl('workers', '--', nonsense)
        assert result.returncode == 1, nonsense
        assert 'number of workers' in result.stderr
    assert len(running.workers()) == 1


def test_unix_signals_change_the_number_by_one(server):
    running = server(HELLO, {'workers': {'processes': 1}})
    running.signal(signal.SIGTTIN)
    running.wait_status(wanted(2))
    running.signal(signal.SIGTTIN)
    running.wait_status(wanted(3))
    running.signal(signal.SIGTTOU)
    running.wait_status(wanted(2))
    running.signal(signal.SIGTTOU)
    running.wait_status(wanted(1))
    running.signal(signal.SIGTTOU)  # the last one stays in any case
    running.wait_log('number of workers must be')
    assert running.get('/').status == 200


def test_a_worker_that_is_one_too_many_finishes_its_request(server):
    running = server(WAIT, {'workers': {'processes': 2}})
    with contextlib.ExitStack() as stack:
        clients = {}
        while len(clients) < 2:  # until each worker has one
            mark = running.log.mark()
            client = stack.enter_context(running.raw())
            client.send(b'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
            clients[running.wait_log(r'(\d+) waits', since=mark)[1]] = client
        assert running.ctl('workers', '1').returncode == 0
        running.wait_status(lambda s: [w['state'] for w in s['workers']] == ['ready', 'draining'])
        (running.folder / 'go').touch()
        for pid, client in clients.items():
            assert client.read_answer().body == pid.encode()
    running.wait_status(wanted(1))


# --- pause ----------------------------------------------------------------------------------------

def pause(running, workers):
    mark = running.log.mark()
    assert running.ctl('pause').returncode == 0
    running.wait_log('accepts no connection until told otherwise', since=mark, count=workers)


def accepted(status):
    return sum(worker['accepted'] for worker in status['workers'])


def test_a_paused_server_finishes_requests_and_lets_new_connections_wait(server):
    running = server(WAIT, {'workers': {'processes': 2}, 'log': {'level': 'debug'}})
    with running.raw() as held:
        held.send(b'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('waits')
        pause(running, workers=2)
        assert running.status()['state'] == 'paused'
        assert '  paused\n' in running.ctl('status').stdout
        with running.raw() as early:
            early.send(REQUEST)
            (running.folder / 'go').touch()
            assert held.read_answer().status == 200
            held.send(REQUEST)  # a kept connection still works
            assert held.read_answer().status == 200
            assert accepted(running.status()) == 1
            assert running.ctl('resume').returncode == 0
            assert early.read_answer().status == 200
    status = running.status()
    assert status['state'] == 'running' and accepted(status) == 2


def test_a_server_stays_paused_over_deaths_and_reloads(server):
    running = server(WAIT, {'log': {'level': 'debug'}})
    running.expect_error('died')
    pause(running, workers=1)
    with running.raw() as early:
        early.send(REQUEST)
        first, = running.workers()
        os.kill(first, signal.SIGKILL)
        second, = running.wait_workers(1, without=[first])
        assert running.ctl('reload').returncode == 0
        third, = running.wait_workers(1, without=[second])
        status = running.status()
        assert status['state'] == 'paused' and accepted(status) == 0
        assert running.ctl('resume').returncode == 0
        assert early.read_answer().body == str(third).encode()


def test_a_paused_server_stops(server):
    running = server(WAIT, {'log': {'level': 'debug'}})
    pause(running, workers=1)
    assert running.stop() == 0


def test_clients_never_meet_a_generation_that_fails(server):
    """Its first worker is ready, its second dies: the first must not have served anybody."""
    running = server(WAIT, {'workers': {'processes': 2}})
    running.expect_error('died|reload failed')
    old = set(running.workers())
    running.write_app(WAIT + SECOND_DIES)
    reload = threading.Thread(target=running.ctl, args=('reload',))
    reload.start()
    answered = set()
    while reload.is_alive():
        answered.add(int(running.get('/').body))
    reload.join()
    assert running.status()['reload']['result'] == 'failed'
    assert answered <= old
