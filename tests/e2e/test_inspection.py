# SPDX-License-Identifier: MIT
"""geventctl requests: what is in flight, and nothing that is secret."""
import json

from harness.apps import HOLD


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
        'AGE', 'WORKER', 'PID', 'GEN', 'CLIENT', 'ID', 'REQUEST']
    with running.raw() as first, running.raw() as second:
        hold(running, first)
        hold(running, second)
        shown = requests_of(running)
        assert [(r['method'], r['path'], r['client']) for r in shown] == [
            ('GET', '/hold', '127.0.0.1')] * 2
        assert shown[0]['age'] > shown[1]['age'] > 0
        assert {(r['worker'], r['pid']) for r in shown} <= {
            (w['number'], w['pid']) for w in running.status()['workers']}
        assert len({r['id'] for r in shown}) == 2
        table = running.ctl('requests').stdout.splitlines()
        assert len(table) == 3 and table[1].endswith(f'{shown[0]["id"]}  GET /hold')
        first.close()
        second.close()
        running.signal(3)


def test_requests_keeps_secrets(server):
    running = server(HOLD)
    with running.raw() as client:
        hold(running, client, '/hold?token=sesame', b'Cookie: session=sesame\r\n'
             b'Authorization: Basic c2VzYW1l\r\n')
        assert requests_of(running)[0]['path'] == '/hold'
        for output in (running.ctl('requests'), running.ctl('requests', '--json')):
            assert 'sesame' not in output.stdout and 'c2VzYW1l' not in output.stdout
        running.signal(3)


def test_a_request_is_known_by_the_name_that_the_proxy_gave(server):
    running = server(HOLD, {'listen': {'address': 'http://127.0.0.1:0',
                                       'trusted-proxies': ['127.0.0.1']}})
    with running.raw() as client:
        hold(running, client, extra=b'X-Request-ID: from-nginx\r\nX-Forwarded-For: 192.0.2.7\r\n')
        shown, = requests_of(running)
        assert (shown['id'], shown['client']) == ('from-nginx', '192.0.2.7')
        running.signal(3)


def test_an_answered_request_is_gone(server):
    running = server(HOLD)
    running.get('/')
    running.wait_status(lambda status: status['workers'][0]['requests'] == 1)
    assert requests_of(running) == []
