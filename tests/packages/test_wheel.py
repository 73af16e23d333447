# SPDX-License-Identifier: MIT
"""The wheel in a clean Debian without a compiler."""
import os
import re
import shutil
import subprocess

import pytest

import builds
import life

APP = '''
def app(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']
'''
SOCKET = '''
[Socket]
ListenStream=127.0.0.1:18077
FileDescriptorName=web
'''
SERVICE = '''
[Unit]
Requires=geventd-shop.socket

[Service]
Type=notify
NotifyAccess=all
ExecStart=/srv/shop/venv/bin/geventd -c /etc/geventd/shop.yaml
ExecReload=/srv/shop/venv/bin/geventctl -c /etc/geventd/shop.yaml reload
User=www-data
RuntimeDirectory=geventd-shop
WorkingDirectory=/srv/shop
'''
CONFIGURATION = 'listen: http://127.0.0.1:18076\napp: app:app\n'


@pytest.fixture
def installed(root, wheels):
    """A root with the wheel in the environment /srv/shop/venv."""
    root.install('python3-venv')
    assert not root.run('command -v cc gcc || true')
    root.trust_the_hosts_certificates()
    wheel, = wheels.glob('*-cp311-*.whl')
    shutil.copy(wheel, root.path / 'srv')
    root.run('python3 -m venv /srv/shop/venv && /srv/shop/venv/bin/pip install -q /srv/*.whl')
    (root.path / 'srv/shop/app.py').write_text(APP)
    return root


@pytest.mark.parametrize('suite', ['bookworm'], indirect=True)
def test_one_line_serves(installed):
    serving = installed.popen('cd /srv/shop && exec venv/bin/geventd '
                              '--set listen=http://127.0.0.1:18076 --set app=app:app')
    try:
        said = installed.run('curl -sS --retry 30 --retry-connrefused --retry-delay 1 '
                             'http://127.0.0.1:18076/')
        assert said.endswith('hello'), said
    finally:
        installed.run('pkill -o -x geventd')
        serving.wait()


@pytest.mark.parametrize('suite', ['bookworm'], indirect=True)
def test_the_unit_of_the_manual(installed):
    unit = re.search('<!-- test: geventd-shop.service -->\n```ini\n(.*?)```',
                     life.INSTALLING.read_text(), re.S)[1]
    unit = re.sub('/usr/local/s?bin/', '/srv/shop/venv/bin/', unit)
    (installed.path / 'etc/systemd/system/geventd-shop.service').write_text(unit)
    (installed.path / 'etc/geventd').mkdir()
    (installed.path / 'etc/geventd/shop.yaml').write_text(
        CONFIGURATION + 'control: /run/geventd/shop/ctl\n')
    said = installed.run('systemd-analyze verify --man=no geventd-shop.service')
    assert said.strip() == '', said
    installed.run('systemctl daemon-reload && systemctl start geventd-shop')
    for command in ('systemctl reload geventd-shop',
                    '/srv/shop/venv/bin/geventctl -c /etc/geventd/shop.yaml upgrade',
                    'systemctl stop geventd-shop'):
        assert installed.run('curl -sS http://127.0.0.1:18076/') == 'hello'
        installed.run(command)
    said = installed.run('journalctl --no-pager -u geventd-shop')
    assert ' of /srv/shop/venv/bin/python3)' in said and 'Traceback' not in said


@pytest.mark.parametrize('suite', ['bookworm'], indirect=True)
def test_a_socket_that_systemd_opens(installed):
    for name, text in (('socket', SOCKET), ('service', SERVICE)):
        (installed.path / f'etc/systemd/system/geventd-shop.{name}').write_text(text)
    (installed.path / 'etc/geventd').mkdir()
    (installed.path / 'etc/geventd/shop.yaml').write_text(
        'listen: [{address: "http://127.0.0.1:18077", systemd: web}]\napp: app:app\n'
        'control: /run/geventd-shop/ctl\n')
    installed.run('systemctl daemon-reload && systemctl start geventd-shop.socket geventd-shop')
    for command in ('systemctl reload geventd-shop', 'systemctl restart geventd-shop'):
        assert installed.run('curl -sS http://127.0.0.1:18077/') == 'hello'
        installed.run(command)
    assert installed.run('curl -sS http://127.0.0.1:18077/') == 'hello'
    assert 'Traceback' not in installed.run('journalctl --no-pager -u geventd-shop')


@pytest.mark.parametrize('suite', ['bullseye', 'trixie', 'forky'], indirect=True)
def test_the_python_of_another_debian(root, suite, wheels_of_another):
    """All that tests/pythons does with Debian's interpreter, there. An older one has an older C
    library."""
    tag = builds.PYTHONS[suite].replace('.', '')
    wheel, = wheels_of_another.glob(f'*-cp{tag}-*.whl')
    (root.path / 'srv/wheels').mkdir()
    shutil.copy(wheel, root.path / 'srv/wheels')
    root.install('python3-venv python3-pip python3-pytest python3-pytest-xdist python3-requests '
                 'python3-websocket python3-websockets iproute2 '
                 'gcc libc6-dev python3-dev')  # some tests compile a module of theirs
    root.trust_the_hosts_certificates()
    subprocess.run(['git', 'clone', '-q', builds.REPOSITORY, root.path / 'srv/geventd'], check=True)
    # The newest gevent need not have a wheel for an older CPython.
    (root.path / 'etc/uv').mkdir()
    (root.path / 'etc/uv/uv.toml').write_text('[pip]\nonly-binary = ["gevent"]\n')
    said = root.run('cd /srv/geventd && export GEVENTD_WHEELS=/srv/wheels PIP_PREFER_BINARY=1 && '
                    'python3 -m pytest -q '
                    '-c tests/pythons/pytest.ini tests/pythons/test_matrix.py '
                    'tests/pythons/test_installers.py -k debian')
    assert re.search(r'\d+ passed', said) and ' skipped' not in said, said


@pytest.mark.skipif('GEVENTD_WHEELS' in os.environ, reason='these wheels were made elsewhere')
def test_the_same_sources_give_the_same_bytes(wheels, tmp_path):
    made = {path.name: path.read_bytes() for path in wheels.iterdir()}
    again = builds.wheels(tmp_path / 'another place', ['/usr/bin/python3'],
                          CCACHE_DIR=str(tmp_path / 'ccache'))  # compiles all again
    for path in again.iterdir():
        assert path.read_bytes() == made[path.name], path.name
