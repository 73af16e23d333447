# SPDX-License-Identifier: MIT
"""The sources, compiled by pip or Meson for other interpreters than Debian's: minutes for each, so
only with `./dev test --pythons -m compiles`."""
import json
import subprocess

import pytest

from conftest import REPOSITORY, WHEELS, Environment, newest
from serving import HELLO, Running

pytestmark = pytest.mark.compiles


def test_pip_compiles_the_archive(tmp_path):
    archive, = WHEELS.glob('geventd-*.tar.gz')
    made = Environment(newest(), tmp_path / 'venv')
    made.pip('install', str(archive))
    assert not {path.name for path in made.folder.rglob('*') if path.name in ('libev.a', 'ev.h')}
    with Running(made.folder / 'bin', tmp_path, HELLO) as running:
        assert running.get() == 'hello'
        assert running.python.endswith(f' of {made.python}')


def configured(made, build, *options):
    """The result of `meson setup`, for the interpreter of an environment."""
    return subprocess.run(
        ['meson', 'setup', build, f'-Dpython={made.python}', '-Dtests=disabled', '-Dman=disabled',
         *options], cwd=REPOSITORY, capture_output=True, text=True)


def sysconfig(made, expression):
    return subprocess.run([made.python, '-c', f'import sysconfig; print(sysconfig.{expression})'],
                          check=True, capture_output=True, text=True).stdout.strip()


def test_a_greenlet_that_is_missing_is_told(tmp_path):
    made = Environment(newest(), tmp_path / 'venv')
    made.pip('install', 'setuptools')  # for Debian's Meson, from CPython 3.12 on
    told = configured(made, tmp_path / 'build')
    assert told.returncode != 0
    assert f'is missing in {made.python}: install it with {made.python} -m pip' in told.stdout


@pytest.mark.parametrize('own_prefix', [False, True])
def test_the_stubs_lie_where_the_interpreter_looks_or_below_the_prefix(own_prefix, tmp_path):
    """Nothing is written outside a prefix of one's own, unless its folder is named."""
    made = Environment(newest(), tmp_path / 'venv')
    made.pip('install', 'setuptools', 'greenlet')
    options = [f'--prefix={tmp_path / "prefix"}'] if own_prefix else []
    told = configured(made, tmp_path / 'build', *options)
    assert told.returncode == 0, told.stdout
    files = json.loads(subprocess.run(
        ['meson', 'introspect', '--installed', tmp_path / 'build'], check=True,
        capture_output=True, text=True).stdout)
    place, = (path for path in files.values() if path.endswith('/uwsgi.pyi'))
    packages = sysconfig(made, 'get_path("purelib")')
    assert place == (f'{tmp_path}/prefix/lib/python{made.version}/site-packages/uwsgi.pyi'
                     if own_prefix else f'{packages}/uwsgi.pyi')


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """(environment, prefix): geventd built and installed for the interpreter of an environment that
    has gevent and no geventd."""
    folder = tmp_path_factory.mktemp('source')
    made = Environment(newest(), folder / 'venv')
    made.pip('install', 'setuptools', 'gevent')
    told = configured(made, folder / 'build', '-Dhosts=embedded,module',
                      f'--prefix={folder / "prefix"}')
    assert told.returncode == 0, told.stdout
    subprocess.run(['ninja', '-C', folder / 'build'], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['meson', 'install', '-C', folder / 'build', '--quiet'], check=True)
    return made, folder / 'prefix'


def test_an_installed_worker_finds_its_libpython(installed, tmp_path):
    made, prefix = installed
    said = subprocess.run(['readelf', '--dynamic', prefix / 'libexec/geventd/geventd-worker'],
                          check=True, capture_output=True, text=True).stdout
    folder = sysconfig(made, 'get_config_var("LIBDIR")')
    assert f'[{folder}]' in said
    with Running(prefix / 'bin', tmp_path, HELLO, command=[prefix / 'sbin/geventd'],
                 PYTHONPATH=sysconfig(made, 'get_path("platlib")')) as running:
        assert running.get() == 'hello'
        assert running.python.endswith(', embedded')


def test_an_installed_module_runs_in_environments(installed, tmp_path):
    made, prefix = installed
    with Running(prefix / 'bin', tmp_path, HELLO, command=[prefix / 'sbin/geventd'],
                 settings=[f'app.virtualenv={made.folder}']) as running:
        assert running.get() == 'hello'
        assert running.python.endswith(f' of {made.python}')
