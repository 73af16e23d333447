# SPDX-License-Identifier: MIT
"""nginx before two servers, with the file that docs/balancers.md explains: one stops, one reloads,
and no request fails."""
import re
import signal

import pytest

from harness import services
from harness.apps import HOLD
from harness.limits import REPOSITORY
from harness.orders import Load, order

pytestmark = pytest.mark.skipif(services.find('nginx') is None, reason='nginx is not installed')
FILE = REPOSITORY / 'packaging/examples/containers/nginx.conf'


@pytest.fixture
def hosts(server):
    return [server(HOLD, {'workers': {'processes': 1}, 'limits': {'drain-delay': '1s'}})
            for _ in range(2)]


def in_front_of(hosts, folder):
    text = FILE.read_text()
    for number, host in enumerate(hosts, 11):
        assert f'10.0.0.{number}:8000' in text
        text = text.replace(f'10.0.0.{number}:8000', f'127.0.0.1:{host.port()}')
    upstream, location = re.search(r'(upstream .*?^})\n.*?^    (location .*?^    })', text,
                                   re.M | re.S).groups()
    return services.nginx(folder, location, upstream)


def test_one_stops_the_other_reloads_and_no_request_fails(hosts, folder):
    with in_front_of(hosts, folder) as address, Load(address) as load:
        load.wait()
        assert all(host.status()['workers'][0]['requests'] for host in hosts)
        hosts[0].signal(signal.SIGTERM)
        assert hosts[1].ctl('reload').returncode == 0
        assert hosts[0].wait_exit() == 0
        load.wait()
    assert load.faults == []


def test_a_host_that_is_gone_is_left_out_whatever_the_method(hosts, folder):
    with in_front_of(hosts, folder) as address:
        hosts[0].stop()
        for _ in range(20):
            answer = order(address)
            assert (answer.status, answer.body) == (200, b'/served')
