# SPDX-License-Identifier: MIT
"""Files that start a server: Procfile, Dockerfile, systemd unit, shell script."""
import json
import os
import re
import shlex

from ..model import Unreadable
from .places import Places
from .shell import (Command, command_of, command_of_script, command_of_words, joined_lines,
                    spell_variables)


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


def from_dockerfile(text, path):
    """ENTRYPOINT and CMD of the last stage, and what ENV and WORKDIR set for them."""
    name = os.path.basename(path)
    parts, environment, workdir, stop = {}, {}, '', ''
    for line, number in joined_lines(text):
        instruction, _, rest = line.strip().partition(' ')
        instruction, rest = instruction.upper(), rest.strip()
        if instruction == 'FROM':
            parts = {}
        elif instruction == 'ENV':
            environment.update(assignments(rest))
        elif instruction == 'WORKDIR':
            workdir = rest.strip('"\'')
        elif instruction == 'STOPSIGNAL':
            stop = rest
        elif instruction in ('CMD', 'ENTRYPOINT'):
            parts[instruction] = (image_words(rest), number)
    words = [word for part in ('ENTRYPOINT', 'CMD') for word in parts.get(part, ([], 0))[0]]
    number = max((number for _, number in parts.values()), default=0)
    command = command_of_words(words, f'{name}:{number}') or script_beside(words, path, workdir)
    if command is None:
        raise Unreadable(f'{path} starts neither uWSGI nor gunicorn; if a script does, convert '
                         'that, or its command line after --')
    command.surrounding = environment
    command.remarks += ['In the Dockerfile write `CMD ["geventd", "-c", "FILE"]`.',
                        *about_signal('STOPSIGNAL ', stop)]
    return placed(command, path, workdir, elsewhere=True)


def about_signal(word, name):
    """What to know if a stop is told by uWSGI's or gunicorn's signal for a fast one."""
    return [f'Leave {word}{name} out: geventd then stops at once and cuts requests.'] if (
        name.upper().removeprefix('SIG') in ('QUIT', '3')) else []


def image_words(text):
    """The exec form is a JSON list of texts, without a shell; all else is a line for sh -c."""
    try:
        words = json.loads(text) if text.startswith('[') else []
        if words and all(isinstance(word, str) for word in words):
            return [word.replace('${', '$${') for word in words]
    except (ValueError, RecursionError):
        pass
    try:
        return shlex.split(spell_variables(text))
    except ValueError:
        return []


def script_beside(words, path, workdir):
    """The command of the image's own script, if it lies beside the Dockerfile."""
    places = Places(os.path.dirname(path), workdir, elsewhere=True)
    for word in words:
        script = places.find(word)
        if os.path.isfile(script):
            with open(script, encoding='utf-8', errors='replace') as file:
                return command_of_script(file.read(), os.path.basename(script))
    return None


def assignments(text):
    """{name: value} of NAME=value NAME="another value", or of the old form NAME value."""
    try:
        words = shlex.split(text)
    except ValueError:
        return {}
    if words and '=' not in words[0]:
        return {words[0]: ' '.join(words[1:])}
    return dict(word.split('=', 1) for word in words if '=' in word)


def from_unit(text, path):
    """ExecStart of a systemd unit, and what the unit sets for it."""
    name = os.path.basename(path)
    environment, workdir, command, kept, stop = {}, '', None, [], ''
    for line, number in joined_lines(text, comments='#;'):
        key, equals, value = line.strip().partition('=')
        value = value.strip()
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
    command.chdir = workdir
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


def placed(command: Command, path, workdir='', on_paas=False, elsewhere=False):
    command.places = Places(os.path.dirname(path), workdir, elsewhere)
    command.on_paas = on_paas
    return command


def kind_of(text, path):
    """The function above that reads the file."""
    name = os.path.basename(path)
    if name == 'Procfile' or name.startswith('Procfile.'):
        return from_procfile
    if re.search(r'(^|[._-])(Dockerfile|Containerfile)', name, re.I) \
            or re.search(r'^FROM \S+', text, re.M):
        return from_dockerfile
    if name.endswith('.service') or re.search(r'^ExecStart\s*=', text, re.M):
        return from_unit
    return from_script
