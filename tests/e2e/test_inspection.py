# SPDX-License-Identifier: MIT
"""geventctl requests and stacks: the requests in flight, all stacks, and no secrets."""
import json
import os
import signal
import socket
import threading
import time

import pytest

from harness.apps import HOLD
from harness.limits import DEADLINE, SANITIZED

PATIENCE = 20 if SANITIZED else 2  # seconds until geventctl must have an answer

# /spawn/N: N background greenlets that wait in tick(). /raw: one without gevent's class.
# /block/S: blocks the hub. /gil/S: a C call that holds the GIL, which a Unix signal interrupts.
APP = '''
import ctypes

import gevent
import greenlet
from gevent import monkey
from gevent.event import Event

import geventd

never = Event()
ticking = []
kept = []
with_the_gil = ctypes.PyDLL(None)


def tick():
    ticking.append(1)
    never.wait()


def wander():
    gevent.get_hub().switch()


def handler(number):
    never.wait()


early = gevent.spawn(tick)
geventd.register(7, 'worker', handler)


def spawn(count):
    wanted = len(ticking) + count
    for _ in range(count):
        gevent.spawn(tick)
    while len(ticking) < wanted:
        gevent.sleep(0.01)


def block(seconds):
    print('blocks', flush=True)
    monkey.get_original('time', 'sleep')(seconds)


def gil(seconds):
    print('blocks', flush=True)
    with_the_gil.usleep(seconds * 1000000)


def hold(seconds):
    print('holds', flush=True)
    gevent.sleep(seconds)


def raw(_):
    hub = gevent.get_hub()
    kept.append(greenlet.greenlet(wander, hub))
    hub.loop.run_callback(kept[0].switch)


def application(environ, start_response):
    what, _, count = environ['PATH_INFO'][1:].partition('/')
    if what:
        globals()[what](int(count or 0))
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


def requests_of(running):
    result = running.ctl('requests', '--json')
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)['requests']


def hold(running, client, target='/hold', extra=b''):
    count = running.log.text().count('a request is held')
    client.send(b'GET ' + target.encode() + b' HTTP/1.1\r\nHost: x\r\n' + extra + b'\r\n')
    running.wait_log('a request is held', count=count + 1)


def test_requests_shows_what_is_in_flight(server):
    running = server(HOLD, {'workers': {'processes': 2}})
    assert requests_of(running) == []
    assert running.ctl('requests').stdout.split() == [
        'AGE', 'WORKER', 'PID', 'GEN', 'CLIENT', 'ID', 'STATE', 'REQUEST']
    with running.raw() as first, running.raw() as second:
        hold(running, first)
        hold(running, second)
        shown = requests_of(running)
        assert [(r['method'], r['path'], r['client']) for r in shown] == [
            ('GET', '/hold', '127.0.0.1')] * 2
        assert shown[0]['age'] >= shown[1]['age'] > 0
        assert {(r['worker'], r['pid']) for r in shown} <= {
            (w['number'], w['pid']) for w in running.status()['workers']}
        assert len({r['id'] for r in shown}) == 2
        table = running.ctl('requests').stdout.splitlines()
        assert len(table) == 3 and table[1].endswith(f'{shown[0]["id"]}  runs   GET /hold')
        first.close()
        second.close()
        running.signal(signal.SIGQUIT)


def test_requests_shows_what_waits_for_a_core(server):
    running = server(HOLD, {'workers': {'processes': 1, 'cores': 1}})
    with running.raw() as first, running.raw() as second, running.raw() as third:
        for client in (first, second, third):  # kept connections, one of which runs at a time
            client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
            assert client.read_answer().status == 200
        hold(running, first)
        second.send(b'GET /second?token=sesame HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_status(lambda s: s['workers'][0]['queued'] == 1)
        third.send(b'GET /third HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_status(lambda s: s['workers'][0]['queued'] == 2)
        running.wait_status(lambda s: len(requests_of(running)) == 3)
        shown = requests_of(running)
        assert [(r['path'], r['core']) for r in shown] == [
            ('/hold', 0), ('/second', None), ('/third', None)]
        assert all(r['id'] and r['client'] == '127.0.0.1' for r in shown)
        rows = [line.split()[-3:] for line in running.ctl('requests').stdout.splitlines()[1:]]
        assert rows == [['runs', 'GET', '/hold'], ['waits', 'GET', '/second'],
                        ['waits', 'GET', '/third']]
        running.signal(signal.SIGQUIT)


def test_requests_keeps_secrets(server):
    running = server(HOLD)
    with running.raw() as client:
        hold(running, client, '/hold?token=sesame', b'Cookie: session=sesame\r\n'
             b'Authorization: Basic c2VzYW1l\r\n')
        assert requests_of(running)[0]['path'] == '/hold'
        for output in (running.ctl('requests'), running.ctl('requests', '--json')):
            assert 'sesame' not in output.stdout and 'c2VzYW1l' not in output.stdout
        running.signal(signal.SIGQUIT)


def test_a_request_is_known_by_the_name_that_the_proxy_gave(server):
    running = server(HOLD, {'listen': {'address': 'http://127.0.0.1:0',
                                       'trusted-proxies': ['127.0.0.1']}})
    with running.raw() as client:
        hold(running, client, extra=b'X-Request-ID: from-nginx\r\nX-Forwarded-For: 192.0.2.7\r\n')
        shown, = requests_of(running)
        assert (shown['id'], shown['client']) == ('from-nginx', '192.0.2.7')
        running.signal(signal.SIGQUIT)


def test_an_answered_request_is_gone(server):
    running = server(HOLD)
    running.get('/')
    running.wait_status(lambda status: status['workers'][0]['requests'] == 1)
    assert requests_of(running) == []


# --- stacks ---------------------------------------------------------------------------------------

def look(running, *arguments, timeout=DEADLINE):
    """The result of stacks, with the workers in order."""
    result = running.stacks('--json', *arguments, timeout=timeout)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)['workers']


def greenlets_of(worker, kind):
    """Greenlets of that kind, each with its stack as a list of (function, name of the file)."""
    found = worker['found']
    calls = [[(call['function'], call['file'].rpartition('/')[2]) for call in stack]
             for stack in found['stacks']]
    return [{**greenlet, 'calls': calls[greenlet['stack']]} for greenlet in found['greenlets']
            if greenlet['kind'] == kind]


def ask_aside(running, path):
    def ask():
        try:
            running.get(path)
        except OSError:
            pass
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


@pytest.fixture(scope='module', params=['raw', 'gevent'])
def busy(module_server, request):
    """One worker with a request, a handler, and greenlets of all kinds."""
    running = module_server(APP, {'workers': {'greenlet': request.param}})
    running.get('/spawn/3')
    running.get('/raw')
    running.ctl('signal', '7')
    ask_aside(running, '/hold/600?token=sesame')
    running.wait_log('^holds$')
    running.wait_status(lambda s: any(signal['running'] for signal in s['signals']))
    yield running
    running.signal(signal.SIGQUIT)


def test_stacks_shows_requests_by_their_names(busy):
    worker, = look(busy)
    request, = greenlets_of(worker, 'request')
    assert request['name'] == 'GET /hold/600' and request['state'] == 'parked'
    assert request['request'] == requests_of(busy)[0]['id'] and request['age'] > 0
    assert request['calls'][:2] == [('application', 'app.py'), ('hold', 'app.py')]
    assert 'sesame' not in busy.stacks().stdout + busy.stacks('--json').stdout


def test_stacks_shows_background_greenlets_by_where_they_were_spawned(busy):
    background = greenlets_of(look(busy)[0], 'background')
    assert [g['name'] for g in background] == ['tick'] * 4
    assert all(g['calls'][0] == ('tick', 'app.py') for g in background)
    places = [g['spawned'].rpartition('/')[2] for g in background]
    line = 1 + APP.split('\n').index('        gevent.spawn(tick)')
    early = 1 + APP.split('\n').index('early = gevent.spawn(tick)')
    assert sorted(places) == sorted(
        [f'app.py:{line} in spawn'] * 3 + [f'app.py:{early} in <module>'])


def test_stacks_shows_handlers_raw_greenlets_and_the_hub(busy):
    worker, = look(busy)
    handler, = greenlets_of(worker, 'handler')
    assert handler['name'] == 'handler of signal 7'
    assert handler['calls'][0] == ('handler', 'app.py')
    raw, = greenlets_of(worker, 'raw')
    assert raw['name'] == 'wander' and raw['calls'] == [('wander', 'app.py')]
    hub = greenlets_of(worker, 'hub')[0]
    assert hub['name'] == 'the hub' and hub['calls'][-1][1] == 'hub.py'


def test_stacks_for_people_shows_each_stack_once(busy):
    text = busy.stacks().stdout
    assert text.startswith(f'worker 1 (pid {busy.workers()[0]}) of generation 1: 9 greenlets\n')
    assert 'GET /hold/600, ' in text and ' in spawn (3 of them)\n    File "' in text
    assert text.index('GET /hold') < text.index('background greenlet in tick')


def test_stacks_of_one_worker_or_one_request(server):
    running = server(APP, {'workers': {'processes': 2}})
    assert [w['worker'] for w in look(running)] == [1, 2]
    assert [w['worker'] for w in look(running, '2')] == [2]
    ask_aside(running, '/hold/600')
    running.wait_log('^holds$')
    shown, = requests_of(running)
    worker, = look(running, shown['id'])
    assert worker['worker'] == shown['worker']
    assert [g['request'] for g in worker['found']['greenlets']] == [shown['id']]
    result = running.ctl('stacks', 'nobody')
    assert result.returncode == 1 and 'called nobody' in result.stderr
    running.signal(signal.SIGQUIT)


def test_what_blocks_the_hub_is_marked(server):
    running = server(APP)
    ask_aside(running, '/hold/600')
    running.wait_log('^holds$')
    ask_aside(running, '/block/600')
    running.wait_log('^blocks$')
    requests = {g['name']: g for g in greenlets_of(look(running)[0], 'request')}
    assert requests['GET /block/600']['state'] == 'running'
    assert requests['GET /block/600']['calls'] == [('application', 'app.py'), ('block', 'app.py')]
    assert requests['GET /hold/600']['state'] == 'parked'
    assert 'GET /block/600, ' in running.stacks().stdout
    running.signal(signal.SIGQUIT)


def test_a_worker_whose_gil_is_kept_is_told_of_as_such(server):
    running = server(APP, {'workers': {'processes': 2}, 'limits': {'blocked-hub': '0s'}})
    ask_aside(running, '/gil/600')
    running.wait_log('^blocks$')
    end = time.monotonic() + DEADLINE
    while True:  # the worker may be asked before it has reached the call
        begun = time.monotonic()
        errors = sorted(worker['error'] or '' for worker in look(running, timeout=0))
        took = time.monotonic() - begun
        if errors[0] == '' and 'keeps its GIL' in errors[1] and took < PATIENCE:
            break
        assert begun < end, (errors, took)
    assert running.status()['pid'] == running.pid
    running.signal(signal.SIGQUIT)


def test_ten_thousand_greenlets_are_shown_in_two_seconds_and_disturb_nobody(server):
    running = server(APP)
    running.get('/spawn/10000')
    with running.raw() as client:
        def stream():
            while not ended.is_set():
                begun = time.monotonic()
                client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
                assert client.read_answer().body == b'ok'
                slowest.append(time.monotonic() - begun)
        for _ in range(5):  # the machine may be busy: the best try counts
            slowest, ended = [0.0], threading.Event()
            streamer = threading.Thread(target=stream)
            streamer.start()
            begun = time.monotonic()
            worker, = look(running, timeout=0)
            took = time.monotonic() - begun
            ended.set()
            streamer.join()
            print(f'{took:.3f} s; {len(slowest)} requests, the slowest {max(slowest):.3f} s')
            if fits := worker['found'] and took < PATIENCE and max(slowest) < PATIENCE / 4:
                break
    assert fits and len(greenlets_of(worker, 'background')) == 10001


# --- malice ---------------------------------------------------------------------------------------

def question(running, **members):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(DEADLINE)
    client.connect(str(running.control_path))
    client.sendall(json.dumps({'command': 'stacks', **members}).encode() + b'\n')
    return client


def read_all(client):
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    client.close()
    return json.loads(b''.join(pieces))


def test_a_crowd_that_asks_and_leaves_costs_nobody_else(server):
    running = server(APP)
    running.get('/spawn/2000')
    for _ in range(5):
        clients = [question(running) for _ in range(40)]
        for client in clients[::2]:
            client.close()
        answers = [read_all(client) for client in clients[1::2]]
        assert all(a['ok'] or 'too many' in a['error'] for a in answers)
    assert len(greenlets_of(look(running)[0], 'background')) == 2001
    assert running.get('/').text == 'ok'


@pytest.mark.parametrize('of', ['\0', '-1', '0', '99999999999999999999', 'x' * 60000, '\x1b[2J', 7])
def test_names_that_nobody_has_are_answered(busy, of):
    answer = read_all(question(busy, of=of))
    assert not answer['ok'] and 'no worker and no request' in answer['error']
    assert busy.ctl('stacks', '7').returncode == 1


def test_a_worker_that_dies_while_it_is_asked_is_told_of(server):
    running = server(APP, {'limits': {'blocked-hub': '0s'}})
    running.expect_error('died')
    old, = running.workers()
    ask_aside(running, '/gil/600')
    running.wait_log('^blocks$')
    asked, client = time.monotonic(), question(running)
    os.kill(old, signal.SIGKILL)
    late = time.monotonic() - asked > 1  # longer than the master may have waited
    # No workers, if the master noticed the end before the question.
    for worker in read_all(client)['result']['workers']:
        assert worker['pid'] == old and (late or 'it has ended' in worker['error'])
    running.wait_workers(1, without=[old])
    assert look(running)[0]['error'] is None


def test_background_greenlets_are_counted(server):
    running = server('''
import gevent
from gevent.event import Event

over = Event()


def application(environ, start_response):
    if environ['PATH_INFO'] == '/over':
        over.set()
    else:
        gevent.spawn(over.wait)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''', {'workers': {'processes': 1}})
    for _ in range(5):
        assert running.get('/').status == 200
    running.wait_status(lambda s: s['workers'][0]['background'] == 5)
    assert running.get('/over').status == 200
    running.wait_status(lambda s: s['workers'][0]['background'] == 0)
