# SPDX-License-Identifier: MIT
"""https addresses: handshakes, certificates by name, what the application learns, wrong clients."""
import json
import socket
import ssl

import pytest
from harness.apps import ECHO, HELLO
from harness.client import RawClient, curl
from harness.tls import Authority, TlsClient

ENVIRON = '''
import json


def application(environ, start_response):
    body = json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('Content-Length', str(len(body)))])
    return [body]
'''

BIG = '''
BODY = b'0123456789abcdef' * (4 << 16)


def application(environ, start_response):
    if environ['PATH_INFO'] == '/pieces':
        start_response('200 OK', [('Content-Type', 'application/octet-stream')])
        return [BODY[i:i + 50_000] for i in range(0, len(BODY), 50_000)]
    start_response('200 OK', [('Content-Type', 'application/octet-stream'),
                              ('Content-Length', str(len(BODY)))])
    return [BODY]
'''
BIG_BODY = b'0123456789abcdef' * (4 << 16)


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def https(*certificates, **keys):
    return {'address': 'https://127.0.0.1:0', 'certificates': list(certificates), **keys}


def secure(running, authority, host='one.test', **options):
    context = authority.trusting(options.pop('entry', None), options.pop('version', None))
    return TlsClient(running.address(), context, host, **options)


def test_hello_over_https(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test'))})
    said = curl('--cacert', authority.path, '--resolve', f'one.test:{running.port()}:127.0.0.1',
                f'https://one.test:{running.port()}/')
    assert said == b'hello'


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_several_requests_on_one_connection(server, authority, version):
    running = server(HELLO, {'listen': https(authority.issue('one.test'))})
    with secure(running, authority, version=version) as client:
        assert client.socket.version() == ('TLSv1.2' if version.name == 'TLSv1_2' else 'TLSv1.3')
        for _ in range(3):
            assert client.get().body == b'hello'
    running.wait_status(lambda s: s['workers'][0]['connections'] == 0)


def test_older_versions_are_refused(server, authority):
    running = server(HELLO, {'listen': https(
        authority.issue('one.test'), **{'tls-minimum': '1.3'})})
    with pytest.raises(ssl.SSLError):
        secure(running, authority, version=ssl.TLSVersion.TLSv1_2)
    with secure(running, authority) as client:
        assert client.get().status == 200
    running.wait_status(lambda s: s['workers'][0]['handshakes_failed'] == 1
                        and s['workers'][0]['failed_agreements'] == 1
                        and s['workers'][0]['handshakes'] == 1)


def test_the_client_gets_the_certificate_for_the_host_that_it_names(server, authority):
    running = server(HELLO, {'listen': https(
        authority.issue('one.test'), authority.issue('two.test', 'other.test'),
        authority.issue('*.wild.test'))})
    for host in ('one.test', 'two.test', 'other.test', 'TWO.test', 'x.wild.test'):
        with secure(running, authority, host=host) as client:
            assert client.get().status == 200
    with pytest.raises(ssl.SSLCertVerificationError):  # the first one
        secure(running, authority, host='unknown.test')
    with pytest.raises(ssl.SSLCertVerificationError):  # a star is one label
        secure(running, authority, host='x.y.wild.test')


def test_an_ecdsa_certificate_beside_rsa(server, authority):
    running = server(HELLO, {'listen': https(
        authority.issue('one.test', kind='rsa'), authority.issue('one.test', kind='ec'))})
    for cipher in ('ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'):
        context = authority.trusting(version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(cipher)
        with TlsClient(running.address(), context, 'one.test') as client:
            assert client.get().status == 200
            assert client.socket.cipher()[0] == cipher


def test_http11_is_agreed_upon_and_others_are_refused(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test'))})
    context = authority.trusting()
    context.set_alpn_protocols(['h2', 'http/1.1'])
    with TlsClient(running.address(), context, 'one.test') as client:
        assert client.socket.selected_alpn_protocol() == 'http/1.1'
        assert client.get().status == 200
    context.set_alpn_protocols(['imap'])
    with pytest.raises(ssl.SSLError, match='NO_APPLICATION_PROTOCOL'):
        TlsClient(running.address(), context, 'one.test').get()


def test_the_environ_tells_of_tls(server, authority):
    running = server(ENVIRON, {'listen': https(authority.issue('one.test'))})
    with secure(running, authority) as client:
        environ = json.loads(client.get(headers='HTTPS: off\r\nSSL-Protocol: no\r\n').body)
    assert (environ['wsgi.url_scheme'], environ['HTTPS']) == ('https', 'on')
    assert environ['SERVER_PORT'] == str(running.port())
    assert environ['SSL_PROTOCOL'] == 'TLSv1.3'
    assert environ['SSL_CIPHER'].startswith('TLS_')
    assert environ['SSL_TLS_SNI'] == 'one.test'
    assert 'SSL_CLIENT_VERIFY' not in environ


@pytest.mark.parametrize('path', ['/', '/pieces'])
@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_slow_client_gets_all_of_a_big_answer(server, authority, path, version):
    running = server(BIG, {'listen': https(authority.issue('one.test'))})
    with secure(running, authority, version=version) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(f'GET {path} HTTP/1.1\r\nHost: test\r\n\r\n'.encode())
        running.wait_status(lambda s: s['workers'][0]['connections'] == 1)
        assert client.read_answer().body == BIG_BODY
        client.send(f'GET {path} HTTP/1.1\r\nHost: test\r\n\r\n'.encode())
        assert client.read_answer().body == BIG_BODY


def test_a_big_body_arrives(server, authority):
    running = server(ECHO, {'listen': https(authority.issue('one.test'))})
    body = b'x' * 3_000_000
    with secure(running, authority) as client:
        for _ in range(2):
            head = b'POST /size HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n' % len(body)
            client.send(head, body)
            assert client.read_answer().body == str(len(body)).encode()


def test_files_are_sent_through_tls(server, authority, tmp_path):
    (tmp_path / 'big.bin').write_bytes(BIG_BODY)
    running = server(HELLO, {'listen': https(authority.issue('one.test')),
                             'static': [{'path': '/files', 'root': str(tmp_path)}]})
    with secure(running, authority) as client:
        assert client.get('/files/big.bin').body == BIG_BODY
        assert client.get('/').body == b'hello'


def test_requests_that_follow_one_another_at_once(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test'))})
    with secure(running, authority) as client:
        client.send(b'GET / HTTP/1.1\r\nHost: test\r\n\r\n' * 20)
        assert [client.read_answer().body for _ in range(20)] == [b'hello'] * 20


def test_plain_http_is_told_of_https(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test'))})
    with RawClient(running.address()) as client:
        client.send(b'GET / HTTP/1.1\r\nHost: test\r\n\r\n')
        answer = client.read_answer()
    assert answer.status == 400
    assert 'https://' in answer.text
    with RawClient(running.address()) as client:
        client.send(b'\x00\x01\x02\x03')
        assert client.is_closed_by_server()


def test_tls_at_a_plain_address_is_told_in_the_log(server, authority):
    running = server(HELLO)
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            secure(running, authority)
    running.wait_log(r'speaks TLS to http://127\.0\.0\.1:\d+, which is an address for plain HTTP')
    assert running.log.text().count('speaks TLS') == 1


def test_a_proxy_header_comes_before_the_handshake(server, authority):
    running = server(ENVIRON, {'listen': https(
        authority.issue('one.test'), **{'trusted-proxies': ['127.0.0.1']})})
    before = b'PROXY TCP4 203.0.113.7 127.0.0.1 4711 443\r\n'
    with secure(running, authority, before=before) as client:
        environ = json.loads(client.get().body)
    assert (environ['REMOTE_ADDR'], environ['REMOTE_PORT']) == ('203.0.113.7', '4711')
    with secure(running, authority) as client:
        assert json.loads(client.get().body)['REMOTE_ADDR'] == '127.0.0.1'


@pytest.mark.parametrize('scheme, mark', [('http', None), ('https', 'on')])
def test_a_proxy_that_comes_by_tls_says_how_its_client_came(server, authority, scheme, mark):
    running = server(ENVIRON, {'listen': https(
        authority.issue('one.test'), **{'trusted-proxies': ['127.0.0.1']})})
    with secure(running, authority) as client:
        environ = json.loads(client.get(headers=f'X-Forwarded-Proto: {scheme}\r\n').body)
    assert (environ['wsgi.url_scheme'], environ.get('HTTPS')) == (scheme, mark)
    assert environ['SSL_PROTOCOL'] == 'TLSv1.3'


def test_a_handshake_byte_by_byte(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test'))})
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = authority.trusting().wrap_bio(incoming, outgoing, server_hostname='one.test')
    with RawClient(running.address()) as client:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    client.send(bytes([byte]))
                incoming.write(client.socket.recv(65536))
        tls.write(b'GET / HTTP/1.1\r\nHost: test\r\n\r\n')
        for byte in outgoing.read():
            client.send(bytes([byte]))
        said = b''
        while b'hello' not in said:
            try:
                said += tls.read(65536)
            except ssl.SSLWantReadError:
                incoming.write(client.socket.recv(65536))


def test_clients_that_do_not_go_on_hold_no_core(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test')),
                             'workers': {'cores': 1}, 'limits': {'header-timeout': '1s'}})
    silent = [RawClient(running.address()) for _ in range(5)]
    for client in silent[1:]:
        client.send(b'\x16\x03\x01\x02\x00\x01')
    with secure(running, authority) as client:
        assert client.get().body == b'hello'
    for client in silent:
        assert client.is_closed_by_server()
        client.close()


def test_a_handshake_ahead_of_a_request_is_no_refused_one(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test')),
                             'limits': {'header-timeout': '1s'}, 'log': {'access': 'line ${path}'}})
    with secure(running, authority) as client:
        assert client.socket.recv(1) == b''
    with RawClient(running.address()) as client:
        client.send(b'\x16\x03\x01\x02\x00\x01')
        assert client.is_closed_by_server()
    worker = running.wait_status(lambda s: s['workers'][0]['connections'] == 0)['workers'][0]
    assert (worker['rejected'], worker['handshakes'], worker['handshakes_failed']) == (0, 1, 1)
    assert 'line ' not in running.log.text()


def test_the_next_request_may_come_with_the_end_of_a_body(server, authority):
    running = server(ECHO, {'listen': https(authority.issue('one.test'))})
    body = b'x' * 200_000
    with secure(running, authority) as client:
        head = b'POST /size HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n'
        client.send(head % len(body), body[:100_000])
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 1)
        client.send(body[100_000:] + head % 1 + b'y')
        assert client.read_answer().body == b'200000'
        assert client.read_answer().body == b'1'


def test_many_handshakes_at_once_hold_nobody_up(server, authority):
    running = server(HELLO, {'listen': [https(authority.issue('one.test', kind='rsa')),
                                        'http://127.0.0.1:0']})
    context = authority.trusting()
    hellos = []
    for _ in range(40):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname='one.test')
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        hellos.append(outgoing.read())
    clients = [RawClient(running.address()) for _ in hellos]
    for client, hello in zip(clients, hellos):
        client.send(hello)
    assert running.get(index=1).text == 'hello'
    for client in clients:
        assert client.socket.recv(1) == b'\x16'
        client.close()


def test_the_access_log_has_the_scheme(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test')),
                             'log': {'access': 'line ${scheme} ${path}'}})
    with secure(running, authority) as client:
        client.get('/here')
    running.wait_log('line https /here')


def test_client_certificates(server, authority, tmp_path):
    clients = Authority(tmp_path, 'Client Authority')
    ours, strangers = clients.issue('alice'), authority.issue('mallory')
    running = server(ENVIRON, {'listen': https(
        authority.issue('one.test'),
        **{'client-certificates': 'optional', 'client-ca': str(clients.path)})})
    with secure(running, authority, entry=ours) as client:
        environ = json.loads(client.get().body)
    assert environ['SSL_CLIENT_VERIFY'] == 'SUCCESS'
    assert environ['SSL_CLIENT_S_DN'] == 'CN=alice'
    assert environ['SSL_CLIENT_I_DN'] == 'CN=Client Authority'
    assert environ['SSL_CLIENT_CERT'].startswith('-----BEGIN CERTIFICATE-----')
    assert (environ['HTTPS_DN'], environ['HTTPS_CC']) == ('/CN=alice', environ['SSL_CLIENT_CERT'])
    assert environ['HTTPS_CLIENT_CERTIFICATE'].encode('latin-1') == ssl.PEM_cert_to_DER_cert(
        environ['HTTPS_CC'])
    with secure(running, authority) as client:
        environ = json.loads(client.get().body)
    assert environ['SSL_CLIENT_VERIFY'] == 'NONE'
    assert 'SSL_CLIENT_CERT' not in environ
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        secure(running, authority, entry=strangers).get()


def test_a_required_client_certificate(server, authority, tmp_path):
    clients = Authority(tmp_path, 'Client Authority')
    running = server(HELLO, {'listen': https(
        authority.issue('one.test'),
        **{'client-certificates': 'require', 'client-ca': str(clients.path)}),
        'log': {'level': 'debug'}})
    with secure(running, authority, entry=clients.issue('alice')) as client:
        assert client.get().status == 200
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        secure(running, authority).get()
    running.wait_status(lambda s: s['workers'][0]['handshakes_failed'] == 1
                        and s['workers'][0]['failed_certificates'] == 1)
    running.wait_log(r'handshake of 127\.0\.0\.1 to https://127\.0\.0\.1:\d+ has failed: peer did '
                     'not return a certificate')


def resumed(running, authority, session, version):
    """A connection that goes on with `session`: whether it did, and its newest session."""
    context = session[0] if session else authority.trusting(version=version)
    with TlsClient(running.address(), context, 'one.test',
                   session=session[1] if session else None) as client:
        environ = json.loads(client.get().body)
        assert client.socket.session_reused == (environ['SSL_SESSION_RESUMED'] == 'Resumed')
        return client.socket.session_reused, (context, client.socket.session), environ


@pytest.mark.parametrize('version', [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_go_on_in_other_workers_and_after_a_reload(server, authority, version):
    app = ENVIRON.replace('import json\n', 'import json\nimport os\n').replace(
        'body = json.dumps({', "environ['pid'] = str(os.getpid())\n    body = json.dumps({")
    running = server(app, {'listen': https(authority.issue('one.test')),
                           'workers': {'processes': 2}})
    first, session, _ = resumed(running, authority, None, version)
    assert not first
    pids = set()
    while len(pids) < 2:
        again, session, environ = resumed(running, authority, session, version)
        assert again
        pids.add(environ['pid'])
    running.ctl('reload')
    again, _, environ = resumed(running, authority, session, version)
    assert again and environ['pid'] not in pids


def test_a_reload_makes_an_address_https_and_plain_again(server, authority):
    running = server(HELLO)
    port = running.port()
    for listen in (https(authority.issue('one.test')), {'address': 'http://127.0.0.1:0'}):
        listen['address'] = listen['address'].replace(':0', f':{port}')
        mark = running.log.mark()
        running.write_config({'listen': listen})
        assert running.ctl('reload').returncode == 0
        running.wait_ready(since=mark)
        if 'certificates' in listen:
            with secure(running, authority) as client:
                assert client.get().body == b'hello'
        else:
            assert running.get().body == b'hello'
