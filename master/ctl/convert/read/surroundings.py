# SPDX-License-Identifier: MIT
"""What images, units and the like give a command beside its words."""
import os
import shlex

from .places import Places
from .shell import Command


def about_signal(word, name):
    """What to know if a stop is told by uWSGI's or gunicorn's signal for a fast one."""
    return [f'Leave {word}{name} out: geventd then stops at once and cuts requests.'] if (
        name.upper().removeprefix('SIG') in ('QUIT', '3')) else []


def assignments(text):
    """{name: value} of NAME=value NAME="another value", or of the old form NAME value."""
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    if words and '=' not in words[0]:
        return {words[0]: ' '.join(words[1:])}
    return dict(word.split('=', 1) for word in words if '=' in word)


def placed(command: Command, path, workdir='', on_paas=False, elsewhere=False):
    command.places = Places(os.path.dirname(path), workdir, elsewhere)
    command.on_paas = on_paas
    return command
