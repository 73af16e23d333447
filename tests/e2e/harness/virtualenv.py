# SPDX-License-Identifier: MIT
"""Virtual environments of Debian's Python."""
import subprocess

from .limits import PYTHON


def make_virtualenv(folder, packages):
    """Makes one with packages of the index in the folder, which is returned. It sees the system's
    packages, too."""
    subprocess.run([PYTHON, '-m', 'venv', '--system-site-packages', folder], check=True)
    subprocess.run([folder / 'bin/pip', 'install', '--quiet', *packages], check=True)
    return folder


def environment_of(folder, version, home='/usr/bin', python=PYTHON):
    """A virtual environment, as far as geventd looks at it; `python` None: a copy that nobody could
    run."""
    (folder / 'bin').mkdir(parents=True)
    short = '.'.join(version.split('.')[:2])
    (folder / f'lib/python{short}/site-packages').mkdir(parents=True)
    (folder / 'pyvenv.cfg').write_text(
        f'home = {home}\ninclude-system-site-packages = true\nversion = {version}\n')
    if python is None:
        (folder / 'bin/python3').write_text('#!/bin/false\n')
        (folder / 'bin/python3').chmod(0o755)
    else:
        (folder / 'bin/python3').symlink_to(python)
    return folder
