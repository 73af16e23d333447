# SPDX-License-Identifier: MIT
import pytest

import databases

pytest_plugins = ['harness.fixtures']


@pytest.fixture(scope='session')
def postgres():
    """The environment of libpq for a PostgreSQL of this test run's own."""
    with databases.postgres() as environment:
        yield environment


@pytest.fixture(scope='session')
def redis():
    """The path of the socket of a Redis of this test run's own."""
    with databases.redis() as path:
        yield path
