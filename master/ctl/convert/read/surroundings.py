# SPDX-License-Identifier: MIT
"""What images, units and the like give a command beside its words."""
import os
import shlex

from .beside import joined
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


def placed(command: Command, path, workdir='', on_paas=False, elsewhere=False,
           sources=None):
    """The Command with the places of its files; it may change its folder itself."""
    workdir = joined(workdir, command.chdir)
    if workdir and command.chdir_key == 'cd':
        command.chdir = workdir
    folder = os.path.join(os.path.dirname(path), '' if elsewhere else command.chdir)
    command.places = Places(folder if os.path.isdir(folder) else os.path.dirname(path), workdir,
                            elsewhere, sources)
    command.on_paas = on_paas
    return command
