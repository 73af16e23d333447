# SPDX-License-Identifier: MIT
"""Virtual environments of Debian's Python with packages of the index."""
import subprocess

from .limits import PYTHON


def make_virtualenv(folder, packages):
    """Makes it in the folder, which is returned. It sees the system's packages, too."""
    subprocess.run([PYTHON, '-m', 'venv', '--system-site-packages', folder], check=True)
    subprocess.run([folder / 'bin/pip', 'install', '--quiet', *packages], check=True)
    return folder
