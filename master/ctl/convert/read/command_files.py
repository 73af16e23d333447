# SPDX-License-Identifier: MIT
"""Files that start a server: Procfile, systemd unit, shell script; and which kind a file is."""
import os
import re

from ..model import Unreadable
from .dockerfile import from_dockerfile
from .scripts import command_of_script
from .shell import command_of, joined_lines
from .supervisord import from_supervisord, is_supervisord
from .surroundings import placed
from .unit import from_unit


def from_procfile(text, path):
    """The line web:, or else the first that starts a server."""
    name = os.path.basename(path)
    found = {}
    for line, number in joined_lines(text):
        kind, colon, words = line.partition(':')
        command = command_of(words, f'{name}:{number}') if colon else None
        if command:
            found.setdefault(kind.strip(), command)
    if not found:
        raise Unreadable(f'{path} starts neither uWSGI nor gunicorn')
    kind = 'web' if 'web' in found else next(iter(found))
    command = found[kind]
    command.remarks += [f'{other.place} ({name}:) starts {other.server} too; this is {kind}:.'
                        for name, other in found.items() if other is not command]
    command.remarks.append(f'In the Procfile write `{kind}: geventd -c FILE`.')
    return placed(command, path, on_paas=True)


def from_script(text, path):
    command = command_of_script(text, os.path.basename(path))
    if command is None:
        raise Unreadable(f'{path} is neither a configuration of uWSGI or gunicorn nor a file that '
                         'starts one of them')
    command.remarks.append('In the script write `exec geventd -c FILE`.')
    return placed(command, path)


def kind_of(text, path):
    """The function above that reads the file."""
    name = os.path.basename(path)
    if name == 'Procfile' or name.startswith('Procfile.'):
        return from_procfile
    if re.search(r'(^|[._-])(Dockerfile|Containerfile)', name, re.I) \
            or re.search(r'^FROM \S+', text, re.M):
        return from_dockerfile
    if is_supervisord(text):
        return from_supervisord
    if name.endswith('.service') or re.search(r'^ExecStart\s*=', text, re.M):
        return from_unit
    return from_script
