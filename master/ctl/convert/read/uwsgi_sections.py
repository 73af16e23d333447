# SPDX-License-Identifier: MIT
"""Sections of a uWSGI file beside the one that is taken when none is named."""
import os

INCLUDES = ('ini', 'yaml', 'yml', 'json', 'js', 'xml', 'config', 'include', 'inherit')
# Options that a whole configuration has, and other programs' sections in the same file have not.
OF_A_SERVER = {'http', 'http-socket', 'socket', 'uwsgi-socket', 'https', 'module', 'wsgi',
               'wsgi-file', 'mount', 'gevent', 'processes', 'master', 'env', 'static-map'}


def included_by(options, path):
    """The sections of this file that the options of one include."""
    pairs = [value.rpartition(':') for name, value, _ in options if name in INCLUDES]
    here = ('', path, os.path.basename(path), '%p')
    return {section or 'uwsgi' for file, _, section in pairs if file in here}


def reached_from(sections, first, path):
    """The section and what it includes, directly or not."""
    reached, waiting = set(), {first}
    while waiting:
        section = waiting.pop()
        reached.add(section)
        waiting |= included_by(sections.get(section, []), path) - reached
    return reached


def about_others(sections, section, path):
    """A sentence on further configurations in the file; '' if there are none."""
    others = [name for name in sections if name not in reached_from(sections, section, path)]
    bigger = [name for name in others if section in included_by(sections[name], path)]
    alike = [name for name in others if OF_A_SERVER & {each for each, _, _ in sections[name]}]
    named = list(dict.fromkeys(bigger + alike))
    if not named:
        return ''
    shown = ', '.join(f'{name}, which includes {section}' if name in bigger else name
                      for name in named)
    return (f'{os.path.basename(path)} has further sections, which were not read: {shown}. If the '
            f'server was started with one of them, convert that: `geventctl convert '
            f'{path}:{named[0]}`.')
