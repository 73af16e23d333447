# SPDX-License-Identifier: MIT
"""Several geventds and users on one host."""
import os
import pwd
import shutil

import pytest

from conftest import DEBIAN, Environment, newest
from serving import Running

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root can change the user')
NOBODY = pwd.getpwnam('nobody')
WHO = '''
import os
import sys


def app(environ, start_response):
    body = f'{os.geteuid()} {sys.version_info[0]}.{sys.version_info[1]}'.encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def application_folder(parent, name):
    folder = parent / name
    folder.mkdir()
    os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
    return folder


@pytest.fixture(scope='module')
def shared(public):
    """An interpreter in a folder that every user can read, as below /opt, with an environment."""
    if newest() == DEBIAN:
        pytest.skip('pyenv has no interpreter here')
    prefix = newest().parents[1]
    for part in ('bin', 'lib'):
        shutil.copytree(prefix / part, public / 'python' / part, symlinks=True,
                        ignore=shutil.ignore_patterns('test', 'config-*', '*.a', '__pycache__',
                                                      'site-packages'))
    os.environ['LD_LIBRARY_PATH'] = str(public / 'python/lib')  # its run path is the first place
    made = Environment(public / 'python/bin/python3', public / 'venv')
    made.pip('install', str(made.wheel))
    yield made
    del os.environ['LD_LIBRARY_PATH']


def test_two_of_different_pythons(shared, tmp_path):
    other = Environment(DEBIAN, tmp_path / 'venv')
    if other.wheel is None:
        pytest.skip(f'there is no wheel for CPython {other.version}')
    other.pip('install', str(other.wheel))
    (tmp_path / 'one').mkdir()
    (tmp_path / 'two').mkdir()
    with (Running(shared.folder / 'bin', tmp_path / 'one', WHO) as one,
          Running(other.folder / 'bin', tmp_path / 'two', WHO) as two):
        for made, running in ((shared, one), (other, two)):
            assert running.get() == f'{os.geteuid()} {made.version}'
            for change in ('reload', 'upgrade'):
                assert running.ctl(change).returncode == 0
        two.ctl('stop')
        two.process.wait()
        assert one.get() == f'{os.geteuid()} {shared.version}'


@needs_root
def test_another_user_with_an_interpreter_that_all_can_read(shared, public):
    folder = application_folder(public, 'shop')
    with Running(shared.folder / 'bin', folder, WHO, settings=['process.user=nobody']) as running:
        assert running.get() == f'{NOBODY.pw_uid} {shared.version}'
        for change in ('reload', 'upgrade'):
            assert running.ctl(change).returncode == 0
        assert running.get() == f'{NOBODY.pw_uid} {shared.version}'
