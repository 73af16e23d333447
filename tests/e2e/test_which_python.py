# SPDX-License-Identifier: MIT
"""Which Python runs the application, and what is said when none fits: one sentence with both
versions, what was looked for, and what mends it. Nothing is executed in order to find that out."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness.apps import HELLO
from harness.limits import GEVENTD, IS_MODULE, PYTHON
from harness.program import geventd, refusal
from harness.virtualenv import environment_of

module_only = pytest.mark.skipif(not IS_MODULE, reason='this geventd comes without the module')
embedded_only = pytest.mark.skipif(IS_MODULE, reason='this geventd comes without geventd-worker')


def test_an_environment_of_another_version(checked, folder):
    venv = environment_of(folder / 'venv', '3.47.1', python=None)
    text = refusal(checked({'virtualenv': str(venv)}))
    assert f'{venv}/bin/python3 is CPython 3.47.1' in text
    assert f'{venv}/lib/python3.47/site-packages' in text
    assert f'{venv}/bin/python3 -m pip install ./geventd-' in text


def test_an_environment_without_pip(checked, folder):
    """As uv makes it."""
    venv = environment_of(folder / 'venv', '3.47.1', python=None)
    with open(venv / 'pyvenv.cfg', 'a') as file:
        file.write('uv = 0.9.0\n')
    text = refusal(checked({'virtualenv': str(venv)}))
    assert f'install it: uv pip install --python {venv}/bin/python3 ./geventd-' in text


@module_only
@pytest.mark.parametrize('by_uv', [False, True])
def test_a_module_that_the_interpreter_cannot_find(make_server, folder, by_uv):
    venv = environment_of(folder / 'venv', '3.11.2')
    with open(venv / 'pyvenv.cfg', 'a') as file:
        file.write('uv = 0.9.0\n' if by_uv else '')
    (folder / 'sitecustomize.py').write_text('''
from importlib.machinery import PathFinder

find_spec = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: (
    None if name == 'geventd._worker' else find_spec(name, *rest))
''')
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'app': {'virtualenv': str(venv),
                               'environment': {'PYTHONPATH': str(folder)}}})
    made.start_in_vain(f'install geventd with uv pip install --python {venv}/bin/python3 ./geventd-'
                       if by_uv else f'with {venv}/bin/python3 -m pip install ./geventd-')


@embedded_only
def test_an_environment_of_another_build_of_the_same_version(checked, folder):
    venv = environment_of(folder / 'venv', '3.11.7', home='/opt/other/bin', python=None)
    text = refusal(checked({'virtualenv': str(venv)}))
    assert 'embeds the CPython of /usr/bin/python3' in text and 'another build' in text
    assert f'{venv}/bin/python3 -m pip install ./geventd-' in text


def test_a_plain_prefix_is_no_environment(checked, folder):
    (folder / 'prefix/bin').mkdir(parents=True)
    (folder / 'prefix/bin/python3').symlink_to(PYTHON)
    text = refusal(checked({'virtualenv': str(folder / 'prefix')}))
    assert 'is no virtual environment: it has no pyvenv.cfg' in text
    assert f'python3.11 -m venv {folder}/prefix' in text


def test_a_folder_without_python(checked, folder):
    text = refusal(checked({'virtualenv': str(folder)}))
    assert 'is no virtual environment: it has no bin/python3' in text


def test_python_and_virtualenv_must_agree(checked, folder):
    venv = environment_of(folder / 'venv', '3.11.2')
    text = refusal(checked({'virtualenv': str(venv), 'python': '3.12'}))
    assert 'is CPython 3.11.2, but app.python is 3.12' in text
    code, output = checked({'virtualenv': str(venv), 'python': '3.11'})
    assert code == 0, output


def test_a_version_that_is_nowhere(checked):
    text = refusal(checked({'python': '3.47'}))
    assert 'geventd-worker-3.47' in text and 'python3.47 on PATH' in text


def test_neither_a_script_nor_another_version_is_the_python_on_path(make_server, folder):
    """As the scripts of pyenv, which start another interpreter in each folder."""
    for name in ('script', 'link', 'real'):
        (folder / name / 'bin').mkdir(parents=True)
    script, link, real = (folder / name / 'bin/python3.47' for name in ('script', 'link', 'real'))
    script.write_text('#!/bin/false\n')
    script.chmod(0o755)
    link.symlink_to(PYTHON)
    shutil.copy(PYTHON, real)
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'app': {'python': '3.47'}})
    for path, told in (((script, link), 'and for python3.47 on PATH that is no script'),
                       ((script, link, real), f'{real} is CPython 3.47, and geventd')):
        result = geventd(
            '-c', made.config_path, '--check', cwd=made.folder, environment=made.environment(
                {'PATH': os.pathsep.join(str(file.parent) for file in path)}))
        assert result.returncode == 1 and told in result.stderr, result.stderr


def test_a_path_without_an_interpreter(checked, folder):
    assert 'app.python: there is no ' in refusal(checked({'python': f'{folder}/bin/python3'}))


def test_a_python_that_is_neither_version_nor_path(checked):
    assert 'is no version of Python, and no path' in refusal(checked({'python': 'python3'}))


@embedded_only
def test_the_prefix_of_the_embedded_python_is_the_system_itself(checked):
    """As images have it that install into the system."""
    code, output = checked({'virtualenv': str(pathlib.Path(PYTHON).parents[1])})
    assert code == 0, output


@embedded_only
def test_the_path_of_the_embedded_python(checked, folder):
    code, output = checked({'python': PYTHON})
    assert code == 0, output
    venv = environment_of(folder / 'venv', '3.11.2')
    code, output = checked({'python': f'{venv}/bin/python3'})
    assert code == 0, output


def test_the_packages_are_those_of_the_named_python(server, folder):
    venv = environment_of(folder / 'venv', '3.11.2')
    (venv / 'lib/python3.11/site-packages/only_there.py').write_text('PLACE = b"there"\n')
    running = server(HELLO.replace("b'hello'", 'only_there.PLACE') + '\nimport only_there\n',
                     {'app': {'python': f'{venv}/bin/python3'}})
    assert running.get('/').body == b'there'


@pytest.mark.parametrize('variable', [False, True])
def test_a_relative_environment_is_below_the_folder_of_the_start(make_server, variable):
    """Not below app.chdir."""
    made = make_server()
    environment_of(made.folder / 'venv', '3.11.2')
    made.write_app(HELLO, 'shop/app.py')
    made.write_config({'app': {'chdir': str(made.folder / 'shop')}})
    made.start(['-c', str(made.config_path),
                *([] if variable else ['--set', 'app.virtualenv=venv'])],
               {'GEVENTD__APP__VIRTUALENV': 'venv'} if variable else {})
    assert made.get('/').body == b'hello'


@embedded_only
@pytest.mark.parametrize('link', [False, True])
def test_an_environment_of_copies(checked, folder, link):
    """As `venv --copies` makes it, also behind a link."""
    venv = environment_of(folder / 'venv', '3.11.2', python=None)
    if link:
        (folder / 'current').symlink_to(venv)
        venv = folder / 'current'
    code, output = checked({'virtualenv': str(venv)})
    assert code == 0, output


@embedded_only
def test_an_interpreter_for_which_there_is_no_module(checked, folder):
    venv = environment_of(folder / 'venv', '3.11.7', home='/opt/other/bin', python=None)
    text = refusal(checked({'python': f'{venv}/bin/python3'}))
    assert 'is CPython 3.11.7' in text and '-m pip install ./geventd-' in text


@module_only
def test_an_interpreter_by_its_path(checked):
    code, output = checked({'python': PYTHON})
    assert code == 0 and f'the application runs on CPython 3.11 of {PYTHON}\n' in output, output


@module_only
def test_an_environment_is_served_by_the_module_beside_geventd(checked, folder):
    venv = environment_of(folder / 'venv', '3.11.2')
    code, output = checked({'virtualenv': str(venv)})
    assert code == 0 and f'CPython 3.11.2 of {venv}/bin/python3\n' in output, output


@module_only
def test_the_module_of_the_environment_is_the_first(checked, folder):
    venv = environment_of(folder / 'venv', '3.11.2')
    packages, = GEVENTD.parents[1].glob('lib/python3.*/site-packages')
    shutil.copytree(packages / 'geventd', venv / 'lib/python3.11/site-packages/geventd')
    own = venv / 'lib/python3.11/site-packages/geventd/__init__.py'
    own.write_text('raise ImportError("ours")')
    code, output = checked({'virtualenv': str(venv)})
    assert code == 1 and 'ours' in output, output


@module_only
@pytest.mark.parametrize('lie, told', [
    ('sys.abiflags = "t"', 'built without the GIL'),
    ('sys.version_info = (3, 8, 1)', 'geventd needs CPython 3.9 or newer'),
    ('sys.implementation.name = "pypy"', 'geventd runs applications on CPython'),
])
def test_an_interpreter_that_can_have_no_module(make_server, folder, lie, told):
    """As it looks from inside: what its files tell may be wrong."""
    (folder / 'sitecustomize.py').write_text(f'import sys\n{lie}\n')
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'app': {'environment': {'PYTHONPATH': str(folder)}}})
    made.start_in_vain(told)


def test_a_worker_of_another_version_than_the_master(make_server, folder):
    """As when new files lie below a server that goes on: the old generation serves."""
    home = folder / 'prefix'
    if IS_MODULE:
        shutil.copytree(GEVENTD.parents[1], home, symlinks=True)
        program = home / 'bin/geventd'
        worker, = home.glob('lib/python3.*/site-packages/geventd/_worker*.so')
    else:
        home.mkdir()
        program, worker = home / 'geventd', home / 'geventd-worker'
        for file in (program, worker):
            shutil.copy(GEVENTD.parent / file.name, file)
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'app': {'preload': False}})
    made.start(program=program)
    changed = worker.read_bytes().replace(b', scoreboard {}', b', scorebOard {}')
    worker.rename(folder / 'former')
    worker.write_bytes(changed)
    worker.chmod(0o755)
    made.expect_error('the workers cannot start|exited with code 70')
    result = made.ctl('reload')
    assert result.returncode != 0
    assert 'the master is geventd' in result.stderr and ', scorebOard' in result.stderr
    assert 'install the same version of both' in result.stderr
    assert made.get('/').body == b'hello'


def test_the_environment_that_the_shell_has_entered(folder, make_server):
    """Only where there is no file."""
    venv = environment_of(folder / 'venv', '3.11.2')
    made = make_server()
    made.write_app(HELLO)
    result = subprocess.run(
        [GEVENTD, '--check', '--set', 'app=app', '--set', 'listen=http://127.0.0.1:0',
         '--set', f'control={made.control_path}'], capture_output=True, text=True, cwd=made.folder,
        env=made.environment({'VIRTUAL_ENV': str(venv)}))
    assert result.returncode == 0, result.stderr
    assert re.search(rf' {venv}(/bin/python3)?, from VIRTUAL_ENV\n', result.stdout), result.stdout
    result = subprocess.run(
        [GEVENTD, '--check', '--set', 'app=app', '--set', 'listen=http://127.0.0.1:0'],
        capture_output=True, text=True, cwd=made.folder,
        env=made.environment({'VIRTUAL_ENV': '/nowhere'}))
    assert 'app.virtualenv (VIRTUAL_ENV): /nowhere is no virtual' in result.stderr
    result = subprocess.run(
        [GEVENTD, '--check', '--set', 'app=app', '--set', 'listen=http://127.0.0.1:0'],
        capture_output=True, text=True, cwd=made.folder, env=made.environment({'VIRTUAL_ENV': ''}))
    assert result.returncode == 0 and 'VIRTUAL_ENV' not in result.stdout, result.stderr
    made.write_config()
    result = subprocess.run(
        [GEVENTD, '--check', '-c', made.config_path], capture_output=True, text=True,
        cwd=made.folder, env=made.environment({'VIRTUAL_ENV': str(venv)}))
    assert result.returncode == 0 and str(venv) not in result.stdout
    made.write_config({'app': {'virtualenv': str(venv)}})
    result = subprocess.run(
        [GEVENTD, '--check', '-c', made.config_path], capture_output=True, text=True,
        cwd=made.folder, env=made.environment({'VIRTUAL_ENV': str(venv)}))
    assert result.returncode == 0 and 'VIRTUAL_ENV' not in result.stdout
