# SPDX-License-Identifier: MIT
"""Where the programs are, and how long a test waits before it gives up on an event."""
import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
EXAMPLES = REPOSITORY / 'examples'
BUILD = pathlib.Path(os.environ.get('GEVENTD_BUILD', REPOSITORY / 'build'))
ARTEFACTS = pathlib.Path(os.environ.get('GEVENTD_ARTEFACTS', BUILD))  # of Meson's
GEVENTD = BUILD / 'geventd'
GEVENTCTL = BUILD / 'geventctl'
PYTHON = '/usr/bin/python3'
# What runs the applications: the program that embeds CPython, or python3 with geventd's module.
IS_MODULE = os.environ.get('GEVENTD_HOST') == 'module'

SANITIZED = 'GEVENTD_SANITIZED' in os.environ
# No test depends on this being short: it only limits how long a failing one takes.
DEADLINE = 90 if SANITIZED else 30
