# SPDX-License-Identifier: MIT
"""The four formats of uWSGI's files, each to a list of (name, value, line number)."""
import json
import re
import xml.parsers.expat

from ..model import Unreadable


def sections_of_ini(text):
    """{section: options}. Comments stand on lines of their own, as for uWSGI."""
    sections, present = {}, None
    for number, raw in enumerate(text.split('\n'), 1):
        line = raw.strip(' \t\r')
        if line.startswith('['):
            present = sections.setdefault(line[1:-1], [])
        elif line and line[0] not in ';#' and present is not None:
            name, _, value = line.partition('=')
            present.append((name.rstrip(), value.strip(' \t\r'), number))
    return sections


def sections_of_yaml(text):
    """{section: options} of the part of YAML that uWSGI reads: a map of maps, whose values are
    scalars, or lists of them for an option that is given several times."""
    sections, present, inner, name = {}, None, None, None
    for number, raw in enumerate(text.split('\n'), 1):
        line = without_comment(raw.replace('\t', ' ')).rstrip()
        if not line.strip() or line.strip() in ('---', '...'):
            continue
        depth = len(line) - len(line.lstrip())
        line = line.strip()
        if depth == 0 and not line.startswith('-'):
            present = sections.setdefault(unquote(line.partition(':')[0].strip()), [])
            inner = None
        elif present is None:
            raise Unreadable(f'line {number} stands below no section such as uwsgi:')
        elif line.startswith('-') and name:
            present.append((name, unquote(line[1:].strip()), number))
        else:
            inner = depth if inner is None else inner
            name = add_yaml_option(present, line, number)
            if depth != inner or not name:
                raise Unreadable(f'line {number} is not of the form name: value')
    return sections


def add_yaml_option(options, line, number):
    """Adds what a line says and returns the option's name."""
    match = re.match(r'("[^"]*"|\'[^\']*\'|[^:\s]+)\s*:(?:\s+(.*))?$', line)
    if not match:
        return None
    name, value = unquote(match[1]), match[2] or ''
    if value.startswith('[') and value.endswith(']'):
        options += [(name, unquote(item.strip()), number)
                    for item in value[1:-1].split(',') if item.strip()]
    elif value:
        options.append((name, unquote(value), number))
    return name


def without_comment(line):
    """A # that begins a word outside of quotes begins a comment."""
    quote = None
    for index, letter in enumerate(line):
        if quote:
            quote = None if letter == quote else quote
        elif letter in '"\'' and (index == 0 or line[index - 1] in ' :[,-'):
            quote = letter
        elif letter == '#' and (index == 0 or line[index - 1] == ' '):
            return line[:index]
    return line


def unquote(text):
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text[1:-1]
    return text[1:-1].replace("''", "'") if len(text) > 1 and text[0] == text[-1] == "'" else text


def sections_of_json(text):
    """{section: options}; a list is an option that is given several times."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f'is no JSON: {error}') from None
    if not isinstance(document, dict):
        raise Unreadable('holds no object')
    lines = text.split('\n')
    sections = {}
    for section, members in document.items():
        options = sections.setdefault(section, [])
        for name, values in members.items() if isinstance(members, dict) else ():
            number = next((i for i, line in enumerate(lines, 1) if f'"{name}"' in line), 1)
            options += [(name, json_text(value), number)
                        for value in (values if isinstance(values, list) else [values])]
    return sections


def json_text(value):
    if value is None or isinstance(value, bool):
        return str(int(bool(value)))
    return str(value)


def sections_of_xml(text):
    """{id: options} of each <uwsgi>; without an id it is the section uwsgi."""
    reader = XmlReader()
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = lambda tag, keys: reader.begin(
        tag, keys, parser.CurrentLineNumber)
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text, True)
    except xml.parsers.expat.ExpatError as error:
        raise Unreadable(f'is no XML: {error}') from None
    return reader.sections


class XmlReader:
    """Collects the elements inside of <uwsgi>: the tag is the name, the text the value. An empty
    element is a flag. <app mountpoint="/x"> is a mount."""

    def __init__(self):
        self.sections = {}
        self._options = None
        self._open = []
        self._text = ''
        self._mount = None

    def begin(self, tag, keys, number):
        if self._options is None:
            if tag == 'uwsgi':
                self._options = self.sections.setdefault(keys.get('id', 'uwsgi'), [])
            return
        self._mount = keys.get('mountpoint', self._mount)
        self._open.append((tag, number))
        self._text = ''

    def text(self, data):
        self._text += data

    def end(self, tag):
        if not self._open:
            self._options = None if tag == 'uwsgi' else self._options
            return
        name, number = self._open.pop()
        value = self._text.strip()
        self._text = ''
        if self._mount is not None and value:
            self._options.append(('mount', f'{self._mount}={value}', number))
        elif name != 'app':
            self._options.append((name, value or '1', number))
        self._mount = self._mount if self._open else None


PARSERS = {'.ini': sections_of_ini, '.yaml': sections_of_yaml, '.yml': sections_of_yaml,
           '.json': sections_of_json, '.js': sections_of_json, '.xml': sections_of_xml}
