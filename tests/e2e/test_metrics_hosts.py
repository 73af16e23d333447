# SPDX-License-Identifier: MIT
"""metrics.hosts: under which names the addresses of the metrics answer."""
from harness.apps import HELLO
from harness.client import RawClient


def ask_as(port, host):
    with RawClient(('127.0.0.1', port)) as client:
        client.send(f'GET /status.json HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode())
        return client.read_answer()


def test_a_page_of_another_site_cannot_read_a_loopback_address(server):
    """DNS rebinding: a name of that site leads the browser to 127.0.0.1."""
    running = server(HELLO, {'metrics': {'listen': 'http://:0'}})
    port = int(running.wait_log(r'metrics at http://127\.0\.0\.1:(\d+)')[1])
    answer = ask_as(port, f'evil.example:{port}')
    assert answer.status == 403 and 'metrics.hosts' in answer.text and 'pid' not in answer.text
    for own in ('localhost', f'127.0.0.1:{port}', '[::1]', 'app.localhost'):
        assert ask_as(port, own).status == 200
    with RawClient(('127.0.0.1', port)) as client:  # a load balancer may send no Host
        client.send(b'GET /healthz HTTP/1.0\r\n\r\n')
        assert client.read_answer().status == 200
    running.write_config({'metrics': {'listen': 'http://:0', 'hosts': ['metrics.example']}})
    assert running.ctl('reload').returncode == 0
    assert ask_as(port, 'metrics.example').status == 200
    assert ask_as(port, 'evil.example').status == 403
