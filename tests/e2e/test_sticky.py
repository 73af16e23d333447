# SPDX-License-Identifier: MIT
"""Sticky sessions: each request reaches the worker in whose memory its session lives."""
import contextlib
import hashlib
import json
import os
import signal

import pytest

from harness import client, procfs, services, uwsgi
from harness.limits import DEADLINE

APP = '''
import hashlib
import json
import os
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

import geventd

sessions = {}


def sid_of(environ):
    query = parse_qs(environ.get('QUERY_STRING', ''))
    cookie = SimpleCookie(environ.get('HTTP_COOKIE', '')).get('seat')
    return (query.get('sid') or [cookie and cookie.value or environ.get('HTTP_X_SEAT')])[0]


def close_inbox():
    """As code does that closes what it does not know: the lowest descriptor of the socket."""
    with open('/proc/net/unix') as table:
        inodes = {line.split()[6] for line in table if '@geventd-sticky' in line}
    for fd in sorted(map(int, os.listdir('/proc/self/fd'))):
        try:
            name = os.readlink(f'/proc/self/fd/{fd}')
        except FileNotFoundError:
            continue
        if name.startswith('socket:[') and name[8:-1] in inodes:
            return os.close(fd)


def application(environ, start_response):
    if environ['PATH_INFO'] == '/open':
        sid = geventd.sticky_id()
        sessions[sid] = 0
    elif environ['PATH_INFO'] == '/close':
        sid = sid_of(environ)
        close_inbox()
    elif environ['PATH_INFO'] == '/fork':
        sid = sid_of(environ)
        if os.fork() == 0:
            os.open('release', os.O_RDONLY)  # waits for the test
            os._exit(0)
    else:
        sid = sid_of(environ)
    body = environ['wsgi.input'].read()
    if sid not in sessions:
        start_response('400 Invalid session', [('Content-Length', '0')])
        return []
    sessions[sid] += 1
    text = json.dumps({'sid': sid, 'pid': os.getpid(), 'uses': sessions[sid],
                       'body': hashlib.md5(body).hexdigest(),
                       'address': environ.get('REMOTE_ADDR')}).encode()
    start_response('200 OK', [('Content-Length', str(len(text)))])
    return [text]
'''
LISTEN = ['http://127.0.0.1:0', 'http+unix:app.sock', 'uwsgi://127.0.0.1:0']
TCP, UNIX, PACKETS = range(3)


def config(**more):
    return {'listen': LISTEN, 'workers': {'processes': 4}, 'sticky': {'query': 'sid'}, **more}


def ask_packets(running, path, headers):
    variables = {'HTTP_' + name.upper().replace('-', '_'): value
                 for name, value in headers.items()}
    with running.raw(PACKETS) as talk:
        talk.send(uwsgi.request(path, **variables))
        return talk.read_answer()


def ask(running, index, path, headers=None):
    """The answer to a request on a connection of its own."""
    if index == PACKETS:
        return ask_packets(running, path, headers or {})
    return running.get(path, index=index, headers=headers or {})


def open_sessions(running, count, index=TCP):
    """{sid: pid}"""
    opened = [json.loads(ask(running, index, '/open').body) for _ in range(count)]
    return {session['sid']: session['pid'] for session in opened}


def pid_of(answer):
    return json.loads(answer.body)['pid'] if answer.status == 200 else answer.status


def handed_over(running):
    return sum(worker['handed_over'] for worker in running.status()['workers'])


@pytest.fixture(scope='module')
def by_query(module_server):
    return module_server(APP, config(limits={'drain-websockets': '1s'}))


@pytest.mark.parametrize('index', [TCP, UNIX, PACKETS], ids=['tcp', 'unix', 'uwsgi'])
def test_a_session_keeps_its_worker_by_the_query(by_query, index):
    sessions = open_sessions(by_query, 8, index)
    before = handed_over(by_query)
    for _ in range(8):
        assert {sid: pid_of(ask(by_query, index, f'/?x=1&sid={sid}')) for sid in sessions} \
            == sessions
    assert handed_over(by_query) > before


@pytest.mark.parametrize('rule, headers', [
    ({'cookie': 'seat'}, lambda sid: {'Cookie': f'a=b; seat={sid}; c=d'}),
    ({'header': 'X-Seat'}, lambda sid: {'X-Seat': sid})], ids=['cookie', 'header'])
def test_a_session_keeps_its_worker_by(server, rule, headers):
    running = server(APP, config(sticky=rule))
    for index in (TCP, PACKETS):
        sessions = open_sessions(running, 8, index)
        for _ in range(4):
            assert {sid: pid_of(ask(running, index, '/', headers(sid))) for sid in sessions} \
                == sessions
    assert handed_over(running) > 0


def test_a_connection_goes_from_session_to_session(by_query):
    sessions = open_sessions(by_query, 8)
    with by_query.raw() as talk:
        for _ in range(5):
            for sid, pid in sessions.items():
                talk.send(f'GET /?sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
                assert pid_of(talk.read_answer()) == pid
            talk.send(b'GET /?sid=nobodys HTTP/1.1\r\nHost: x\r\n\r\n')
            assert talk.read_answer().status == 400


def test_who_has_no_session_is_served_by_whoever_accepted(server):
    running = server(APP, config())
    sessions = open_sessions(running, 8)
    for sid in sessions:
        for path in ('/', f'/?other={sid}', '/?sid=', f'/?sid={sid.partition(".")[0]}',
                     f'/?sid={sid[:-16]}0123456789abcdef'):
            assert [ask(running, index, path).status for index in (TCP, UNIX, PACKETS)] \
                == [400, 400, 400], path
    assert handed_over(running) == 0
    for _ in range(8):
        assert {sid: pid_of(ask(running, TCP, f'/?sid={sid}')) for sid in sessions} == sessions
    assert handed_over(running) > 0


NGINX = """
        location / {
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""


@pytest.mark.skipif(services.find('nginx') is None, reason='nginx is not installed')
def test_a_proxy_may_mix_sessions_on_its_connections(by_query, folder):
    sessions = open_sessions(by_query, 8)
    upstream = f'upstream app {{ server 127.0.0.1:{by_query.port()}; keepalive 2; }}'
    with services.nginx(folder, NGINX, upstream) as address:
        for _ in range(10):
            for sid, pid in sessions.items():
                with contextlib.closing(client.open_http(address)) as connection:
                    assert pid_of(client.exchange(connection, 'GET', f'/?sid={sid}')) == pid


def test_pipelined_requests_are_answered_in_order(by_query):
    sessions = open_sessions(by_query, 8)
    with by_query.raw() as talk:
        talk.send(b''.join(f'GET /?sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n'.encode()
                           for sid in list(sessions) * 3))
        answers = [json.loads(talk.read_answer().body) for _ in range(24)]
    assert [answer['sid'] for answer in answers] == list(sessions) * 3
    assert {answer['sid']: answer['pid'] for answer in answers} == sessions


@pytest.mark.parametrize('size', [5, 50_000, 3_000_000])
@pytest.mark.parametrize('head', ['Content-Length: {size}\r\n', 'Transfer-Encoding: chunked\r\n',
                                  'Content-Length: {size}\r\nExpect: 100-continue\r\n'],
                         ids=['length', 'chunked', 'continue'])
def test_a_body_goes_along(by_query, size, head):
    body = os.urandom(size)
    sent = b'%x\r\n%s\r\n0\r\n\r\n' % (size, body) if 'chunked' in head else body
    for sid, pid in open_sessions(by_query, 8).items():
        with by_query.raw() as talk:
            talk.send(f'POST /?sid={sid} HTTP/1.1\r\nHost: x\r\n{head.format(size=size)}'
                      '\r\n'.encode())
            if 'continue' in head:
                assert talk.read_head()[1] == 100
            talk.send(sent)
            answer = talk.read_answer()
        assert pid_of(answer) == pid
        assert json.loads(answer.body)['body'] == hashlib.md5(body).hexdigest()


def test_what_a_proxy_said_goes_along(server):
    running = server(APP, config(listen=[
        {'address': 'http://127.0.0.1:0', 'trusted-proxies': ['127.0.0.1']}]))
    for sid, pid in open_sessions(running, 8).items():
        with running.raw() as talk:
            talk.send(b'PROXY TCP4 192.0.2.9 192.0.2.1 1234 80\r\n'
                      + f'GET /?sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            answer = json.loads(talk.read_answer().body)
        assert (answer['pid'], answer['address']) == (pid, '192.0.2.9')
    assert handed_over(running) > 0


def test_the_access_log_has_each_request_once_with_its_client(server):
    running = server(APP, config(log={'access': '${addr} ${method} ${status} ${path}'}))
    sessions = open_sessions(running, 8)
    for sid in sessions:
        ask(running, TCP, f'/used/{sid[:8]}?sid={sid}')
    for sid in sessions:
        running.wait_log(f'127.0.0.1 GET 200 /used/{sid[:8]}')
        assert running.log.text().count(f'/used/{sid[:8]}') == 1


def test_sessions_stay_through_a_reload_as_long_as_they_may(server):
    running = server(APP, config(limits={'drain-websockets': '30s'}))
    sessions = open_sessions(running, 8)
    old = set(running.workers())
    running.signal(signal.SIGHUP)
    running.wait_workers(4, without=old)
    younger = open_sessions(running, 8)
    assert not old & set(younger.values())
    for _ in range(4):
        for sid, pid in {**sessions, **younger}.items():
            assert pid_of(ask(running, TCP, f'/?sid={sid}')) == pid


def test_sessions_end_with_their_time(server):
    running = server(APP, config(limits={'drain-websockets': '100ms'}))
    sessions = open_sessions(running, 8)
    old = set(running.workers())
    running.signal(signal.SIGHUP)
    running.wait_status(lambda status: not old & {worker['pid'] for worker in status['workers']})
    for sid in sessions:
        assert ask(running, TCP, f'/?sid={sid}').status == 400


def test_a_worker_without_sessions_ends_at_once(server):
    running = server(APP, config(limits={'drain-websockets': '1h'}))
    assert running.get('/').status == 400
    old = set(running.workers())
    running.signal(signal.SIGHUP)
    running.wait_status(lambda status: not old & {worker['pid'] for worker in status['workers']})


def test_a_recycled_worker_keeps_its_sessions(server):
    running = server(APP, config(workers={'processes': 2, 'max-requests': 40},
                                 limits={'drain-websockets': '30s'}))
    sessions = open_sessions(running, 6)
    first = set(running.workers())
    for _ in range(20):
        for sid, pid in sessions.items():
            assert pid_of(ask(running, TCP, f'/?sid={sid}')) == pid
    assert running.workers('draining') or set(running.workers()) != first


def test_sessions_stay_through_an_upgrade(server):
    running = server(APP, config(limits={'drain-websockets': '30s'}))
    sessions, old = open_sessions(running, 8), running.pid
    running.signal(signal.SIGUSR2)
    assert running.follow(1)['upgrade']['result'] == 'done'
    assert not set(running.workers()) & set(sessions.values())
    for sid, pid in sessions.items():
        assert pid_of(ask(running, TCP, f'/?sid={sid}')) == pid
    os.kill(old, signal.SIGTERM)
    assert procfs.wait_gone(old, DEADLINE)


def test_sessions_of_a_killed_worker_are_nobodys(server):
    running = server(APP, config())
    sessions = open_sessions(running, 12)
    victim = next(iter(sessions.values()))
    # A process that the worker has forked outlives it, and must not hold its socket.
    release = running.folder / 'release'
    os.mkfifo(release)
    assert ask(running, TCP, f'/fork?sid={next(iter(sessions))}').status == 200
    running.expect_error('died|killed|signal')
    os.kill(victim, signal.SIGKILL)
    running.wait_workers(4, without=[victim])
    for sid, pid in sessions.items():
        expected = 400 if pid == victim else pid
        assert pid_of(ask(running, TCP, f'/?sid={sid}')) == expected
    os.close(os.open(release, os.O_WRONLY))


def test_a_client_of_a_worker_that_dies_before_it_accepts_learns_it(server):
    running = server(APP, config())
    sid, victim = next(iter(open_sessions(running, 1).items()))
    running.expect_error('died|killed|signal')
    os.kill(victim, signal.SIGSTOP)
    before = handed_over(running)
    clients = [running.raw() for _ in range(6)]
    for talk in clients:
        talk.send(f'GET /?sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
    running.wait_status(lambda status: sum(
        worker['handed_over'] for worker in status['workers']) > before)
    os.kill(victim, signal.SIGKILL)
    answered = 0
    for talk in clients:
        with talk:
            if not talk.is_closed_by_server():  # the worker's place was not taken by another
                answered += talk.read_answer().status == 400
    assert answered < len(clients)


def test_a_closed_descriptor_costs_no_session(server):
    running = server(APP, config(limits={'drain-websockets': '30s'}))
    sessions = open_sessions(running, 8)
    sid, pid = next(iter(sessions.items()))
    running.expect_error('takes connections of sticky sessions, was closed or replaced')
    assert ask(running, TCP, f'/close?sid={sid}').status == 200
    for _ in range(4):
        for sid, owner in sessions.items():
            assert pid_of(ask(running, TCP, f'/?sid={sid}')) == owner
    running.wait_log('takes connections of sticky sessions, was closed or replaced')
    running.wait_status(lambda status: pid not in {
        worker['pid'] for worker in status['workers'] if worker['state'] == 'ready'})


def test_a_restart_does_not_wait_for_sessions(server):
    """They cannot outlive it, since their workers end before the new code is loaded."""
    running = server(APP, config(limits={'drain-websockets': '1h'},
                                 workers={'processes': 2, 'max-requests': 30},
                                 reload={'strategy': 'restart'}))
    sessions = open_sessions(running, 6)
    first = set(running.workers())
    while not running.workers('draining') and set(running.workers()) == first:
        for sid in sessions:
            ask(running, TCP, f'/?sid={sid}')
    old = {worker['pid'] for worker in running.status()['workers']}
    running.signal(signal.SIGHUP)
    running.wait_workers(2, without=old)
    running.wait_status(lambda status: not old & {worker['pid'] for worker in status['workers']})


def test_an_address_that_the_worker_does_not_have(server):
    running = server(APP, config(listen=['http://127.0.0.1:0'],
                                 limits={'drain-websockets': '30s'}))
    sessions = open_sessions(running, 4)
    old = set(running.workers())
    running.write_config(config(listen=['http://127.0.0.1:0', 'http+unix:later.sock'],
                                limits={'drain-websockets': '30s'}))
    running.signal(signal.SIGHUP)
    running.wait_workers(4, without=old)
    running.addresses.append('http+unix:later.sock')
    for sid, pid in sessions.items():
        assert pid_of(ask(running, TCP, f'/?sid={sid}')) == pid
        answer = ask(running, UNIX, f'/?sid={sid}')
        assert (answer.status, answer.text) == (
            503, 'the worker of this session does not serve this address\n')


def test_ids_name_no_worker_without_the_setting(server):
    running = server(APP, config(sticky=None))
    sids = {json.loads(running.get('/open').body)['sid'] for _ in range(4)}
    assert all('.' not in sid for sid in sids)
    running.wait_log(r'names no worker because `sticky` is not set')


def test_two_places_of_ids_are_refused(make_server):
    running = make_server()
    running.write_app(APP)
    running.write_config(config(sticky={'query': 'sid', 'cookie': 'seat'}))
    running.start_in_vain('sticky: has more than one key, expected query, cookie or header')


def test_ids_can_be_the_applications_own(server):
    running = server('''
import geventd

def application(environ, start_response):
    start_response('200 OK', [])
    return [geventd.sticky_id('my-own').encode()]
''', config())
    ids = {running.get('/').text for _ in range(40)}
    assert {id.partition('.')[0] for id in ids} == {'my-own'}
    assert 1 < len(ids) <= 4
