# SPDX-License-Identifier: MIT
"""uWSGI's for and if: decided while converting, with the environment of now."""
import glob
import os
import re
import socket

from ..model import Unreadable

MOST_ROUNDS = 1000
ENDS = ('end', 'endfor', 'endif', 'end-if', 'end-for')
ALIASES = {'ifenv': 'if-env', 'ifexists': 'if-exists', 'ifplugin': 'if-plugin', 'ifdir': 'if-dir',
           'if-directory': 'if-dir'}


class Logic:
    """Stands between the reader and the list of options: for each option says how often, and
    with which values, it counts."""

    def __init__(self):
        self.decisions = []  # sentences about what was decided
        self._values = None  # what %(_) stands for; None: outside of for and if
        self._failed = False

    def expand(self, name, value, known):
        """The values with which the option counts; an empty list if it does not count.
        `known`: {name: value} of the options so far."""
        if name in ENDS:
            self._values, self._failed = None, False
            return []
        if name == 'else':
            self._values = [''] if self._failed else []
            return []
        if self._values is None:
            values = self._begin(ALIASES.get(name, name), value, known)
            if values is None:
                return [value]
            self._values, self._failed = values, not values
            self.decisions.append(describe(name, value, values))
            return []
        return [value.replace('%(_)', each) for each in self._values]

    def _begin(self, name, value, known):
        """What for and if begin with; None for any other option."""
        if name == 'for':
            return value.split()
        if name == 'for-glob':
            return sorted(glob.glob(value)) or [value]
        if name == 'for-times':
            return [str(i + 1) for i in range(rounds(value))]
        if name == 'for-readline':
            return lines_of(value)
        if name.startswith('if-'):
            negated = name.startswith('if-not-')
            found = condition(name[len('if-not-' if negated else 'if-'):], value, known)
            if found is not None:
                return [found or value] if (found != '') != negated else []
        return None


def rounds(text):
    """How often for-times goes through its options."""
    if not re.fullmatch(r'[0-9]{1,9}', text):
        return 0
    if int(text) > MOST_ROUNDS:
        raise Unreadable(f'{text} times are more than {MOST_ROUNDS}')
    return int(text)


def condition(kind, value, known):
    """The text that %(_) stands for if the condition holds, '' if not, None for an unknown one."""
    name, equals, wanted = value.partition('=')
    if kind in ('env', 'opt'):
        found = (os.environ if kind == 'env' else known).get(name)
        if found is None or (equals and found != wanted):
            return ''
        return found or ' ' if kind == 'opt' else f'${{{name}}}'  # its value may be a secret
    tests = {'exists': os.path.exists, 'file': os.path.isfile, 'dir': os.path.isdir,
             'hostname': lambda name: name == socket.gethostname(),
             'hostname-match': is_hostname_like,
             'plugin': lambda name: name in ('python', 'python3', 'gevent', 'http'),
             'reload': lambda _: False}
    if kind not in tests:
        return None
    return value if tests[kind](value) else ''


def is_hostname_like(expression):
    try:
        return re.search(expression, socket.gethostname()) is not None
    except (re.error, RecursionError, OverflowError) as error:
        raise Unreadable(f'{expression} is no regular expression: {error}') from None


def lines_of(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read().splitlines()
    except OSError:
        return []


def describe(name, value, values):
    text = f'{name} = {value}'
    if name.startswith('for'):
        return f'`{text}` was gone through {len(values)} times while converting.'
    return f'`{text}` was {"true" if values else "false"} while converting.'
