# SPDX-License-Identifier: MIT
"""What `meson install` puts where."""
import shutil
import subprocess

import pytest

from harness.limits import ARTEFACTS, PYTHON

PAGES = {'man1/geventctl.1', 'man5/geventd.yaml.5', 'man8/geventd.8'}


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """The root of an installation."""
    root = tmp_path_factory.mktemp('root')
    subprocess.run(['meson', 'install', '-C', str(ARTEFACTS), '--no-rebuild', '--quiet',
                    '--destdir', str(root)], check=True, capture_output=True)
    return root


@pytest.mark.skipif(not shutil.which('scdoc'), reason='scdoc, which makes man pages, is missing')
def test_man_pages_are_installed_with_the_programs(installed):
    prefix = next(installed.glob('**/bin/geventctl')).parent.parent
    pages = prefix / 'share/man'
    assert {str(page.relative_to(pages)) for page in pages.glob('*/*')} == PAGES
    assert '--no-wait' in (pages / 'man1/geventctl.1').read_text().replace('\\-', '-')


def test_stubs_are_installed_where_the_interpreter_has_its_packages(installed):
    tell = 'import sysconfig; print(sysconfig.get_path("purelib"))'
    folder = subprocess.run([PYTHON, '-c', tell], check=True, capture_output=True,
                            text=True).stdout.strip()
    for stub in ('geventd-stubs/__init__.pyi', 'uwsgi.pyi'):
        assert (installed / folder.lstrip('/') / stub).is_file()
