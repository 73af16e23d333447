# SPDX-License-Identifier: MIT
"""`listen` and the sockets behind it."""
import os
import pathlib
import socket

import pytest

from harness.apps import HELLO
from harness.network import free_port, has_ipv6


def test_ipv4(server):
    assert server(HELLO, {'listen': 'http://127.0.0.1:0'}).get('/').body == b'hello'


@pytest.mark.skipif(not has_ipv6(), reason='this machine has no IPv6')
def test_ipv6(server):
    running = server(HELLO, {'listen': 'http://[::1]:0'})
    assert running.address()[0] == '::1'
    assert running.get('/').body == b'hello'


def test_every_address(server):
    running = server(HELLO, {'listen': 'http://:0'})
    with socket.create_connection(('127.0.0.1', running.port())) as client:
        client.sendall(b'GET / HTTP/1.0\r\n\r\n')
        assert b'hello' in client.makefile('rb').read()


def asks(host, port):
    try:
        with socket.create_connection((host, port)) as client:
            client.sendall(b'GET / HTTP/1.0\r\n\r\n')
            return b'hello' in client.makefile('rb').read()
    except ConnectionRefusedError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason='this machine has no IPv6')
@pytest.mark.parametrize('ipv6_only', [False, True])
def test_the_wildcard_of_ipv6_serves_ipv4_too_unless_told_otherwise(server, ipv6_only):
    running = server(HELLO, {'listen': {'address': 'http://[::]:0', 'ipv6-only': ipv6_only}})
    port = running.port()
    assert (asks('::1', port), asks('127.0.0.1', port)) == (True, not ipv6_only)


@pytest.mark.skipif(not has_ipv6(), reason='this machine has no IPv6')
def test_the_wildcards_of_both_families_can_be_listed(make_server):
    made = make_server()
    made.write_app(HELLO)
    with socket.create_server(('127.0.0.1', 0)) as probe:
        port = probe.getsockname()[1]
    made.write_config({'listen': [f'http://[::]:{port}', f'http://0.0.0.0:{port}']})
    made.start()
    assert asks('::1', port) and asks('127.0.0.1', port)


@pytest.mark.skipif(not has_ipv6(), reason='this machine has no IPv6')
def test_a_reload_says_what_an_open_wildcard_of_ipv6_cannot_change(make_server):
    made = make_server()
    made.write_app(HELLO)
    port = free_port()
    both = {'listen': [f'http://[::]:{port}', f'http://0.0.0.0:{port}']}
    alone = {'listen': f'http://[::]:{port}'}
    made.write_config(both)
    made.start()
    made.write_config(alone)
    assert made.ctl('reload').returncode == 0
    made.wait_log(f'\\[::\\]:{port} goes on without IPv4 clients, .* effect with a restart')
    made.stop()
    made.start()
    assert asks('127.0.0.1', port)
    made.expect_error('the reload failed')
    made.write_config(both)
    result = made.ctl('reload')
    assert result.returncode == 1
    assert f'[::]:{port} goes on with IPv4 clients' in result.stderr


def test_a_unix_socket(make_server):
    made = make_server()
    made.write_app(HELLO)
    path = made.folder / 'http.sock'
    made.write_config({'listen': f'http+unix:{path}'})
    made.start()
    assert made.get('/').body == b'hello'
    made.stop()
    assert not path.exists()


def test_an_abstract_socket(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'listen': f'http+unix:@geventd-test-{os.getpid()}'})
    assert made.start().get('/').body == b'hello'


def test_a_stale_unix_socket_is_replaced(make_server):
    made = make_server()
    made.write_app(HELLO)
    path = made.folder / 'http.sock'
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    made.write_config({'listen': f'http+unix:{path}'})
    assert made.start().get('/').body == b'hello'


def test_a_live_unix_socket_is_refused_and_left_alone(make_server):
    made = make_server()
    made.write_app(HELLO)
    path = made.folder / 'http.sock'
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        made.write_config({'listen': f'http+unix:{path}'})
        made.expected_exit = 1
        made.expect_error('http.sock')
        made.start(wait=False)
        assert made.wait_exit() == 1
        assert str(path) in made.log.text()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    path.unlink()


def test_a_path_that_is_no_socket_is_left_alone(make_server):
    made = make_server()
    made.write_app(HELLO)
    path = made.folder / 'precious'
    path.write_text('precious')
    made.write_config({'listen': f'http+unix:{path}'})
    made.expected_exit = 1
    made.expect_error('precious')
    made.start(wait=False)
    assert made.wait_exit() == 1
    assert path.read_text() == 'precious'


def test_a_taken_port_is_told_with_address_and_cause(server, make_server):
    taken = server(HELLO)
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'listen': f'http://127.0.0.1:{taken.port()}'})
    made.expected_exit = 1
    made.expect_error('Address already in use')
    made.start(wait=False)
    assert made.wait_exit() == 1
    made.wait_log(f'127.0.0.1:{taken.port()}.*Address already in use')
    assert taken.get('/').status == 200


@pytest.mark.parametrize('taken', ['127.0.0.1', ''])
def test_who_has_a_taken_port_is_told(make_server, taken):
    with socket.create_server((taken, 0)) as holder:
        made = make_server()
        made.write_app(HELLO)
        made.write_config({'listen': f'http://127.0.0.1:{holder.getsockname()[1]}'})
        made.expected_exit = 1
        made.expect_error('Address already in use')
        made.start(wait=False)
        assert made.wait_exit() == 1
        program = pathlib.Path('/proc/self/comm').read_text().strip()
        assert f'{program} (pid {os.getpid()}) is listening there' in made.log.text()


def test_the_backlog_is_the_one_asked_for(server):
    running = server(HELLO, {'listen': [{'address': 'http://127.0.0.1:0', 'backlog': 7}]})
    hex_port = f':{running.port():04X} '
    for line in open('/proc/net/tcp'):
        fields = line.split()
        if hex_port in line and fields[3] == '0A':  # LISTEN
            break
    else:
        raise AssertionError('not listening')
    listing = os.popen('ss -Hltn sport = :%d 2>/dev/null' % running.port()).read()
    if not listing:
        pytest.skip('ss is not installed')
    assert listing.split()[2] == '7'
