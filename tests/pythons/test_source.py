# SPDX-License-Identifier: MIT
"""The source archive, compiled by pip: minutes for each interpreter, so only with
`./dev test --pythons -m compiles`."""
import pytest

from conftest import WHEELS, Environment, newest
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
