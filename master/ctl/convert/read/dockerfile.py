# SPDX-License-Identifier: MIT
"""Dockerfiles: what the image of the last stage starts, and with what around it."""
import dataclasses
import json
import os
import posixpath
import re
from typing import Dict, List, Tuple

from ..model import Unreadable
from .copied import Copied
from .places import Places
from .scripts import command_of_script
from .shell import command_of_words, joined_lines
from .surroundings import about_signal, assignments, placed
from .variables import shell_words

VARIABLE = re.compile(r'\$(?:(\w+)|\{(\w+)(?::?([-+])([^{}]*))?\})')


@dataclasses.dataclass
class Part:
    """CMD or ENTRYPOINT."""
    words: List[str]
    number: int
    is_shell: bool  # a line for sh -c, which takes no further words
    is_inherited: bool = False


@dataclasses.dataclass
class Stage:
    """What an image has at the end of its stage."""
    parts: Dict[str, Part] = dataclasses.field(default_factory=dict)
    environment: Dict[str, str] = dataclasses.field(default_factory=dict)
    arguments: Dict[str, str] = dataclasses.field(default_factory=dict)
    copied: Copied = dataclasses.field(default_factory=Copied)
    workdir: str = ''
    stop: str = ''

    def child(self):
        """A stage that begins with all of this one but its arguments."""
        parts = {name: dataclasses.replace(part, is_inherited=True)
                 for name, part in self.parts.items()}
        return Stage(parts, dict(self.environment), {}, self.copied.child(), self.workdir,
                     self.stop)

    def obey(self, instruction, rest, number, outside):
        """Carries out an instruction; `outside` are the arguments before the first stage."""
        if instruction == 'ARG':
            for word in shell_words(rest) if rest.count('"') % 2 == 0 else rest.split():
                name, equals, value = word.partition('=')
                self.arguments[name] = self.filled(value) if equals else outside.get(name, '')
        elif instruction == 'ENV':
            self.environment.update({name: self.filled(value)
                                     for name, value in assignments(rest).items()})
        elif instruction == 'WORKDIR':
            self.workdir = posixpath.join(self.workdir or '/', self.filled(rest.strip('"\'')))
        elif instruction in ('COPY', 'ADD'):
            self.copied.add(self.filled(rest), self.workdir)
        elif instruction == 'STOPSIGNAL':
            self.stop = self.filled(rest)
        elif instruction in ('CMD', 'ENTRYPOINT'):
            self._start(instruction, rest, number)

    def _start(self, instruction, rest, number):
        """An ENTRYPOINT makes away with the CMD of the image below it."""
        if instruction == 'ENTRYPOINT' and 'CMD' in self.parts and self.parts['CMD'].is_inherited:
            del self.parts['CMD']
        words, is_shell = image_words(rest)
        self.parts[instruction] = Part(words, number, is_shell)

    def filled(self, text):
        """The text with the variables of now, as the builder puts them in."""
        return filled(text, {**self.arguments, **self.environment})

    def command(self) -> Tuple[List[str], int]:
        """(words, the line of the last)"""
        entry, more = self.parts.get('ENTRYPOINT'), self.parts.get('CMD')
        parts = [part for part in (entry, None if entry and entry.is_shell else more) if part]
        return ([word for part in parts for word in part.words],
                max((part.number for part in parts), default=0))


def from_dockerfile(text, path):
    """ENTRYPOINT and CMD of the last stage, and what ENV and WORKDIR set for them."""
    name, stage = os.path.basename(path), last_stage(text)
    words, number = stage.command()
    places = Places(os.path.dirname(path), stage.workdir, True, stage.copied.sources)
    named, advice = command_of_words(words, f'{name}:{number}'), ''
    command = named if named and named.words else None
    if command is None:
        command, advice = script_of(words, places)
    command = command or named
    if command is None:
        raise Unreadable(f'{path} starts neither uWSGI nor gunicorn; if a script does, convert '
                         'that, or its command line after --')
    command.surrounding = {**stage.environment, **command.surrounding}
    command.remarks += [advice or 'In the Dockerfile write `CMD ["geventd", "-c", "FILE"]`.',
                        *about_signal('STOPSIGNAL ', stage.stop)]
    return placed(command, path, stage.workdir, elsewhere=True, sources=stage.copied.sources)


# Where an image looks for a program that is named without a folder.
PROGRAM_FOLDERS = ('/usr/local/sbin/', '/usr/local/bin/', '/usr/sbin/', '/usr/bin/', '/sbin/',
                   '/bin/')


def last_stage(text):
    """The stage that is built: one that begins with another by its name inherits from that."""
    before, present, known, copied, count = Stage(), None, {}, {}, 0
    for line, number in joined_lines(text):
        instruction, _, rest = line.strip().partition(' ')
        instruction, rest = instruction.upper(), rest.strip()
        if instruction == 'FROM':
            words = [word for word in before.filled(rest).split() if not word.startswith('--')]
            image = words[0].lower() if words else ''
            present = known[image].child() if image in known else Stage(
                copied=Copied(stages=copied))
            copied[str(count)] = present.copied
            count += 1
            if len(words) == 3 and words[1].lower() == 'as':
                known[words[2].lower()] = present
                copied[words[2].lower()] = present.copied
        else:
            (present or before).obey(instruction, rest, number, before.arguments)
    return present or before


def filled(text, known):
    """$NAME, ${NAME:-default} and ${NAME:+other} by what is known."""
    def put_in(match):
        value, kind = known.get(match[1] or match[2], ''), match[3]
        return (match[4] if value else '') if kind == '+' else value or match[4] or ''
    return VARIABLE.sub(put_in, text)


def image_words(text):
    """(words, whether a shell reads them): the exec form is a JSON list of texts, all else a line
    for sh -c."""
    try:
        words = json.loads(text) if text.startswith('[') else None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return [word.replace('${', '$${') for word in words], False
    except (ValueError, RecursionError):
        pass
    return (['sh', '-c', text] if ' ' in text else [text]), True


def script_of(words, places):
    """(command, advice) of the first of the image's own scripts that starts a server, if it lies
    beside the Dockerfile, or where COPY has it from; (None, '') without one. The words behind it
    are its parameters."""
    names = ' '.join(words).split()
    for index, word in enumerate(names):
        folders = [''] if '/' in word else ['', *PROGRAM_FOLDERS]
        script = next(filter(None, (places.found(folder + word) for folder in folders)), '')
        if script:
            with open(script, encoding='utf-8', errors='replace') as file:
                command = command_of_script(file.read(), os.path.basename(script),
                                            names[index + 1:])
            if command:
                return command, f'In {os.path.basename(script)} write `exec geventd -c FILE`.'
    return None, ''
