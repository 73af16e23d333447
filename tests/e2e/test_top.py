# SPDX-License-Identifier: MIT
"""geventctl top, in a terminal like a person's."""
import json
import os
import subprocess

from harness.apps import HOLD
from harness.limits import DEADLINE, GEVENTCTL
from harness.terminal import terminal


def top(running, *more, **size):
    return terminal(running.folder, [GEVENTCTL, '--socket', running.control_path, 'top', *more],
                    **size)


def test_it_follows_the_server(server):
    running = server(HOLD, {'workers': {'processes': 2, 'cores': 7}})
    with top(running) as shown:
        expected = ['requests/s', f'pid {running.pid}', 'running', '0/14',
                    *map(str, running.workers())]
        # The screen may be read while it is being drawn.
        shown.wait(lambda text: all(part in text for part in expected))
        with running.raw() as held:
            held.send(b'GET /hold?password=geheim HTTP/1.1\r\nHost: x\r\n\r\n')
            screen = shown.wait(lambda text: all(part in text for part in (
                'GET /hold', '(1 in flight)', '1/14', '█░░')))  # the last: a bar
            assert 'geheim' not in screen
            while 'GET /hold' in shown.screen():
                assert running.get('/release').status == 200
        for _ in range(50):
            running.get('/x')
        shown.wait(lambda text: '█' in next(
            line for line in text.splitlines() if line.startswith('requests/s')))
        shown.type('q')
        shown.wait(lambda text: 'exit code 0' in text)


def test_it_follows_the_size_of_the_terminal(server):
    running = server(HOLD, {'workers': {'processes': 2}})
    with top(running, width=120, height=30) as shown:
        shown.wait(lambda text: 'PSS' in text and 'in flight' in text)
        shown.resize(60, 8)
        shown.wait(lambda text: 'PSS' not in text and 'in flight' not in text
                   and 'requests/s' in text and len(text.splitlines()) <= 8)
        shown.resize(120, 30)
        shown.wait(lambda text: 'PSS' in text and 'in flight' in text)


def test_nothing_is_cut_in_the_smallest_usual_terminal(server):
    running = server(HOLD, {'workers': {'processes': 2, 'cores': 100}})
    with top(running, width=80, height=24) as shown:
        screen = shown.wait(lambda text: 'in flight' in text and str(running.workers()[1]) in text)
        titles = next(line for line in screen.splitlines() if line.startswith('WORKER'))
        for title in ('PID', 'STATE', 'CORES', 'REQ/S', 'P99', 'LAG', 'PSS'):
            assert f' {title}' in titles
        assert len(titles) <= 80 and '█░' not in screen
        assert '? help  s stacks  q quit' in screen
        shown.resize(120, 24)
        shown.wait(lambda text: '░░░░' in text and 'RSS' in text)


def test_keys_show_stacks_and_help(server):
    running = server(HOLD)
    with top(running, width=80, height=24) as shown, running.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        shown.wait(lambda text: 'GET /hold' in text)
        shown.type('1')
        shown.wait(lambda text: text.startswith('Where GET /hold stands') and 'app.py' in text)
        shown.type('q')
        shown.wait(lambda text: 'requests/s' in text)
        shown.type('s')
        shown.wait(lambda text: text.startswith('Where the greenlets stand') and 'hub' in text)
        shown.type('?')
        shown.wait(lambda text: 'where the greenlets of all workers stand' in text)
        shown.type('Escape')
        shown.wait(lambda text: 'requests/s' in text)
        assert running.get('/release').status == 200
        assert held.read_answer().status == 200
        shown.type('q')
        shown.wait(lambda text: 'exit code 0' in text)


def test_it_survives_a_restart_of_the_server(make_server):
    made = make_server()
    made.write_app(HOLD)
    made.write_config({})
    made.start()
    with top(made) as shown:
        shown.wait(lambda text: 'running' in text)
        made.stop()
        shown.wait(lambda text: 'no geventd runs' in text)  # the reason
        made.start()
        shown.wait(lambda text: f'pid {made.pid}' in text and 'running' in text)


def test_a_signal_leaves_the_terminal_as_it_was(server):
    running = server(HOLD)
    with top(running) as shown:
        shown.wait(lambda text: 'requests/s' in text)
        shown.type('C-c')
        shown.wait(lambda text: text.startswith('exit code ') and 'requests/s' not in text)


def test_without_a_terminal_it_says_what_to_do(server):
    running = server(HOLD)
    result = running.ctl('top')
    assert (result.returncode, result.stdout) == (1, '')
    assert 'top --json' in result.stderr


def test_as_json_it_is_a_document_a_second(server):
    running = server(HOLD)
    command = [str(GEVENTCTL), '--socket', str(running.control_path), 'top', '--json']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        ages = [json.loads(process.stdout.readline())['uptime'] for _ in range(2)]
        assert 0.5 < ages[1] - ages[0] < DEADLINE
        process.stdout.close()
        assert process.wait(DEADLINE) in (0, -13)


def test_without_utf8_it_draws_in_ascii(server):
    running = server(HOLD, {'workers': {'processes': 1, 'cores': 2}})
    with terminal(running.folder, ['env', 'LC_ALL=C', GEVENTCTL, '--socket', running.control_path,
                                   'top']) as shown:
        assert shown.wait(lambda text: '............' in text).isascii()


def test_no_server_is_an_error(folder):
    result = subprocess.run([str(GEVENTCTL), '--socket', str(folder / 'none.ctl'), 'top', '--json'],
                            capture_output=True, text=True, env=os.environ)
    assert result.returncode == 1 and 'none.ctl' in result.stderr
