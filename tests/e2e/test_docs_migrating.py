# SPDX-License-Identifier: MIT
"""docs/migrating.md, exactly as on the page but for the port."""
import shlex
import subprocess

import pytest

from harness import apps, documents
from harness.conversions import convert
from harness.limits import GEVENTD
from harness.network import free_port

PAGE = documents.examples('docs/migrating.md')


@pytest.fixture
def moved(make_server):
    """moved(name): does what the commands of that example say, up to the start."""
    server = make_server()
    server.write_app(apps.HELLO, 'shop.py')

    def move(name):
        port = str(free_port())
        (server.folder / 'uwsgi.ini').write_text(PAGE['uwsgi.ini'].replace('8000', port))
        convert_line, check_line, start_line = PAGE[name].splitlines()
        words = shlex.split(convert_line.replace('8000', port))
        assert words[:2] == ['geventctl', 'convert']
        done = convert(*words[2:], folder=server.folder)
        assert (done.returncode, done.stderr) == (0, '')
        check = subprocess.run([GEVENTD, *shlex.split(check_line)[1:]], cwd=server.folder,
                               capture_output=True, text=True, check=False)
        assert check.returncode == 0, check.stderr
        written = server.config_path.read_text().replace(port, '8000')
        server.start([*shlex.split(start_line)[1:], '--set', f'control={server.control_path}'])
        return server, written
    return move


def test_from_uwsgi(moved):
    server, written = moved('from-uwsgi')
    assert written == PAGE['server.yaml']
    assert server.get().text == 'hello'


def test_from_gunicorn(moved):
    server, written = moved('from-gunicorn')
    assert 'kill-blocked-hub: 60s  # -t 60' in written
    assert server.get().text == 'hello'


def test_hooks(server):
    running = server(PAGE['hooks.py'])
    assert running.get().text == 'served'
    running.wait_log('a request is over')
    running.stop()
    text = running.log.text()
    assert 'worker 1 opens its connections' in text and 'worker 1 ends' in text
