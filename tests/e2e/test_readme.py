# SPDX-License-Identifier: MIT
"""README's quick start, command by command, as a newcomer types it."""
import os
import shlex
import subprocess

import pytest

from harness import documents
from harness.limits import DEADLINE, GEVENTCTL, GEVENTD

PAGE = documents.named_examples('README.md')
PORT = '127.0.0.1:8000'


@pytest.fixture
def newcomer(make_server):
    """A server made of README's files, on a free port."""
    made = make_server()
    made.write_app(PAGE['app.py'])
    made.write_config(PAGE['server.yaml'].replace(PORT, '127.0.0.1:0'))
    return made


def environment(made):
    folders = f'{GEVENTD.parent}:{GEVENTCTL.parent}:{os.environ["PATH"]}'
    return {'RUNTIME_DIRECTORY': str(made.folder), 'PATH': folders}


def test_what_the_quick_start_says_works(newcomer):
    check, start = PAGE['start'].splitlines()
    checked = subprocess.run(shlex.split(check), cwd=newcomer.folder, timeout=DEADLINE,
                             env=newcomer.environment(environment(newcomer)))
    assert checked.returncode == 0
    newcomer.start(shlex.split(start)[1:], environment=environment(newcomer))
    commands = PAGE['ask'].replace(PORT, '%s:%d' % newcomer.address())
    asked = subprocess.run(['sh', '-e', '-c', commands], cwd=newcomer.folder, timeout=DEADLINE,
                           env=newcomer.environment(environment(newcomer)), capture_output=True,
                           text=True)
    assert asked.returncode == 0, asked.stderr
    assert 'Hello, World\n' in asked.stdout and 'GENERATION' in asked.stdout
    assert newcomer.wait_exit() == 0
    newcomer.wait_log('"GET / HTTP/1.1" 200')  # the access log


def test_a_first_try_needs_no_file(newcomer):
    newcomer.config_path.unlink()
    command, = PAGE['without-a-file'].splitlines()
    newcomer.start([word.replace(PORT, '127.0.0.1:0') for word in shlex.split(command)[1:]]
                   + ['--set', f'control={newcomer.control_path}'])
    assert newcomer.get('/').text == 'Hello, World\n'
    newcomer.wait_log('"GET / HTTP/1.1" 200')
