# SPDX-License-Identifier: MIT
"""Clients that people use: curl, http.client, requests, wrk, ab."""
import re
import subprocess

import pytest

from harness import services
from harness.apps import ECHO, HELLO, PIECES
from harness.client import curl

requests = pytest.importorskip('requests')


def run(*arguments):
    result = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.skipif(services.find('wrk') is None, reason='wrk is not installed')
@pytest.mark.parametrize('app', [HELLO, PIECES], ids=['length', 'chunks'])
def test_wrk(server, app):
    running = server(app)
    # wrk counts a wait of two seconds as a socket error, unless told otherwise.
    output = run('wrk', '-t1', '-c20', '-d1s', '--timeout', '30s', running.url('/?a,b,c'))
    assert int(re.search(r'(\d+) requests in', output)[1]) > 100
    assert 'Non-2xx' not in output and 'Socket errors' not in output


@pytest.mark.skipif(services.find('ab') is None, reason='ab is not installed')
@pytest.mark.parametrize('options', [[], ['-k']], ids=['close', 'keep-alive'])
def test_ab(server, options):
    output = run('ab', '-q', '-n', 500, '-c', 10, *options, server(HELLO).url())
    assert re.search(r'Complete requests:\s+500\n', output)
    assert re.search(r'Failed requests:\s+0\n', output)
    if options:
        assert int(re.search(r'Keep-Alive requests:\s+(\d+)', output)[1]) == 500


def test_requests(server):
    running = server(ECHO)
    with requests.Session() as session:
        for body in (b'abc', (piece for piece in (b'a', b'b' * 100_000)), b''):
            answer = session.post(running.url(), data=body)
            assert answer.status_code == 200
        answer = session.post(running.url(), files={'file': ('name.txt', b'x' * 200_000)})
        assert b'name.txt' in answer.content and len(answer.content) > 200_000
        assert session.head(running.url()).content == b''


def test_http_client_keeps_its_connection(server):
    running = server(ECHO)
    with running.http() as connection:
        for size in (0, 1, 70_000):
            connection.request('POST', '/', b'x' * size)
            first = connection.sock
            assert connection.getresponse().read() == b'x' * size
            assert connection.sock is first


def test_curl_uses_one_connection(server):
    running = server(PIECES)
    counts = curl('-w', '%{num_connects} ', running.url('/?a'), running.url('/?b'),
                  running.url('/?c'))
    assert counts == b'a1 b0 c0 '


def test_curl_waits_for_100_continue(server, folder):
    running = server(ECHO)
    (folder / 'data').write_bytes(b'x' * 3_000_000)
    body = curl('-H', 'Expect: 100-continue', '--expect100-timeout', '60', '-T', folder / 'data',
                running.url('/size'))
    assert body == b'3000000'
