# SPDX-License-Identifier: MIT
"""Signals from outside: geventctl, uWSGI's packet and client; and how they are shown."""
import pathlib
import shutil
import subprocess

import pytest

from harness.limits import DEADLINE
from harness.signal_app import application, run, wait_figures, wait_ledger

LISTEN = ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0', 'uwsgi+unix:app.sock']
EXAMPLE = pathlib.Path(__file__).parents[2] / 'examples' / 'signals'


def start(server, prelude="geventd.register(17, '', record)", **config):
    return server(application(prelude), {'listen': LISTEN, **config})


def test_geventctl_sends_signals(server):
    running = start(server)
    done = running.ctl('signal', '17', '--payload', 'ü from outside'.replace(' ', '_'))
    assert (done.returncode, done.stdout) == (0, 'done\n')
    assert running.ctl('signal', '17').returncode == 0
    lines = wait_ledger(running, lambda lines: len(lines) == 2)
    assert sorted(line[2] for line in lines) == ['-', 'ü_from_outside']


@pytest.mark.parametrize('arguments, text', [
    (['signal', '18'], 'nobody has registered signal 18'),
    (['signal', '256'], 'between 0 and 255'),
    (['signal', 'x'], "the signal's number"),
    (['signal'], 'takes one argument'),
    (['status', '--payload', 'x'], '--payload is for signal')])
def test_geventctl_says_what_is_wrong(server, arguments, text):
    done = start(server).ctl(*arguments)
    assert done.returncode != 0 and text in done.stderr


def test_the_status_shows_signals_and_locks(server):
    running = start(server, "geventd.register(17, '', record)\n"
                            "geventd.register(18, '', lambda num: geventd.lock())")
    run(running, 'geventd.signal(17); geventd.signal(18)')
    wait_figures(running, 17, handled=1, running=0)
    wait_figures(running, 18, handled=1, running=0)
    text = running.ctl('status').stdout
    rows = [line.split() for line in text.splitlines()]
    assert ['SIGNAL', 'ACCEPTED', 'HANDLED'] in rows and ['17', '1', '1'] in rows
    assert 'lock 0: held by worker 1, though who took it has ended, 0 waiting' in text


def packet(number):
    return bytes([110, 0, 0, number])


@pytest.mark.parametrize('index', [1, 2])
def test_uwsgis_packet_is_answered(server, index):
    running = start(server)
    for number, answer in ((17, b'\xff\0\0\1'), (18, b'\xff\0\0\0')):
        with running.raw(index) as client:
            client.send(packet(number))
            assert client.read_all() == answer
    wait_ledger(running, lambda lines: len(lines) == 1)


@pytest.mark.skipif(shutil.which('uwsgi') is None, reason='there is no uwsgi here')
def test_uwsgis_own_client_is_content(server):
    running = start(server)

    def client(number, address):
        return subprocess.run(['uwsgi', '--signal', f'{address},{number}'], cwd=running.folder,
                              capture_output=True, timeout=DEADLINE).returncode

    assert client(17, f'127.0.0.1:{running.port(1)}') == 0
    assert client(17, running.folder / 'app.sock') == 0
    assert client(18, f'127.0.0.1:{running.port(1)}') == 2, 'rejected'
    wait_ledger(running, lambda lines: len(lines) == 2)


def test_the_example_of_the_documentation(make_server):
    running = make_server()
    shutil.copytree(EXAMPLE, running.folder, dirs_exist_ok=True)
    running.start(['-c', 'server.yaml', '--set', 'listen=http://127.0.0.1:0',
                   '--set', f'control={running.control_path}'])
    assert running.get('/holiday.jpg').status == 202
    running.wait_log(r'holiday.jpg at 64 \(attempt 1\)')
    (running.folder / 'new').write_text('128\n')
    (running.folder / 'new').rename(running.folder / 'settings')
    # Each worker reads it when its copy of the signal runs; no event tells when both have.
    for turn in range(1000):
        running.get(f'/again-{turn}.jpg')
        if running.wait_log(rf'again-{turn}.jpg at (\d+)')[1] == '128':
            break
    else:
        raise AssertionError('the settings were never read')
