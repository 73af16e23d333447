# SPDX-License-Identifier: MIT
"""HAProxy before two servers, with the file that docs/balancers.md explains: hosts stop, come back
and reload, and no request fails."""
import signal

import pytest

from harness import documents, services
from harness.apps import HOLD
from harness.limits import REPOSITORY
from harness.orders import Load, order

pytestmark = pytest.mark.skipif(services.find('haproxy') is None,
                                reason='haproxy is not installed')
FILE = REPOSITORY / 'packaging/examples/containers/haproxy.cfg'


class Host:
    """One of the servers, with the settings that docs/balancers.md shows for it."""

    def __init__(self, server, cores=20, delay='0s'):
        self.port, self.agent = services.free_port(), services.free_port()
        self.running = server(HOLD, {
            'listen': {'address': f'http://127.0.0.1:{self.port}', 'health': '/healthz',
                       'trusted-proxies': ['127.0.0.1']},
            'workers': {'processes': 1, 'cores': cores},
            'limits': {'drain-delay': delay},
            'metrics': {'agent': f'127.0.0.1:{self.agent}'}})

    def line(self, name):
        return f'server {name} 127.0.0.1:{self.port} agent-addr 127.0.0.1 agent-port {self.agent}'


def in_front_of(a, b, folder):
    port = services.free_port()
    text = FILE.read_text()
    for old, new in (('bind 10.0.0.1:80', f'bind 127.0.0.1:{port}'),
                     ('server a 10.0.0.11:8000 agent-addr 10.0.0.11', a.line('a')),
                     ('server b 10.0.0.12:8000 agent-addr 10.0.0.12', b.line('b'))):
        assert old in text
        text = text.replace(old, new)
    return services.haproxy(folder, ('127.0.0.1', port), text)


def test_one_stops_and_comes_back_the_other_reloads_and_no_request_fails(server, folder):
    a, b = Host(server, delay='5s'), Host(server)
    with in_front_of(a, b, folder) as proxy:
        for name in 'ab':
            proxy.wait(name, 'UP')
        with Load(proxy.address) as load:
            load.wait()
            a.running.signal(signal.SIGTERM)
            proxy.wait('a', '', '0')  # the check may have taken it out by then
            assert b.running.ctl('reload').returncode == 0
            assert a.running.wait_exit() == 0
            load.wait()
            a.running.start()
            proxy.wait('a', 'UP', '100')
            load.wait()
        assert load.faults == []
        assert a.running.status()['workers'][0]['requests'] > 0


def test_a_host_that_dies_is_left_out(server, folder):
    a, b = Host(server), Host(server)
    with in_front_of(a, b, folder) as proxy:
        for name in 'ab':
            proxy.wait(name, 'UP')
        assert a.running.stop(signal.SIGQUIT) == a.running.process.returncode
        a.running.expected_exit = a.running.process.returncode
        for _ in range(20):  # the first ones before any check has noticed
            answer = order(proxy.address)
            assert (answer.status, answer.body) == (200, b'/served')


def test_the_weight_follows_the_free_cores(server, folder):
    a, b = Host(server, cores=4), Host(server, cores=4)
    with in_front_of(a, b, folder) as proxy, a.running.raw() as held:
        proxy.wait('a', 'UP', '100')
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        proxy.wait('a', 'UP', '75')
        assert a.running.get('/release').status == 200
        held.read_answer()
        proxy.wait('a', 'UP', '100')


def test_what_the_operator_told_haproxy_stays(server, folder):
    a, b = Host(server), Host(server)
    with in_front_of(a, b, folder) as proxy:
        proxy.wait('a', 'UP', '100')
        proxy.tell('set server shop/a state drain')
        assert a.running.ctl('pause').returncode == 0
        proxy.wait('a', 'DRAIN')
        assert a.running.ctl('resume').returncode == 0
        proxy.wait('a', 'DRAIN', '100')


def test_the_page_shows_settings_that_are_accepted(make_server):
    made = make_server()
    made.write_app(HOLD, 'shop.py')
    example = documents.examples('docs/balancers.md')['host']
    for port in ('8000', '9090', '9192'):
        example = example.replace(port, str(services.free_port()))
    made.write_config(example + f'control: {made.control_path}\n')
    made.start()
    assert made.get('/healthz').status == 200
