# SPDX-License-Identifier: MIT
"""uWSGI's options from its files, its command line and its environment, with includes followed
and everything put in that stands for something else."""
import collections
import dataclasses
import os

from ..model import Found, Option, Unreadable
from . import uwsgi_magic, uwsgi_words
from .places import Places
from .uwsgi_files import PARSERS, sections_of_ini
from .uwsgi_logic import ENDS, Logic
from .uwsgi_sections import about_others
from .variables import may_hold_options

INCLUDES = {'ini': '.ini', 'xml': '.xml', 'xmlconfig': '.xml', 'yaml': '.yaml', 'yml': '.yaml',
            'json': '.json', 'js': '.json', 'config': '', 'inherit': '', 'include': ''}
PASTE = ('ini-paste', 'ini-paste-logged')  # their file has options too, in its section uwsgi
PROCESSES = ('processes', 'workers')
PLACEHOLDERS = ('set', 'set-placeholder', 'set-ph')
OWN_VARIABLES = ('UWSGI_ORIGINAL_PROC_NAME', 'UWSGI_RELOADS')  # of a running uWSGI
MOST_INCLUDES = 50


class UwsgiReader:
    """Collects options in uWSGI's order. `found` is the result, after finish()."""

    def __init__(self, source, places=None):
        self._places = places or Places()
        self.found = Found('uwsgi', [], source=source)
        self._logic = Logic()
        self._first_magic = None
        self._last_file = None
        self._includes = 0

    def add_environment(self, environment):
        """UWSGI_NAME=value; several values of one option stand one after the other."""
        for key, value in environment.items():
            name = key[len('UWSGI_'):].lower().replace('_', '-')
            if key.startswith('UWSGI_') and key not in OWN_VARIABLES:
                self._add(name, escape(value), f'{key}={value}', 'environment')

    def add_named_file(self, path):
        """The one that the user names: without a section it may be another one that is meant."""
        self.add_file(path)
        name, section = split_section(path)
        sections = parser_of(name)(read_text(name))
        told = '' if section or 'uwsgi' not in sections else about_others(sections, 'uwsgi', name)
        self.found.remarks += [told] if told else []

    def add_command_line(self, words, place, _environment):
        """Words after the program's name, in which ${NAME} is a variable."""
        for name, value, line in uwsgi_words.parse(words):
            if name:
                self._add(name, value, line, place)
            else:
                self.found.remarks.append(may_hold_options(value))

    def add_file(self, path, extension='', may_lack_section=False):
        """path, path:section or :section of the file before; the extension tells the format when
        it is not the file's own."""
        name, section = split_section(path)
        name = name or self._last_file or ''
        self._includes += 1
        if self._includes > MOST_INCLUDES:
            raise Unreadable(f'{name}: the files include one another without end')
        text = read_text(name)
        magic = uwsgi_magic.magic_of(name, section, self._first_magic)
        self._first_magic = self._first_magic or magic
        extension = extension or os.path.splitext(name)[1].lower()
        parse = parser_of(extension)
        try:
            sections = parse(uwsgi_magic.put_in_magic(text, magic))
        except Unreadable as error:
            raise Unreadable(f'{name}: {error}') from None
        if parse is sections_of_ini:
            self._last_file = name  # which `ini = :section` means
        lines = text.split('\n')
        options = [] if may_lack_section and 'uwsgi' not in sections else self._choose(
            sections, section or 'uwsgi', name)
        counts = collections.Counter(number for _, _, number in options)
        for key, value, number in options:
            line = lines[number - 1].strip() if counts[number] == 1 else (
                uwsgi_magic.with_cpus(f'{key} = {value}'))
            self._add(key, escape(value), line, f'{os.path.basename(name)}:{number}',
                      os.path.dirname(name))

    def _choose(self, sections, section, path):
        """The options of a section; of the only one there is when the asked one is missing."""
        if section in sections:
            return sections[section]
        if len(sections) != 1:
            known = ', '.join(sections) or 'none'
            raise Unreadable(f'{path}: there is no section {section} (there are: {known}); '
                             f'name one: {path}:SECTION')
        only, options = next(iter(sections.items()))
        self.found.remarks.append(f'{path} has no section {section}; its section {only} was taken.')
        return options

    def _add(self, name, value, line, place, folder=''):
        known = {option.name: option.value for option in reversed(self.found.options)}
        value = uwsgi_magic.with_cpus(value) if name.startswith(('for', 'if')) else value
        for each in self._expand(name, value, known, line, place):
            if name in PLACEHOLDERS and '=' in each:
                key, _, each = each.partition('=')
                self.found.options.append(Option(key, each, line, place))
            elif name in INCLUDES:
                self._include(name, each, folder)
            else:
                self.found.options.append(Option(name, each, line, place))
                if name in PASTE:
                    self._include(name, each, folder)

    def _expand(self, name, value, known, line, place):
        try:
            return self._logic.expand(name, value, known)
        except Unreadable as error:
            raise Unreadable(f'{place}: {line}: {error}') from None

    def _include(self, name, value, folder):
        """Includes are followed at once; their names may hold variables, of now."""
        path, section = split_section(uwsgi_magic.present_value(self._put_in(value)))
        if path and not self._places.is_here(path):
            path = Places(folder).find(self._places.find(path))
        self.add_file(f'{path}:{section}' if section else path,
                      extension=INCLUDES.get(name, '.ini'), may_lack_section=name in PASTE)

    def _put_in(self, value):
        """Replaces $(ENV), @(file) and %(name) in a value, in this order as uWSGI does."""
        values = {option.name: option.value for option in reversed(self.found.options)}
        for symbol, lookup in (('$', uwsgi_magic.variable), ('@', uwsgi_magic.file_content),
                               ('%', lambda name: uwsgi_magic.placeholder(name, values))):
            value = uwsgi_magic.replace(value, symbol, lookup)
        return uwsgi_magic.with_cpus(value)

    def finish(self):
        """The options with everything put in."""
        self._keep_formulas()
        for symbol, lookup in (('$', uwsgi_magic.variable), ('@', file_content_of_now),
                               ('%', self._placeholder)):
            for index, option in enumerate(self.found.options):
                value = uwsgi_magic.with_cpus(
                    uwsgi_magic.replace(option.value, symbol, lookup))
                note = 'read while converting' if symbol == '@' and value != option.value else (
                    option.note)
                self.found.options[index] = Option(
                    option.name, value, option.line, option.place, note)
        self.found.remarks += self._logic.decisions
        self.found.options = [option for option in self.found.options if option.name not in ENDS]
        return self.found

    def _keep_formulas(self):
        """A number of workers may follow the number of CPUs."""
        values = {option.name: option.value for option in reversed(self.found.options)}
        for index, option in enumerate(self.found.options):
            text = uwsgi_magic.formula(option.value, values) if option.name in PROCESSES else ''
            if text:
                self.found.options[index] = dataclasses.replace(option, value=text)

    def _placeholder(self, name):
        values = {option.name: option.value for option in reversed(self.found.options)}
        return uwsgi_magic.placeholder(name, values)


def parser_of(path):
    return PARSERS.get(os.path.splitext(f'x{path}')[1].lower(), sections_of_ini)


def file_content_of_now(name):
    return uwsgi_magic.file_content(uwsgi_magic.present_value(name))


def escape(value):
    """A literal ${ is no variable for geventd."""
    return value.replace('${', '$${')


def split_section(path):
    """('path', 'section' or '')"""
    name, colon, section = path.rpartition(':')
    return (name, section) if colon and '/' not in section else (path, '')


def read_text(path):
    try:
        with open(path, encoding='utf-8', errors='surrogateescape') as file:
            return file.read()
    except OSError as error:
        raise Unreadable(f'{path}: {error.strerror}') from None
