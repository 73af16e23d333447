# SPDX-License-Identifier: MIT
import os
import pathlib

import pytest

import builds
from root import Root


@pytest.fixture(scope='session')
def build_folder(tmp_path_factory):
    """Builds all packages. $GEVENTD_PACKAGES: a folder that keeps them for the next run."""
    kept = os.environ.get('GEVENTD_PACKAGES')
    return pathlib.Path(kept) if kept else tmp_path_factory.mktemp('packages')


# $GEVENTD_SUITES names other suites, such as trixie.
@pytest.fixture(scope='session', params=os.environ.get('GEVENTD_SUITES', 'bookworm').split(','))
def suite(request):
    return request.param


@pytest.fixture(scope='session')
def debs(build_folder, suite):
    folder = build_folder / suite
    folder.mkdir(parents=True, exist_ok=True)
    return builds.debs(folder, suite)


@pytest.fixture(scope='session')
def rpms(build_folder):
    folder = build_folder / 'rpm'
    folder.mkdir(parents=True, exist_ok=True)
    return builds.rpms(folder)


def newest_of_pyenv(version):
    """The folder of its newest CPython of this version, or None."""
    pyenv = pathlib.Path(os.environ.get('PYENV_ROOT', pathlib.Path.home() / '.pyenv'))
    found = [path for path in pyenv.glob(f'versions/{version}.*') if path.name[-1].isdigit()]
    return max(found, key=lambda path: int(path.name.rpartition('.')[2]), default=None)


@pytest.fixture(scope='session')
def pyenv_python():
    """The folder of a CPython 3.13, with which images of Python are imitated."""
    return newest_of_pyenv('3.13') or pytest.skip('pyenv has no CPython 3.13 here')


@pytest.fixture(scope='session')
def wheels(build_folder, pyenv_python):
    folder = build_folder / 'wheels'
    folder.mkdir(parents=True, exist_ok=True)
    return builds.wheels(folder, ['/usr/bin/python3', pyenv_python / 'bin/python3'])


@pytest.fixture(scope='session')
def wheels_of_another(build_folder, suite):
    """A wheel for the Python of this suite, which need not be the host's: made with pyenv's Python
    of that version, or with the suite's own."""
    pythons = []
    if 'GEVENTD_WHEELS' not in os.environ:
        folder = newest_of_pyenv(builds.PYTHONS[suite])
        pythons = [folder / 'bin/python3' if folder else builds.debian_python(suite)]
    return builds.wheels(build_folder / f'wheels-{suite}', pythons)


@pytest.fixture
def root(tmp_path, suite):
    root = Root(suite, tmp_path / 'root')
    yield root
    root.close()
