# SPDX-License-Identifier: MIT
"""gevent as a wheel in a virtual environment, next to Debian's."""
import subprocess

import pytest

from harness.apps import SLEEP
from harness.limits import PYTHON

APP = SLEEP + '''

import gevent
import greenlet
sleeping = application


def application(environ, start_response):
    if environ['PATH_INFO'] != '/versions':
        return sleeping(environ, start_response)
    body = f'{gevent.__version__} {gevent.__file__} {greenlet.__file__}'.encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


@pytest.fixture(scope='session')
def virtualenv(tmp_path_factory):
    """A virtual environment with a current gevent; skips the test if there is none."""
    path = tmp_path_factory.mktemp('venv')
    subprocess.run([PYTHON, '-m', 'venv', str(path)], check=True, capture_output=True)
    result = subprocess.run(
        [str(path / 'bin' / 'python'), '-m', 'pip', 'install', '--quiet', '--only-binary=:all:',
         '--disable-pip-version-check', 'gevent', 'cffi'],
        capture_output=True, text=True, timeout=180)
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ['pip said nothing'])[-1]
        pytest.skip(f'no wheel of gevent could be installed, so this did not run: {last}')
    return path


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('loop', ['libev-cext', 'libuv-cffi'])
def test_a_wheel_serves(server, virtualenv, preload, loop):
    running = server(APP, {'app': {'virtualenv': str(virtualenv), 'preload': preload},
                           'workers': {'processes': 2, 'cores': 5}},
                     environment={'GEVENT_LOOP': loop})
    version, gevent_file, greenlet_file = running.get('/versions').text.split()
    assert gevent_file.startswith(str(virtualenv)) and greenlet_file.startswith(str(virtualenv))
    assert not version.startswith('22.10')
    for _ in range(20):
        assert running.get('/0.01').status == 200
