# SPDX-License-Identifier: MIT
"""The Dockerfiles of packaging/docker, without Docker: their steps in roots that are laid out like
the images that they start from."""
import shutil
import subprocess

import pytest

import builds
from image import Image

DOCKER = builds.REPOSITORY / 'packaging/docker'
LIBRARIES = 'libssl3 libffi8 libsqlite3-0 libreadline8 libbz2-1.0 liblzma5 zlib1g'  # of that image
APP = '''
import flask
import sys

app = flask.Flask(__name__)


@app.route('/')
def root():
    return f'hello from {sys.version_info[0]}.{sys.version_info[1]} in {sys.prefix}'
'''
PLAIN = '''
def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '5')])
    return [b'hello']
'''


@pytest.fixture
def context(tmp_path):
    """The folder of an application."""
    folder = tmp_path / 'context'
    (folder / 'dist').mkdir(parents=True)
    (folder / 'app.py').write_text(APP)
    (folder / 'requirements.txt').write_text('flask\n')
    return folder


def become_image_of_python(root, python):
    """An interpreter below /usr/local, and no compiler."""
    root.install(LIBRARIES)
    subprocess.run(['cp', '-a', *(python / part for part in ('bin', 'lib')),
                    root.path / 'usr/local'], check=True)
    root.run('ldconfig; cd /usr/local/bin; ln -sf python3 python; '
             "sed -i '1s|^#!.*|#!/usr/local/bin/python3|' pip*")
    assert not root.run('ls /usr/bin/gcc /usr/bin/cc /usr/bin/python3 2>/dev/null || true')


def serves(image, python):
    """The health check, a port of the platform's choice, a reload, and the end."""
    container = image.run(PORT='18075')
    container.wait_until_healthy()
    ask = 'curl -sS http://127.0.0.1:18075/'
    assert container.execute(ask) == f'hello from {python}'
    container.execute('geventctl --socket /tmp/geventd.ctl reload')
    assert container.execute(ask) == f'hello from {python}'
    code, output = container.stop()
    assert code == 0 and ' ready: ' in output and 'Traceback' not in output, output


@pytest.mark.parametrize('suite', ['bookworm'], indirect=True)
def test_the_wheel_in_an_image_of_python(root, context, wheels, pyenv_python):
    shutil.copytree(wheels, context / 'dist', dirs_exist_ok=True)
    root.trust_the_hosts_certificates()
    become_image_of_python(root, pyenv_python)
    serves(Image(root, DOCKER / 'python.Dockerfile', context), '3.13 in /usr/local')


@pytest.mark.parametrize('suite', ['bookworm'], indirect=True)
def test_three_commands_with_an_interpreter_of_ones_own(root, wheels, pyenv_python):
    """From nothing but a Python to an answer, as whoever tries geventd types it."""
    wheel, = wheels.glob('geventd-*-cp313-*.whl')
    shutil.copy(wheel, root.path / 'srv')
    (root.path / 'srv/app.py').write_text(PLAIN)
    root.trust_the_hosts_certificates()
    become_image_of_python(root, pyenv_python)
    root.run('cd /srv && PATH=/usr/local/bin:$PATH && python -m venv v && '
             'v/bin/pip install ./geventd-*.whl')
    serving = root.popen('cd /srv && exec v/bin/geventd --set listen=http://:18079 --set app=app')
    try:
        assert root.run('curl -sS --retry 30 --retry-connrefused --retry-delay 1 '
                        'http://127.0.0.1:18079/').endswith('hello')
    finally:
        root.run('/srv/v/bin/geventctl stop')
        assert serving.wait(60) == 0


@pytest.mark.parametrize('suite', ['bookworm'], indirect=True)
def test_the_packages_in_an_image_of_debian(root, context, debs):
    for file in debs.old.glob('*.deb'):
        shutil.copy(file, context / 'dist')
    root.trust_the_hosts_certificates()
    serves(Image(root, DOCKER / 'debian.Dockerfile', context), '3.11 in /opt/venv')
