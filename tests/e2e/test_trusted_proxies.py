# SPDX-License-Identifier: MIT
"""X-Forwarded-*, Forwarded and PROXY are believed from `trusted-proxies` and from nobody else."""
import json
import os
import re
import signal
import socket
import struct

import pytest

from harness import uwsgi

APP = '''
import json

KEYS = ('REMOTE_ADDR', 'REMOTE_PORT', 'wsgi.url_scheme', 'HTTP_HOST', 'SERVER_PORT',
        'geventd.request_id', 'SCRIPT_NAME', 'PATH_INFO')


def application(environ, start_response):
    text = json.dumps({key: environ.get(key) for key in KEYS})
    start_response('200 OK', [('Content-Length', str(len(text)))])
    return [text.encode()]
'''
TRUSTING, DISTRUSTING, OTHERS, PREFIXED = range(4)
GET = b'GET / HTTP/1.1\r\nHost: own\r\n\r\n'


@pytest.fixture(scope='module')
def running(module_server):
    address = 'http://127.0.0.1:0'
    return module_server(APP, {'listen': [
        {'address': address, 'trusted-proxies': ['127.0.0.0/8', '192.0.2.7']}, address,
        {'address': address, 'trusted-proxies': ['10.0.0.0/8']},
        {'address': address, 'trusted-proxies': ['127.0.0.1'], 'forwarded-prefix': True}]})


def ask(running, index, headers):
    return json.loads(running.get('/', index=index, headers={'Host': 'own', **headers}).body)


@pytest.mark.parametrize('headers, expected', [
    ({'X-Forwarded-For': '203.0.113.9'}, {'REMOTE_ADDR': '203.0.113.9'}),
    ({'X-Forwarded-For': '6.6.6.6, 203.0.113.9, 192.0.2.7'}, {'REMOTE_ADDR': '203.0.113.9'}),
    ({'X-Forwarded-For': '2001:db8::1'}, {'REMOTE_ADDR': '2001:db8::1'}),
    ({'X-Forwarded-For': 'rubbish'}, {'REMOTE_ADDR': '127.0.0.1'}),
    ({'X-Forwarded-Proto': 'https'}, {'wsgi.url_scheme': 'https'}),
    ({'X-Forwarded-Proto': 'gopher'}, {'wsgi.url_scheme': 'http'}),
    ({'X-Forwarded-Host': 'outer:8443'}, {'HTTP_HOST': 'outer:8443'}),
    ({'X-Forwarded-Port': '8443'}, {'SERVER_PORT': '8443'}),
    ({'X-Forwarded-For': '203.0.113.9'}, {'REMOTE_PORT': None}),
    ({'X-Forwarded-For': '203.0.113.9:4711'}, {'REMOTE_PORT': '4711'}),
    ({'X-Forwarded-For': '127.0.0.1'}, {'REMOTE_ADDR': '127.0.0.1', 'REMOTE_PORT': None}),
    ({'X-Forwarded-Ssl': 'on'}, {'wsgi.url_scheme': 'https'}),
    ({'X-Forwarded-Protocol': 'ssl'}, {'wsgi.url_scheme': 'https'}),
    ({'X-Forwarded-Proto': 'https', 'X-Forwarded-Ssl': 'on'}, {'wsgi.url_scheme': 'https'}),
    ({'X-Forwarded-Prefix': '/app'}, {'SCRIPT_NAME': '', 'PATH_INFO': '/'}),
    ({'Forwarded': 'for="[2001:db8::7]:99";proto=https;host=outer'},
     {'REMOTE_ADDR': '2001:db8::7', 'wsgi.url_scheme': 'https', 'HTTP_HOST': 'outer'}),
    ({'X-Request-ID': 'from-the-proxy'}, {'geventd.request_id': 'from-the-proxy'}),
])
def test_a_trusted_proxy_speaks_for_the_client(running, headers, expected):
    seen = ask(running, TRUSTING, headers)
    assert {key: seen[key] for key in expected} == expected


def test_a_port_that_none_can_have_is_ignored(running):
    seen = ask(running, TRUSTING, {'X-Forwarded-Port': '65536'})
    assert seen['SERVER_PORT'] == str(running.port(TRUSTING))


def test_a_proxy_that_tells_nothing_of_the_client_has_its_own_port(running):
    assert ask(running, TRUSTING, {'X-Forwarded-Proto': 'https'})['REMOTE_PORT'].isdigit()


def test_contradictions_about_the_scheme_are_refused(running):
    headers = {'X-Forwarded-Proto': 'http', 'X-Forwarded-Ssl': 'on'}
    assert running.get('/', index=TRUSTING, headers=headers).status == 400
    assert running.get('/', index=DISTRUSTING, headers=headers).status == 200


@pytest.mark.parametrize('prefix, script_name', [
    ('/app', '/app'), ('/app/', '/app'), ('/caf%C3%A9', '/caf\xc3\xa9'), ('//evil', ''), ('x', '')])
def test_a_prefix_is_believed_where_the_listener_says_so(running, prefix, script_name):
    seen = ask(running, PREFIXED, {'X-Forwarded-Prefix': prefix})
    assert (seen['SCRIPT_NAME'], seen['PATH_INFO']) == (script_name, '/')


def test_a_prefix_precedes_a_mount(server):
    listen = {'address': 'http://127.0.0.1:0', 'trusted-proxies': ['127.0.0.1'],
              'forwarded-prefix': True}
    running = server(APP, {'listen': listen, 'app': {'mounts': {'/api': 'app:application'}}})
    answer = running.get('/api/x', headers={'X-Forwarded-Prefix': '/outer'})
    seen = json.loads(answer.body)
    assert (seen['SCRIPT_NAME'], seen['PATH_INFO']) == ('/outer/api', '/x')


def test_the_log_names_the_setting_once_when_a_proxy_is_not_trusted(server):
    running = server(APP, {'listen': 'http://127.0.0.1:0', 'app': {'preload': True},
                           'workers': {'processes': 2}})
    running.get('/')
    assert 'trusted-proxies' not in running.log.text()
    running.get('/', headers={'X-Forwarded-Proto': 'https'})
    address = f'http://127.0.0.1:{running.port()}'
    line = running.wait_log('^.*X-Forwarded-Proto, which is ignored.*$')[0]
    assert f'listen: {{address: "{address}", trusted-proxies: ["127.0.0.1"]}}' in line
    for worker in running.workers():  # the other one answers
        os.kill(worker, signal.SIGSTOP)
        assert running.get('/', headers={'Forwarded': 'proto=https'}).status == 200
        os.kill(worker, signal.SIGCONT)
    assert running.log.text().count('which is ignored') == 1


def test_the_setting_that_the_log_names_is_the_remedy(server):
    running = server(APP, {'listen': 'http+unix:app.sock'})
    running.get('/', headers={'X-Forwarded-Proto': 'https'})
    line = running.wait_log('^.*which is ignored.*$')[0]
    listen = re.search(r'set (listen: .*\})', line)[1]
    running = server(APP, f'{listen}\napp: app\nworkers: {{processes: 1}}\ncontrol: ctl\n')
    assert ask(running, 0, {'X-Forwarded-Proto': 'https'})['wsgi.url_scheme'] == 'https'


@pytest.mark.parametrize('index', [DISTRUSTING, OTHERS])
def test_others_speak_for_themselves_only(running, index):
    seen = ask(running, index, {
        'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'outer', 'X-Forwarded-Port': '1', 'X-Request-ID': 'forged',
        'Forwarded': 'for=203.0.113.9;proto=https;host=outer'})
    assert (seen['REMOTE_ADDR'], seen['wsgi.url_scheme'], seen['HTTP_HOST']) == (
        '127.0.0.1', 'http', 'own')
    assert seen['SERVER_PORT'] == str(running.port(index))
    assert seen['geventd.request_id'] != 'forged'


def test_an_id_that_could_forge_lines_is_not_taken(running):
    for forged in ('a b', 'x' * 500, 'caf\xe9', 'a"b', '{}'):
        assert ask(running, TRUSTING, {'X-Request-ID': forged})['geventd.request_id'] != forged


def binary(source, target, command=0x21, more=b''):
    family = socket.AF_INET6 if ':' in source[0] else socket.AF_INET
    addresses = (socket.inet_pton(family, source[0]) + socket.inet_pton(family, target[0])
                 + struct.pack('!HH', source[1], target[1])) + more
    return (b'\r\n\r\n\0\r\nQUIT\n' + bytes([command, 0x21 if family == socket.AF_INET6 else 0x11])
            + struct.pack('!H', len(addresses)) + addresses)


@pytest.mark.parametrize('header, address, port', [
    (b'PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n', '203.0.113.9', '5555'),
    (b'PROXY TCP6 2001:db8::9 2001:db8::1 5555 80\r\n', '2001:db8::9', '5555'),
    (binary(('203.0.113.9', 5555), ('192.0.2.1', 80)), '203.0.113.9', '5555'),
    (binary(('2001:db8::9', 5555), ('2001:db8::1', 80)), '2001:db8::9', '5555'),
    (binary(('203.0.113.9', 5555), ('192.0.2.1', 80), more=b'\x04\0\1x'), '203.0.113.9', '5555'),
    (b'PROXY UNKNOWN\r\n', '127.0.0.1', None),
    (binary(('203.0.113.9', 5555), ('192.0.2.1', 80), 0x20), '127.0.0.1', None),
], ids=['v1-4', 'v1-6', 'v2-4', 'v2-6', 'v2-tlv', 'v1-unknown', 'v2-local'])
@pytest.mark.parametrize('cut', [False, True], ids=['whole', 'cut'])
def test_a_proxy_header_names_the_client_of_all_requests(running, header, address, port, cut):
    data = header + GET
    with running.raw(TRUSTING) as client:
        client.send(*(data[i:i + 1] for i in range(len(data))) if cut else [data])
        for _ in range(2):
            seen = json.loads(client.read_answer().body)
            assert seen['REMOTE_ADDR'] == address
            assert port is None or seen['REMOTE_PORT'] == port
            client.send(GET)


@pytest.mark.parametrize('fields, expected', [
    (b'X-Forwarded-Proto: https', {'wsgi.url_scheme': 'https'}),
    (b'X-Forwarded-Host: outer', {'HTTP_HOST': 'outer'}),
    (b'X-Request-ID: of-the-proxy', {'geventd.request_id': 'of-the-proxy'}),
    (b'X-Forwarded-For: 198.51.100.1:99', {'REMOTE_ADDR': '203.0.113.9', 'REMOTE_PORT': '5555'}),
])
def test_who_sends_a_proxy_header_may_send_fields_too(running, fields, expected):
    with running.raw(TRUSTING) as client:
        client.send(b'PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n'
                    + GET.replace(b'\r\n\r\n', b'\r\n' + fields + b'\r\n\r\n'))
        seen = json.loads(client.read_answer().body)
    assert {key: seen[key] for key in expected} == expected


def test_a_proxy_behind_one_that_sends_a_proxy_header_names_the_client(running):
    with running.raw(TRUSTING) as client:
        client.send(b'PROXY TCP4 192.0.2.7 192.0.2.1 5555 80\r\n'
                    b'GET / HTTP/1.1\r\nHost: own\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n')
        assert json.loads(client.read_answer().body)['REMOTE_ADDR'] == '203.0.113.9'


def test_the_access_log_has_the_scheme_of_a_proxy_header(server):
    running = server(APP, {'log': {'access': 'scheme=${scheme}'},
                           'listen': {'address': 'http://127.0.0.1:0',
                                      'trusted-proxies': ['127.0.0.1']}})
    ssl = b'\x20\0\5\1\0\0\0\0'  # PP2_TYPE_SSL: the client came over TLS
    with running.raw() as client:
        client.send(binary(('203.0.113.9', 5555), ('192.0.2.1', 80), more=ssl) + GET)
        assert json.loads(client.read_answer().body)['wsgi.url_scheme'] == 'https'
    running.wait_log('scheme=https')


@pytest.mark.parametrize('index', [DISTRUSTING, OTHERS])
@pytest.mark.parametrize('header', [b'PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n',
                                    binary(('203.0.113.9', 5555), ('192.0.2.1', 80))],
                         ids=['v1', 'v2'])
def test_a_proxy_header_of_others_is_refused(running, index, header):
    with running.raw(index) as client:
        client.send(header + GET)
        assert client.read_answer().status == 400
        assert client.is_closed_by_server()


@pytest.mark.parametrize('header', [
    b'PROXY TCP4 999.0.113.9 192.0.2.1 5555 80\r\n', b'PROXY TCP4 203.0.113.9\r\n',
    b'PROXY ' + b'x' * 200 + b'\r\n', b'\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0',
    b'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\4abcd'], ids=['address', 'short', 'long', 'version', 'length'])
def test_a_malformed_one_is_refused(running, header):
    with running.raw(TRUSTING) as client:
        client.send(header + GET)
        assert client.read_answer().status == 400
        assert client.is_closed_by_server()


def test_only_the_first_bytes_may_be_one(running):
    with running.raw(TRUSTING) as client:
        client.send(GET)
        assert client.read_answer().status == 200
        client.send(b'PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n' + GET)
        assert client.read_answer().status == 400


LOCAL = b'\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0'  # the health check of HAProxy


@pytest.fixture
def impatient(server):
    """Two listeners, for both protocols, that trust everybody here; up to 100 connections."""
    def start(header_timeout='60s'):
        return server(APP, {
            'listen': [{'address': f'{protocol}://127.0.0.1:0', 'trusted-proxies': ['127.0.0.1']}
                       for protocol in ('http', 'uwsgi')],
            'limits': {'header-timeout': header_timeout, 'connections': 100}})
    return start


def request_of(index):
    if index == 0:
        return GET
    return uwsgi.packet({'REQUEST_METHOD': 'GET', 'PATH_INFO': '/', 'HTTP_HOST': 'own',
                         'REMOTE_ADDR': '203.0.113.9', 'SERVER_PORT': '80'})


@pytest.mark.parametrize('index', [0, 1], ids=['http', 'uwsgi'])
@pytest.mark.parametrize('header', [LOCAL, b'PROXY UNKNOWN\r\n',
                                    b'PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n'],
                         ids=['v2-local', 'v1-unknown', 'v1-tcp4'])
def test_a_proxy_header_may_come_alone(impatient, header, index):
    server = impatient()
    with server.raw(index) as client:
        client.send(header)
        # It has been read once a later connection was served.
        server.get('/')
        client.send(request_of(index))
        answer = client.read_all() if index == 1 else client.read_answer().body
        assert b'"PATH_INFO": "/"' in answer


@pytest.mark.parametrize('index', [0, 1], ids=['http', 'uwsgi'])
def test_who_is_silent_behind_a_proxy_header_is_told_after_the_header_timeout(impatient, index):
    server = impatient('1s')
    with server.raw(index) as client:
        client.send(LOCAL)
        assert b' 408 ' in client.read_all()
    server.wait_status(lambda status: status['workers'][0]['connections'] == 0)


@pytest.mark.parametrize('index', [0, 1], ids=['http', 'uwsgi'])
def test_health_checks_of_a_balancer_leave_no_connections_behind(impatient, index):
    server = impatient()
    for _ in range(120):
        with server.raw(index) as client:
            client.send(LOCAL)
    server.wait_status(lambda status: status['workers'][0]['connections'] == 0)
    assert server.get('/').status == 200


def test_the_end_behind_a_proxy_header_is_noticed(impatient):
    server = impatient()
    with server.raw() as client:
        client.send(LOCAL)
        server.get('/')
        client.finish_sending()
        assert client.is_closed_by_server()


def test_one_that_has_only_sent_a_proxy_header_does_not_hold_up_a_stop(impatient):
    server = impatient()
    with server.raw() as client:
        client.send(LOCAL)
        server.get('/')
        assert server.stop() == 0
        assert client.is_closed_by_server()
