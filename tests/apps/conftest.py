# SPDX-License-Identifier: MIT
import pytest

import databases

pytest_plugins = ['harness.fixtures']


@pytest.fixture(scope='session')
def postgres():
    """The environment that connects libpq to this test run's own PostgreSQL."""
    with databases.postgres() as environment:
        yield environment


@pytest.fixture(scope='session')
def redis():
    """The path of the socket of this test run's own Redis."""
    with databases.redis() as path:
        yield path
