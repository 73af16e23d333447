# SPDX-License-Identifier: MIT
"""docs/migrating.md and docs/migrating-beside.md, exactly as on the pages but for the port."""
import os
import re
import shlex
import shutil
import signal
import subprocess

import pytest
import yaml

from harness import apps, documents
from harness.conversions import convert
from harness.limits import GEVENTD
from harness.network import free_port

NGINX = shutil.which('nginx')
PAGE = documents.examples('docs/migrating.md')
BESIDE = documents.examples('docs/migrating-beside.md')


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
        assert (done.returncode, done.stderr) == (0, PAGE['told'] if name == 'from-uwsgi' else (
            'geventctl convert: server.yaml is written; everything was taken over\n'))
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


def test_a_result_is_checked_without_a_file(tmp_path):
    (tmp_path / 'uwsgi.ini').write_text(PAGE['uwsgi.ini'])
    (tmp_path / 'shop.py').write_text(apps.HELLO)
    convert_line, check_line = PAGE['pipe'].strip().split(' | ')
    done = convert(*shlex.split(convert_line)[2:], folder=tmp_path)
    check = subprocess.run([GEVENTD, *shlex.split(check_line)[1:]], cwd=tmp_path, input=done.stdout,
                           capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr


HOOKS = '''
def begin():
    print('begins')


def drain():
    print('drains')


def end():
    print('ends')


def died(pid, reason):
    print('died:', pid, reason)
'''


def test_hooks(make_server):
    made = make_server()
    made.write_app(apps.HELLO + HOOKS, 'shop.py')
    made.write_config({'app': {'module': 'shop'}, 'workers': {'processes': 1},
                       **yaml.safe_load(BESIDE['hooks.yaml'])})
    running = made.start()
    running.wait_log('^begins$')
    running.expect_error('worker .* died')
    pid, = running.workers()
    os.kill(pid, signal.SIGKILL)
    running.wait_log(f'^died: {pid} killed by SIGKILL')
    running.stop()
    running.wait_log('^drains$')
    running.wait_log('^ends$')


SYSTEMD = shutil.which('systemd-analyze')
UNITS = {**BESIDE, **documents.named_examples('docs/installing.md')}


@pytest.mark.skipif(SYSTEMD is None, reason='systemd-analyze is not installed')
@pytest.mark.parametrize('name', ['shop-worker.service', 'geventd-shop.service', 'migrate.conf'])
def test_systemd_understands_the_units(tmp_path, name):
    start = '' if name.endswith('.service') else 'ExecStart=/bin/true\n'
    unit = tmp_path / f'{name.partition(".")[0]}.service'
    unit.write_text(re.sub(r'^(Exec\w+=)/\S+', r'\1/bin/true', UNITS[name], flags=re.M) + start)
    done = subprocess.run([SYSTEMD, 'verify', '--man=no', unit], capture_output=True, text=True,
                          check=False)
    assert str(unit.name) not in done.stderr, done.stderr


@pytest.mark.skipif(NGINX is None, reason='nginx is not installed')
def test_nginx_understands_the_locations(tmp_path):
    (tmp_path / 'nginx.conf').write_text(
        f'pid {tmp_path}/pid;\nevents {{}}\nhttp {{ server {{ listen unix:{tmp_path}/a;\n'
        f'{BESIDE["nginx.conf"]}}}}}\n')
    done = subprocess.run([NGINX, '-t', '-e', 'stderr', '-c', tmp_path / 'nginx.conf'],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_entrypoint_is_a_script():
    done = subprocess.run(['sh', '-n'], input=BESIDE['entrypoint.sh'], capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stderr) == (0, '')
