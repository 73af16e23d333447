# SPDX-License-Identifier: MIT
"""Reloads and upgrades under load of every kind: no client notices them."""
import signal
import time

import pytest

from harness import procfs, services
from harness.limits import DEADLINE
from harness.steady_load import APP, SteadyLoad

LONG = 4 * DEADLINE  # for use beside load of every kind

LOCATION = '''
location / {{
    include /etc/nginx/uwsgi_params;
    uwsgi_pass unix:{folder}/app.sock;
    uwsgi_request_buffering off;
    uwsgi_buffering off;
}}
'''


def reload(running, count):
    # When more than three generations drain, the oldest is cut, as the manual says.
    running.wait_status(lambda s: sum(g['state'] == 'draining' for g in s['generations']) < 3,
                        LONG)
    running.signal(signal.SIGHUP)
    running.wait_status(lambda s: s['reload']['count'] >= count
                        and s['reload']['result'] == 'done', LONG)


def upgrade(running, count):
    former = running.pid
    running.signal(signal.SIGUSR2)
    assert running.follow(count, LONG)['upgrade']['result'] == 'done'
    return former


def run(server, folder, reloads, upgrades, stream_seconds):
    running = server(APP, {
        'listen': ['http://127.0.0.1:0', f'uwsgi+unix:{folder}/app.sock'],
        'workers': {'processes': 2, 'cores': 50}})
    upgraded, since, formers = 0, 0, []
    with services.nginx(folder, LOCATION.format(folder=folder)) as front:
        with SteadyLoad(running.address(0), front, stream_seconds) as load:
            for number in range(reloads):
                since += 1
                reload(running, since)
                if upgraded < upgrades * (number + 1) // reloads:
                    upgraded += 1
                    formers.append(upgrade(running, upgraded))
                    since = 0  # a new master counts its own reloads
            quiet = time.monotonic() + stream_seconds
            while time.monotonic() < quiet:
                running.status()
    assert load.faults == []
    assert all(load.answered.values()), load.answered
    print('answered', load.answered, 'worst', load.worst)
    running.wait_status(lambda s: s['upgrade']['former'] is None and not any(
        entry['waiting'] or entry['running'] for entry in s['signals']), LONG)
    for former in formers:
        assert procfs.wait_gone(former, DEADLINE)
    handled = (running.folder / 'ledger').read_text().split()
    assert sorted(handled, key=int) == load.signals
    return load


needs_nginx = pytest.mark.skipif(services.find('nginx') is None, reason='nginx is not installed')


@needs_nginx
def test_six_reloads_and_two_upgrades_are_not_seen(server, folder):
    run(server, folder, 6, 2, 2)


@needs_nginx
@pytest.mark.slow
def test_fifty_reloads_and_five_upgrades_are_not_seen(server, folder):
    run(server, folder, 50, 5, 30)
