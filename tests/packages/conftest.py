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


@pytest.fixture
def root(tmp_path, suite):
    root = Root(suite, tmp_path / 'root')
    yield root
    root.close()
