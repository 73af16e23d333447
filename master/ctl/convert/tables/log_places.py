# SPDX-License-Identifier: MIT
"""Where lines go: from the spellings of uWSGI and gunicorn to log.file and log.access-file."""
import re

from .values import is_open, of_now

OWN_WORDS = ('stdout', 'stderr', 'syslog', 'journald')
STANDARD = {'/dev/stdout': 'stdout', '/dev/fd/1': 'stdout', '/proc/self/fd/1': 'stdout',
            '/dev/stderr': 'stderr', '/dev/fd/2': 'stderr', '/proc/self/fd/2': 'stderr'}
WITHOUT_DEFAULT = re.compile(r'\$\{\w+(:-)?\}')


def place_of(path):
    """The path of a file, or geventd's word for what it stands for. A file that has such a word for
    its name is written ./stdout."""
    return f'./{path}' if path in OWN_WORDS else STANDARD.get(path, path)


def place_to_be(option):
    """The option as it can stay open until the start: each of its variables must have a default,
    since an empty place means something else to each server."""
    return of_now(option) if WITHOUT_DEFAULT.search(str(option.value)) else option


def set_access_file(draft, option, place):
    """log.access-file, unless the log has that place already or takes it away."""
    setting = draft.settings.get('log.file')
    log = str(setting.value) if setting else 'stderr'
    if place == log:
        draft.settings['log.access'].comments.append(option.origin())
    elif place in ('stderr', 'syslog', 'journald'):
        draft.leave_out(option, f'{place} can be the place of log.file only',
                        'log.access-file: the path of a file')
    elif place == 'stdout' and log != 'stderr' and not is_open(log):
        draft.leave_out(option, f'what goes to stdout goes to log.file too, which is {log}',
                        'log.access-file: the path of a file')
    else:
        draft.set('log.access-file', place, option.origin())
