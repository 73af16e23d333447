# SPDX-License-Identifier: MIT
"""From http to https: redirects, and Strict-Transport-Security."""
import pytest
from harness.apps import HELLO
from harness.tls import Authority, TlsClient

FAILING = '''
def application(environ, start_response):
    if environ['PATH_INFO'] == '/fail':
        raise ValueError('on purpose')
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def https(*certificates, **keys):
    return {'address': 'https://127.0.0.1:0', 'certificates': list(certificates), **keys}


def secure(running, authority):
    return TlsClient(running.address(), authority.trusting(), 'one.test')


def test_http_is_redirected_to_https(server, authority, tmp_path):
    challenge = tmp_path / '.well-known' / 'acme-challenge'
    challenge.mkdir(parents=True)
    (challenge / 'token').write_text('proof')
    running = server(HELLO, {
        'listen': [https(authority.issue('one.test')),
                   {'address': 'http://127.0.0.1:0', 'redirect-https': 8443}],
        'static': [{'path': '/.well-known/acme-challenge', 'root': str(challenge)}],
        'log': {'access': 'line ${status} ${path}'}})
    answer = running.get('/a%20b?c=d', headers={'Host': 'one.test:8000'}, index=1)
    assert (answer.status, answer.header('location')) == (301, 'https://one.test:8443/a%20b?c=d')
    assert running.request('POST', '/', b'x', index=1).status == 308
    running.wait_log(r'line 301 /a')
    running.wait_log(r'line 308 /')
    running.wait_status(lambda s: sum(w['redirected'] for w in s['workers']) == 2
                        and sum(w['rejected'] for w in s['workers']) == 0)
    assert running.get('/.well-known/acme-challenge/token', index=1).text == 'proof'


def test_hsts_is_in_all_answers(server, authority):
    running = server(FAILING, {'listen': https(authority.issue('one.test'), hsts='max-age=100')})
    running.expect_error('fail')
    with secure(running, authority) as client:
        for path, status in (('/', 200), ('/fail', 500)):
            answer = client.get(path)
            assert answer.status == status
            assert answer.header('strict-transport-security') == 'max-age=100'
    with secure(running, authority) as client:
        answer = client.get(headers='Content-Length: wrong\r\n')
        assert answer.status == 400
        assert answer.header('strict-transport-security') == 'max-age=100'
