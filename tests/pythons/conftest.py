# SPDX-License-Identifier: MIT
"""The wheels of ./dev package wheel in environments of every interpreter that they are for."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

WHEELS = pathlib.Path(os.environ['GEVENTD_WHEELS'])
PYENV = pathlib.Path(os.environ.get('PYENV_ROOT', pathlib.Path.home() / '.pyenv'))


DEBIAN = pathlib.Path('/usr/bin/python3')
TEMPORARY = '/var/tmp'  # below what every user can pass
OLDEST_GEVENT = 'gevent==22.10.2'  # of what pyproject.toml takes


def interpreters():
    """{name: (executable, requirement)}: Debian's, with the oldest and the newest gevent, and the
    newest of pyenv's of each version with a wheel."""
    found = {}
    for python in sorted(PYENV.glob('versions/3.*/bin/python3'),
                         key=lambda path: [int(n) for n in re.findall(r'\d+', path.parts[-3])]):
        version = '.'.join(python.parts[-3].split('.')[:2])
        if wheel_for(version):
            found[version] = (python, 'gevent')
    return {'debian': (DEBIAN, 'gevent'), 'oldest': (DEBIAN, OLDEST_GEVENT), **found}


def wheel_for(version):
    return next(iter(sorted(WHEELS.glob(f'geventd-*-cp{version.replace(".", "")}-*.whl'))), None)


class Environment:
    """A virtual environment with geventd in it."""

    def __init__(self, python, folder):
        self.folder = folder
        self.python = folder / 'bin/python3'
        subprocess.run([python, '-m', 'venv', folder], check=True)
        self.version = subprocess.run(
            [self.python, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])'],
            check=True, capture_output=True, text=True).stdout.strip()
        self.wheel = wheel_for(self.version)

    def pip(self, *arguments):
        return subprocess.run(
            [self.python, '-m', 'pip', '--quiet', '--disable-pip-version-check', *arguments],
            check=True, capture_output=True, text=True).stdout

    def files(self):
        return {path.relative_to(self.folder) for path in self.folder.rglob('*')
                if '__pycache__' not in path.parts}


def newest():
    """The executable of the newest interpreter that there is a wheel for."""
    return list(interpreters().values())[-1][0]


def install_or_skip(environment, *packages):
    """What the index has no wheels of for this CPython is no fault of geventd."""
    try:
        environment.pip('install', '--only-binary=:all:', *packages)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ['pip said nothing'])[-1]
        pytest.skip(f'{" ".join(packages)} could not be installed: {last}')


@pytest.fixture(scope='module')
def public():
    """A folder that every user can read."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='geventd-', dir=TEMPORARY))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope='session', params=interpreters().items(), ids=lambda item: item[0])
def environment(request, tmp_path_factory):
    name, (python, gevent) = request.param
    made = Environment(python, tmp_path_factory.mktemp(f'python-{name}') / 'venv')
    if made.wheel is None:
        pytest.skip(f'there is no wheel for CPython {made.version} in {WHEELS}')
    made.pip('install', str(made.wheel), gevent, 'flask', 'django')
    return made
