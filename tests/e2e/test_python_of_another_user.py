# SPDX-License-Identifier: MIT
"""The Python of an application that another user than root runs: that user must be able to use it,
and root executes and reads nothing of it."""
import os
import pwd
import shutil

import pytest

from harness.apps import HELLO
from harness.limits import GEVENTD, IS_MODULE, PYTHON
from harness.program import check, refusal
from harness.virtualenv import environment_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root can change the user')
NOBODY = pwd.getpwnam('nobody').pw_uid


def test_nothing_of_an_environment_runs_as_root(make_server, folder):
    """Neither to ask for its version nor in --check."""
    folder.chmod(0o755)
    users = folder / 'users'
    users.touch()
    users.chmod(0o666)
    venv = environment_of(folder / 'venv', '3.11.2', python=None)
    (venv / 'bin/python3').write_text(f'#!/bin/sh\nid -u >> {users}\nexec {PYTHON} "$@"\n')
    expected = {str(NOBODY)} if IS_MODULE else set()  # nobody executes it when it is embedded
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'app': {'virtualenv': str(venv)}, 'process': {'user': 'nobody'}})
    code, output = check(made)
    assert code == 0, output
    assert set(users.read_text().split()) == expected
    users.write_text('')
    made.start()
    assert made.get('/').body == b'hello'
    assert made.ctl('reload').returncode == 0
    assert set(users.read_text().split()) == expected


@pytest.mark.skipif(not IS_MODULE, reason='this geventd comes without a package')
def test_a_package_that_only_root_may_read(make_server, folder):
    prefix = folder / 'prefix'
    shutil.copytree(GEVENTD.parents[1], prefix, symlinks=True)
    package, = prefix.glob('lib/python3.*/site-packages/geventd')
    folder.chmod(0o755)
    package.chmod(0o700)
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'process': {'user': 'nobody'}})
    text = refusal(check(made, program=prefix / 'bin/geventd'))
    assert f'user nobody cannot use {package}/worker.py: {package} bars the way' in text


@pytest.mark.parametrize('key', ['virtualenv', 'python'])
def test_what_only_root_may_read_is_not_read(checked, folder, key):
    """The environment may belong to the workers' user, who may link anything."""
    venv = environment_of(folder / 'venv', '3.11.2')
    folder.chmod(0o755)
    secret = folder / 'secret'
    secret.write_text('home = /usr/bin\nversion = 3.47.11\n')
    secret.chmod(0o600)
    (venv / 'pyvenv.cfg').unlink()
    (venv / 'pyvenv.cfg').symlink_to(secret)
    named = {'virtualenv': str(venv), 'python': f'{venv}/bin/python3'}[key]
    text = refusal(checked({key: named, 'chdir': '/'}, process={'user': 'nobody'}))
    assert f'nobody cannot use {venv}/pyvenv.cfg: it may not be read' in text
    assert '3.47' not in text


def test_a_folder_that_bars_the_way_is_named(checked, folder):
    closed = folder / 'closed'
    venv = environment_of(closed / 'venv', '3.11.2')
    closed.chmod(0o700)
    folder.chmod(0o755)
    text = refusal(checked({'virtualenv': str(venv), 'chdir': '/'}, process={'user': 'nobody'}))
    assert f'process.user: user nobody cannot use {venv}/bin/python3' in text
    assert f'{closed} bars the way;' in text and f'chmod a+x {closed}\n' in text


def test_a_program_that_may_be_executed_need_not_be_readable(checked, folder):
    venv = environment_of(folder / 'venv', '3.11.2', python=None)
    program = venv / 'bin/python3'
    shutil.copy(PYTHON, program)
    folder.chmod(0o755)
    program.chmod(0o711)
    config = {'virtualenv': str(venv), 'chdir': '/', 'module': str(folder / 'app.py')}
    (folder / 'app.py').write_text(HELLO)
    code, output = checked(config, process={'user': 'nobody'})
    assert code == 0, output
    program.chmod(0o744)
    text = refusal(checked(config, process={'user': 'nobody'}))
    assert f'nobody cannot use {program}: it may not be executed; chmod a+x {program}\n' in text
