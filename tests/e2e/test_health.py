# SPDX-License-Identifier: MIT
"""listen.health: a path that the workers' loops answer, without a core and without the
application."""
import contextlib
import itertools
import signal

from harness.apps import HELLO, HOLD

ONE_CORE = {'processes': 1, 'cores': 1}
CHECKED = [{'address': 'http://127.0.0.1:0', 'health': '/healthz'}]


def ask(running, target):
    client = running.raw()
    client.send(f'GET {target} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
    return client


def hold(running):
    client = ask(running, '/hold')
    running.wait_log('a request is held')
    return client


def cut(running):
    """Ends the server although a request is held."""
    running.signal(signal.SIGQUIT)
    running.wait_exit()
    running.expected_exit = running.process.returncode


def test_the_application_never_sees_it(server):
    running = server(HELLO, {'listen': CHECKED, 'log': {'access': 'common'}})
    for method, body in (('GET', b'alive\n'), ('HEAD', b'')):
        answer = running.request(method, '/healthz')
        assert (answer.status, answer.body) == (200, body)
        assert answer.header('connection') == 'close'
    assert running.get('/healthz/other').body == b'hello'
    running.wait_log('GET /healthz/other')
    worker, = running.status()['workers']
    assert worker['requests'] == 1 and worker['cores_peak'] == 1
    assert 'GET /healthz ' not in running.log.text()


def test_it_is_answered_while_all_cores_are_busy(server):
    running = server(HOLD, {'listen': CHECKED, 'workers': ONE_CORE})
    with hold(running), ask(running, '/1'), ask(running, '/2'):
        for _ in range(10):
            assert running.get('/healthz').status == 200
        running.wait_status(lambda s: s['workers'][0]['queued'] == 2)
        cut(running)


def test_it_is_answered_by_each_of_several_workers_that_are_full(server):
    running = server(HOLD, {'listen': CHECKED, 'workers': {'processes': 2, 'cores': 1}})
    with contextlib.ExitStack() as clients:
        for asked in itertools.count(1):  # a sibling may be too slow to take the second one
            clients.enter_context(ask(running, '/hold'))
            status = running.wait_status(lambda s: asked == sum(
                w['cores_busy'] + w['queued'] for w in s['workers']))
            if [w['cores_busy'] for w in status['workers']] == [1, 1]:
                break
        for _ in range(10):
            assert running.get('/healthz').status == 200
        cut(running)


def test_what_waits_behind_it_gets_the_core(server):
    app = HOLD.replace('released.wait()', 'released.wait(0.3)')
    running = server(app, {'listen': CHECKED, 'workers': ONE_CORE})
    with hold(running) as held, ask(running, '/1') as first, ask(running, '/2') as second:
        assert running.get('/healthz').status == 200
        assert [client.read_answer().body for client in (held, first, second)] == [
            b'/hold', b'/1', b'/2']


def test_it_is_503_from_the_first_moment_of_a_stop(server):
    running = server(HELLO, {'listen': CHECKED, 'limits': {'drain-delay': '30s'}})
    running.signal(signal.SIGTERM)
    running.wait_log('stopping in')
    running.wait_status(lambda s: s['state'] == 'stopping')
    assert running.get('/').status == 200
    answer = running.get('/healthz')
    assert (answer.status, answer.body) == (503, b'stopping\n')
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


def test_a_reload_does_not_disturb_it(server):
    running = server(HOLD, {'listen': CHECKED})
    with hold(running), running.raw() as kept:
        kept.send(b'GET /1 HTTP/1.1\r\nHost: x\r\n\r\n')
        kept.read_answer()
        assert running.ctl('reload').returncode == 0
        kept.send(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        assert kept.read_answer().status == 200
        assert running.get('/healthz').status == 200
        cut(running)


def test_it_is_for_http_only(make_server):
    made = make_server()
    made.write_config({'listen': [{'address': 'uwsgi://127.0.0.1:0', 'health': '/healthz'}]})
    made.expected_exit = 1
    made.start(wait=False)
    made.wait_exit()
    assert 'listen[0].health: is for http addresses' in made.log.text()
