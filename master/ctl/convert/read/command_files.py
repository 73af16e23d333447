# SPDX-License-Identifier: MIT
"""Files that start a server: Procfile, systemd unit, shell script; and which kind a file is."""
import os
import re

from ..model import Unreadable
from .dockerfile import from_dockerfile
from .scripts import command_of_script
from .shell import command_of, joined_lines
from .supervisord import from_supervisord, is_supervisord
from .surroundings import about_signal, assignments, placed


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
    command.remarks.append(f'In the Procfile write `{kind}: geventd -c FILE`.')
    return placed(command, path, on_paas=True)


# systemd's, of a unit of the system; those of the unit's name come from the file's.
SPECIFIERS = {'t': '/run', 'S': '/var/lib', 'C': '/var/cache', 'L': '/var/log', 'E': '/etc',
              'T': '/tmp', 'V': '/var/tmp', 'h': '/root', 'u': 'root', '%': '%'}


def specified(text, name):
    """The text with systemd's specifiers put in; %i of a template stays."""
    stem = name.rpartition('.')[0] or name
    prefix, at, instance = stem.partition('@')
    known = {**SPECIFIERS, 'n': name, 'N': stem, 'p': prefix}
    if instance or not at:
        known.update(i=instance, I=instance)
    return re.sub('%(.)', lambda match: known.get(match[1], match[0]), text)


def from_unit(text, path):
    """ExecStart of a systemd unit, and what the unit sets for it."""
    name = os.path.basename(path)
    environment, workdir, command, kept, stop = {}, '', None, [], ''
    for line, number in joined_lines(text, comments='#;'):
        key, equals, value = line.strip().partition('=')
        value = specified(value.strip(), name)
        if not equals:
            continue
        if key == 'ExecStart':
            command = command_of(value.lstrip('-@+!:'), f'{name}:{number}') or command
        elif key == 'Environment':
            environment.update(assignments(value))
        elif key == 'KillSignal':
            stop = value
        elif key == 'WorkingDirectory':
            workdir = value.lstrip('-')
        elif key in ('User', 'Group', 'EnvironmentFile', 'RuntimeDirectory') or (
                key.startswith(('Limit', 'Private', 'Protect', 'Capability', 'Restrict'))):
            kept.append(f'{key}={value}')
    if command is None:
        raise Unreadable(f'{path} starts neither uWSGI nor gunicorn')
    command.surrounding = environment
    command.chdir = command.chdir or workdir
    if kept:
        command.remarks.append('These lines stay in the unit: ' + ', '.join(kept) + '.')
    command.remarks += ['In the unit write Type=notify and ExecStart=GEVENTD -c FILE, where '
                        'GEVENTD is the path that `command -v geventd` prints there.',
                        *about_signal('KillSignal=', stop)]
    return placed(command, path, workdir, elsewhere=True)


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
