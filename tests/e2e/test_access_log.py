# SPDX-License-Identifier: MIT
"""log.access: each format, one line per request, none forged; request ids; lines into a file."""
import json
import re
import signal
import time

import pytest

from harness import uwsgi
from harness.client import curl
from harness.limits import DEADLINE

APP = '''
def application(environ, start_response):
    if environ['PATH_INFO'] == '/fails':
        raise ValueError('a fault')
    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Id', environ.get(
        'geventd.request_id', ''))])
    return [b'hello']
'''
SLOW = '''

def slowly(environ, start_response, answer=application):
    time.sleep(0.2 if environ['PATH_INFO'] == '/slow' else 0)
    return answer(environ, start_response)


import time
application = slowly
'''
COMPUTES = '''
import time

import gevent


def application(environ, start_response):
    end = time.thread_time() + 0.1
    while time.thread_time() < end:
        pass
    gevent.sleep(0.3)
    start_response('200 OK', [('Content-Length', '0')])
    return []
'''
COMMON = (r'^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] '
          r'"GET /x\?y=1 HTTP/1\.1" 200 5')
UWSGI = (r'^\[pid: \d+\|app: -?\d+\|req: \d+/\d+\] 127\.0\.0\.1 \(\) \{\d+ vars in \d+ bytes\} '
         r'\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] GET /x\?y=1 => '
         r'generated 5 bytes in \d+ msecs \(HTTP/1\.1 200\) \d headers in \d+ bytes '
         r'\(\d+ switches on core \d+\)$')
AGENT = {'User-Agent': 'tester', 'Referer': 'http://from/'}


def start(server, access, **more):
    running = server(APP, {'log': {'access': access, **more}}, wait=False)
    running.wait_serving()  # in JSON the ready line differs, and it is in no file
    running.addresses = running.status()['listen']
    running.expect_error('failed')
    return running


@pytest.mark.parametrize('access, line', [
    ('common', COMMON + '$'), ('combined', COMMON + ' "http://from/" "tester"$'),
    ('uwsgi', UWSGI), ('${method}|${path}|${query}|${status}|${rsize}|${var.HTTP_USER_AGENT}|end',
                       r'^GET\|/x\|y=1\|200\|5\|tester\|end$'),
], ids=['common', 'combined', 'uwsgi', 'own'])
def test_each_format(server, access, line):
    running = start(server, access)
    running.get('/x?y=1', headers=AGENT)
    running.wait_log(line)


def test_the_sizes_of_the_answers_that_the_server_makes_itself(server):
    running = start(server, 'sizes ${status} ${rsize} ${hsize} ${headers} end')
    for request in (b'GET /fails HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
                    b'HEAD /fails HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
                    b'GET / HTTP/1.1\r\n no field\r\n\r\n', b'\1\r\n\r\n'):
        with running.raw() as client:
            client.send(request)
            head, _, body = client.read_all().partition(b'\r\n\r\n')
        status, fields = head[9:12].decode(), len(head.split(b'\r\n')) - 1
        assert body or request.startswith(b'HEAD')
        running.wait_log(f'^sizes {status} {len(body)} {len(head) + 4} {fields} end$')


def test_the_time_on_the_cpu_has_no_waiting_in_it(server):
    running = server(COMPUTES, {'log': {'access': '${path} ${cpu} ${micros}'}})
    for path in ('/one', '/two'):
        running.get(path)
        line = running.wait_log(rf'^{path} (\d+) (\d+)$')
        assert 100_000 <= int(line[1]) <= int(line[2]) - 300_000


def test_only_failures_and_slow_requests_have_a_line(server):
    running = server(APP + SLOW, {'log': {'access': '${path} ${status} ended', 'access-when': {
        'status': ['5xx'], 'slower': '100ms'}}})
    running.expect_error('failed')
    for path in ('/', '/fails', '/', '/slow'):
        running.get(path)
    running.wait_log('^/slow 200 ended')
    assert re.findall('^(.*) ended$', running.log.text(), re.M) == ['/fails 500', '/slow 200']


def test_the_time_has_a_format_of_its_own(server):
    running = start(server, '${strftime.%Y/%m/%d %H:%M} ${status}')
    running.get('/')
    running.wait_log(r'^20\d\d/\d\d/\d\d \d\d:\d\d 200$')


def test_json(server):
    running = start(server, 'json', format='json')
    running.get('/x?y=1', headers={**AGENT, 'User-Agent': 'a "quoted"\\ \xe9 agent'})
    line = json.loads(running.wait_log('^.*"uri".*$')[0])
    assert (line['method'], line['uri'], line['status'], line['rsize'], line['client']) == (
        'GET', '/x?y=1', 200, 5, '127.0.0.1')
    assert 'a "quoted"\\ ' in line['uagent']
    assert line['client_gone'] is False


def test_an_own_format_is_escaped_for_json_lines(server):
    running = start(server, '{"agent":"${uagent}","uri":"${uri}"}', format='json')
    running.get('/x', headers={'User-Agent': 'a"b\\c\td'})
    assert json.loads(running.wait_log('^.*"agent".*$')[0]) == {'agent': 'a"b\\c\td', 'uri': '/x'}


def test_off_means_none(server):
    running = start(server, 'off')
    running.get('/x?y=1')
    assert '/x?y=1' not in running.log.text()


def test_no_request_can_forge_a_line(server):
    running = start(server, 'combined')
    target = '/x"%0a127.0.0.1%20-%20forged'
    assert running.get(target, headers={'User-Agent': 'a" b\\" \x9b \x85 forged',
                                        'Referer': 'tab\there'}).status == 200
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\rforged\r\n\r\n')
        assert client.read_answer().status == 400
    running.get('/last')
    running.wait_log('/last')
    lines = [line for line in running.log.lines() if 'forged' in line]
    assert len(lines) == 1
    line = lines[0]
    assert line.startswith('127.0.0.1 - - [')
    assert not re.search('[\x00-\x1f\x7f-\x9f]', line)
    assert len(re.findall(r'(?<!\\)"', line)) == 6  # the three quoted fields and no more


def test_bytes_that_are_not_ascii_are_spelled_out(server):
    running = start(server, 'combined')
    with running.raw() as client:
        client.send(b'GET /caf\xc3\xa9/\x9b2J?\xe9 HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().status == 200
    running.wait_log(r'"GET /caf\\xc3\\xa9/\\x9b2J\?\\xe9 HTTP/1\.1" 200')


def test_uwsgi_variables_cannot_forge_either(server):
    running = server(APP, {'listen': 'uwsgi://127.0.0.1:0', 'log': {'access': 'combined'}})
    with running.raw() as client:
        client.send(uwsgi.request('/x\nforged', REMOTE_ADDR='1.2.3.4\nforged',
                                  REQUEST_METHOD='GET', HTTP_USER_AGENT='\n\rforged',
                                  SERVER_PROTOCOL='HTTP/1.1\nforged'))
        client.read_all()
    with running.raw() as client:
        client.send(uwsgi.request('/last'))
        client.read_all()
    running.wait_log('/last')
    assert not [line for line in running.log.lines() if line.startswith('forged')]


@pytest.mark.parametrize('target, status', [('/fails', 500), ('/x', 200)])
def test_the_status_is_what_the_client_got(server, target, status):
    running = start(server, '${status} ${uri}')
    assert running.get(target).status == status
    running.wait_log(f'^{status} {target}$')


def test_refused_requests_have_a_line_too(server):
    running = start(server, '${status} "${method} ${uri}"')
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\n\r\n')
        client.read_answer()
    running.wait_log('^400 "')


def test_a_refused_uwsgi_request_tells_nothing_of_others(server):
    running = server(APP, {
        'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0'],
        'log': {'access': '[${status}] [${proto}] [${host}] [${uagent}] [${vars}] [${path}]'}})
    # So long that its memory is given back: who looks there afterwards reads freed memory.
    headers = {'User-Agent': 'mine', 'X-Long': 'x' * 5000}
    assert running.get('/secret', headers=headers).status == 200
    running.wait_log(r'^\[200\] .*\[mine\]')
    with running.raw(1) as client:
        client.send(uwsgi.packet({'SERVER_PROTOCOL': 'HTTP/1.1', 'PATH_INFO': '/own'}))
        assert client.read_answer().status == 400
    running.wait_log(r'^\[400\] \[HTTP/1\.1\] \[-\] \[-\] \[2\] \[-\]$')


def test_a_refused_request_has_no_path_of_others(server):
    running = start(server, '[${status}] [${path}]')
    assert running.get('/secret').status == 200
    with running.raw() as client:
        client.send(b'GET /x HTTP/1.1\r\n\r\n')
        assert client.read_answer().status == 400
    running.wait_log(r'^\[400\] \[-\]$')


def test_request_ids_are_unique_and_in_the_log(server):
    running = start(server, '${request_id} ${uri}')
    ids = [running.get(f'/{number}').header('x-id') for number in range(5)]
    assert len(set(ids)) == 5
    for number, request_id in enumerate(ids):
        running.wait_log(f'^{re.escape(request_id)} /{number}$')
    assert running.get('/fails').status == 500
    running.wait_log(r'failed \(request \w+\)')


def test_sigusr1_opens_a_file_again_for_workers_too(server):
    running = start(server, 'common', file='server.log')
    path = running.folder / 'server.log'
    running.get('/before')
    running.wait_file(path, '/before')
    path.rename(running.folder / 'old.log')
    running.signal(signal.SIGUSR1)
    running.wait_file(path)
    end = time.monotonic() + DEADLINE
    while '/after' not in path.read_text():  # workers are told a little later than the master
        assert time.monotonic() < end
        running.get('/after')
    assert '/before' in (running.folder / 'old.log').read_text()


def test_each_line_is_written_at_once(server):
    """Several workers write long lines to one pipe; no line is torn."""
    running = server(APP, {'workers': {'processes': 2}, 'log': {'access': 'start ${uri} end'}})
    text = 'x' * 2000
    arguments = [running.url(f'/{number}/{text}') for number in range(40)]
    curl('--parallel', '--parallel-max', '20', *arguments)
    running.wait_log(r'^start /\d+/x{2000} end$', count=40)
