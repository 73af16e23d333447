# SPDX-License-Identifier: MIT
"""Ways to install a wheel other than pip in an environment made by venv."""
import os
import subprocess

import pytest

from conftest import Environment, install_or_skip, interpreters, newest, wheel_for
from serving import HELLO, Running, bare_environment

CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'  # the index may be a mirror of the host
PYTHONS = {name: python for name, (python, _) in interpreters().items() if name != 'oldest'}


@pytest.fixture(params=PYTHONS.values(), ids=PYTHONS)
def python(request):
    return request.param


def version_of(python):
    return subprocess.run(
        [python, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], check=True,
        capture_output=True, text=True).stdout.strip()


def wheel_of(python):
    version = version_of(python)
    return wheel_for(version) or pytest.fail(f'there is no wheel for CPython {version}')


@pytest.fixture(scope='session')
def uv(tmp_path_factory):
    """Runs uv, which is a package of its own."""
    environment = Environment(newest(), tmp_path_factory.mktemp('uv') / 'venv')
    install_or_skip(environment, 'uv')

    def run(*arguments):
        subprocess.run([environment.folder / 'bin/uv', '--quiet', '--no-cache', *arguments],
                       check=True, env=bare_environment(SSL_CERT_FILE=CERTIFICATES))
    return run


@pytest.mark.parametrize('options', [[], ['--relocatable']], ids=['plain', 'relocatable'])
def test_an_environment_made_by_uv(uv, python, options, tmp_path):
    wheel = wheel_of(python)
    made = tmp_path / 'venv'
    uv('venv', '--python', python, *options, made)
    uv('pip', 'install', '--python', made / 'bin/python3', wheel)
    with Running(made / 'bin', tmp_path, HELLO) as running:
        assert running.get() == 'hello'
        assert running.python.endswith(f' of {made}/bin/python3')
    check = subprocess.run(
        [made / 'bin/geventd', '--check', '--set', 'app=app:app', '--set', f'app.virtualenv={made}',
         '--set', 'listen=http://127.0.0.1:0'], cwd=tmp_path, capture_output=True, text=True)
    assert check.returncode == 0, check.stderr
    uv('pip', 'uninstall', '--python', made / 'bin/python3', 'geventd')
    assert not [path for path in made.rglob('*')
                if path.is_file() and 'geventd' in str(path.relative_to(made))]


@pytest.mark.parametrize('by_module', [False, True], ids=['program', 'python-m'])
def test_a_folder_of_packages(python, by_module, tmp_path):
    """pip install --target: the interpreter is that of the wheel's version on PATH."""
    wheel = wheel_of(python)
    folder = tmp_path / 'packages'
    subprocess.run([python, '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install',
                    '--target', folder, wheel], check=True)
    real = python.parent / f'python{version_of(python)}'
    command = [real, '-m', 'geventd'] if by_module else [folder / 'bin/geventd']
    with Running(folder / 'bin', tmp_path, HELLO, command=command, PYTHONPATH=str(folder),
                 PATH=f'{python.parent}{os.pathsep}{os.environ["PATH"]}') as running:
        assert running.get() == 'hello'
        assert running.python.endswith(f' of {real}')
