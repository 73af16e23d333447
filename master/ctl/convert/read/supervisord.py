# SPDX-License-Identifier: MIT
"""supervisord's configuration: the program that starts a server, and what stands around it."""
import configparser
import os
import re
import shlex

from ..model import Patience, Unreadable
from .shell import command_of_words
from .surroundings import about_signal, placed

SECTION = re.compile(r'^\[program:[^\]]+\]', re.M)
KEPT = ('user', 'stopwaitsecs')
EXPANSION = re.compile(r'%\((\w+)\)[sd]|%%')


def is_supervisord(text):
    """A file of uWSGI's has a section [uwsgi] and no programs."""
    return SECTION.search(text) is not None


def from_supervisord(text, path):
    """The first [program:x] that starts a server."""
    name, programs = os.path.basename(path), programs_of(text, path)
    started = {program: command_in(options, f'{name}:{line_of(text, program)}')
               for program, options in programs.items()}
    started = {program: command for program, command in started.items() if command}
    if not started:
        raise Unreadable(f'{path} starts neither uWSGI nor gunicorn')
    program, command = next(iter(started.items()))
    options = programs[program]
    command.surrounding = variables_in(options)
    folder = options.get('directory', '')
    if not command.chdir:
        command.chdir, command.chdir_key = folder, 'directory'
    command.patience = Patience(
        seconds_of(options.get('stopwaitsecs', '')), f'stopwaitsecs={options["stopwaitsecs"]}'
        if 'stopwaitsecs' in options else 'supervisord\'s default is stopwaitsecs=10',
        f'Raise it in [program:{program}].')
    kept = [f'{key}={options[key]}' for key in KEPT if key in options]
    if kept:
        command.remarks.append(f'These lines stay in [program:{program}]: {", ".join(kept)}.')
    others = [f'[program:{other}]' for other in started if other != program]
    if others:
        command.remarks.append(f'{name} has further servers, which were not read: '
                               f'{", ".join(others)}. Convert their command lines after --.')
    command.remarks += [f'In [program:{program}] write command=GEVENTD -c FILE, where GEVENTD is '
                        'the path that `command -v geventd` prints there.',
                        *about_signal('stopsignal=', options.get('stopsignal', ''))]
    return placed(command, path, folder, elsewhere=True)


def seconds_of(text, default=10):
    return int(text) if text.strip().isdigit() else default


def programs_of(text, path):
    """{program: {key: value}}, as supervisord reads its files."""
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(';', '#'))
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unreadable(f'{path}: {error.message}') from None
    here = os.path.dirname(os.path.abspath(path))
    return {section[len('program:'):]: {
        key: expanded(value, {'here': here, 'program_name': section[len('program:'):]})
        for key, value in parser.items(section)}
        for section in parser.sections() if section.startswith('program:')}


def expanded(text, known):
    """%(ENV_NAME)s is a variable for geventd, %(here)s and the program's name are put in; a literal
    ${ is no variable, as no shell reads the line."""
    def put_in(match):
        if match[0] == '%%':
            return '%'
        name = match[1]
        return '${' + name[len('ENV_'):] + '}' if name.startswith('ENV_') else (
            known.get(name, match[0]))
    return EXPANSION.sub(put_in, text.replace('${', '$${'))


def command_in(options, place):
    try:
        return command_of_words(shlex.split(options.get('command', '')), place)
    except ValueError:
        return None


def line_of(text, program):
    """The line of the program's command."""
    before, _, section = text.partition(f'[program:{program}]')
    inside = re.match(r'(?:(?!\[)[^\n]*\n)*?(?=\s*command\s*[=:])', section)
    return before.count('\n') + 1 + (inside[0].count('\n') if inside else 0)


def variables_in(options):
    """{NAME: value} of environment=NAME="value",OTHER=value."""
    lexer = shlex.shlex(options.get('environment', ''), posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ',\n', True, ''
    try:
        return {name.strip(): value for name, equals, value in (
            word.partition('=') for word in lexer) if equals}
    except ValueError:
        return {}
