# SPDX-License-Identifier: MIT
"""Several geventds and users on one host."""
import os
import pwd
import shutil
import subprocess

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


def nobody_may_execute(path):
    return subprocess.run(['setpriv', '--reuid=nobody', '--clear-groups', 'test', '-x', path],
                          stderr=subprocess.DEVNULL).returncode == 0


def refusal(made, folder):
    """What geventd says when it starts for another user."""
    result = subprocess.run(
        [made.folder / 'bin/geventd', '--set', 'listen=http://127.0.0.1:0', '--set', 'app=app:app',
         '--set', 'process.user=nobody'], cwd=folder, capture_output=True, text=True)
    assert result.returncode != 0
    return result.stderr


@needs_root
def test_an_interpreter_that_only_root_can_reach(public):
    """pyenv below root's home: the folder that bars the way is named."""
    python = newest()
    if nobody_may_execute(python):
        pytest.skip(f'every user can execute {python}')
    made = Environment(python, public / 'barred')
    made.pip('install', '--no-deps', str(made.wheel))
    barrier = next(parent for parent in reversed(python.parents) if not nobody_may_execute(parent))
    assert (f'nobody cannot use {made.python}: {barrier}, where it really is, bars the way'
            in refusal(made, application_folder(public, 'barred-shop')))


@needs_root
def test_an_environment_that_only_root_can_reach(public):
    closed = public / 'closed'
    closed.mkdir(mode=0o700)
    made = Environment(DEBIAN, closed / 'venv')
    made.pip('install', '--no-deps', str(made.wheel))
    assert f': {closed} bars the way' in refusal(made, application_folder(public, 'closed-shop'))
