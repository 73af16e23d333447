# SPDX-License-Identifier: MIT
"""The wheels of ./dev package wheel in environments of every interpreter that they are for."""
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
WHEELS = pathlib.Path(os.environ['GEVENTD_WHEELS'])
PYENV = pathlib.Path(os.environ.get('PYENV_ROOT', pathlib.Path.home() / '.pyenv'))
DEBIAN = pathlib.Path('/usr/bin/python3')
TEMPORARY = '/var/tmp'  # below what every user can pass
# Of what pyproject.toml takes; the index has no files of greenlet 2.0.0 itself for CPython 3.11.
OLDEST = ('gevent==22.10.2', 'greenlet==2.0.0.post0')
TELL = '''
import sys, gevent, greenlet
print('%d.%d.%d' % sys.version_info[:3], gevent.__version__, greenlet.__version__)
'''
NEWEST = ('gevent',)
VERSION_THAT_FITS = '''
import sys, sysconfig
if sys.version_info >= (3, 9) and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    print(*sys.version_info[:3])
'''

# The cells of the table that a run ends with; tests name theirs with the mark `column`.
COLUMNS = ('install', 'quick start', 'core', 'reload', 'upgrade', 'Django', 'Flask')
PROMISED = ('3.9', '3.10', '3.11', '3.12', '3.13', '3.14')  # whether or not they are here
installed = {}  # {name: what the environment consists of}


@functools.cache
def interpreters():
    """{name: (executable, requirements)}: Debian's, with the oldest and the newest gevent and
    greenlet, and the newest of pyenv's of each version that geventd is for; or those of
    $GEVENTD_PYTHONS. Whether there are wheels for them does not matter: a test tells what is
    missing."""
    named = [pathlib.Path(word) for word in os.environ.get('GEVENTD_PYTHONS', '').split()]
    numbered = sorted((version_that_fits(python), python)
                      for python in named or PYENV.glob('versions/3.*/bin/python3'))
    found = {}
    if not named or DEBIAN in named:
        found = {'debian': (DEBIAN, NEWEST), 'oldest': (DEBIAN, OLDEST)}
    return found | {'.'.join(map(str, number[:2])): (python, NEWEST)
                    for number, python in numbered if number and python != DEBIAN}


def version_that_fits(python):
    """(3, 12, 1); () if geventd is not for this interpreter."""
    said = subprocess.run([python, '-c', VERSION_THAT_FITS], capture_output=True, text=True).stdout
    return tuple(map(int, said.split()))


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
        if self.wheel is None:
            pytest.fail(f'there is no wheel for CPython {self.version} ({python}) in {WHEELS}: '
                        './dev package wheel makes those of all interpreters')

    def pip(self, *arguments):
        return subprocess.run(
            [self.python, '-m', 'pip', '--disable-pip-version-check', *arguments],
            check=True, capture_output=True, text=True).stdout

    def files(self):
        """All but the bytecode of other packages, which comes when they are imported."""
        return {path.relative_to(self.folder) for path in self.folder.rglob('*')
                if '__pycache__' not in path.parts or 'geventd' in path.parts}


def newest():
    """The executable of the newest of pyenv's interpreters, or Debian's."""
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
    name, (python, requirements) = request.param
    made = Environment(python, tmp_path_factory.mktemp(f'python-{name}') / 'venv')
    made.pip('install', str(made.wheel), *requirements, 'flask', 'django')
    installed[name] = 'CPython {}, gevent {}, greenlet {}'.format(*subprocess.run(
        [made.python, '-c', TELL], check=True, capture_output=True, text=True).stdout.split())
    return made


def pytest_collection_modifyitems(items):
    for item in items:
        mark = item.get_closest_marker('column')
        if mark:
            row = item.callspec.params['environment'][0]
            item.user_properties.append(('cell', (row, mark.args[0])))


def pytest_terminal_summary(terminalreporter):
    """One row for each interpreter and gevent, with what has not been run as well."""
    cells = {}
    for outcome in ('passed', 'skipped', 'failed', 'error'):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, cell in getattr(report, 'user_properties', ()):
                if name == 'cell':
                    cells[tuple(cell)] = outcome
    if not cells:
        return
    terminalreporter.section('interpreters')
    line = '{:8}' + ''.join(f'{{:{max(8, len(column) + 2)}}}' for column in COLUMNS) + '{}'
    terminalreporter.write_line(line.format('', *COLUMNS, 'with'))
    for name, (python, _) in interpreters().items():
        terminalreporter.write_line(line.format(
            name, *(cells.get((name, column), '-') for column in COLUMNS),
            installed.get(name, f'{python}: nothing was installed')))
    for name in PROMISED:
        if name not in interpreters():
            terminalreporter.write_line(f'{name:8}absent: pyenv has no such interpreter here')
