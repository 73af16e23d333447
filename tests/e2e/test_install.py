# SPDX-License-Identifier: MIT
"""What `meson install` puts where."""
import shutil
import subprocess

import pytest

from harness.limits import GEVENTCTL

PAGES = {'man1/geventctl.1', 'man5/geventd.yaml.5', 'man8/geventd.8'}


@pytest.mark.skipif(not shutil.which('scdoc'), reason='scdoc, which makes man pages, is missing')
def test_man_pages_are_installed_with_the_programs(tmp_path):
    subprocess.run(['meson', 'install', '-C', str(GEVENTCTL.parent), '--no-rebuild', '--quiet',
                    '--destdir', str(tmp_path)], check=True, capture_output=True)
    prefix = next(tmp_path.glob('**/bin/geventctl')).parent.parent
    pages = prefix / 'share/man'
    assert {str(page.relative_to(pages)) for page in pages.glob('*/*')} == PAGES
    assert '--no-wait' in (pages / 'man1/geventctl.1').read_text().replace('\\-', '-')
