# SPDX-License-Identifier: MIT
"""What the readers hand to the tables, and what the tables hand to the writer.

Texts are in geventd's own syntax from the reader on: `${NAME}` and `${NAME:-default}` stand for
environment variables, `$${` for a literal `${`.
"""
import dataclasses
import os
import traceback
from typing import Any, Callable, Dict, List, Optional, Tuple

from .spelling import one_line


class Unreadable(Exception):
    """The input cannot be read; the message is one sentence."""


def not_understood(what, error):
    """For an error that nobody has foreseen: names the input, and the line of ours that failed, so
    that it can be reported."""
    trace = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in trace if os.path.dirname(__file__) in frame.filename] or trace
    place = f'{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}' if ours else 'nowhere'
    return Unreadable(f'{what} cannot be understood: {type(error).__name__}: {error} (in {place} '
                      'of the converter; if the input is right, please report this)')


@dataclasses.dataclass(frozen=True)
class Option:
    """One option as it was found: uWSGI's values are texts, gunicorn's are Python values."""
    name: str
    value: Any
    line: str = ''   # as it was written
    place: str = ''  # such as uwsgi.ini:3
    note: str = ''   # what to know about the value, such as that a program has computed it
    depends: Tuple[str, ...] = ()  # variables that are not set here, for want of which it is off

    def origin(self):
        """The original line for a comment."""
        text = one_line(self.line)
        place = f' ({self.place})' if self.place else ''
        return text + place + (f'; {self.note}' if self.note else '')


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """An option without a key: why, and what to do instead. It protects if without it the
    application is less guarded than before. It runs if something ran because of it that nobody runs
    now."""
    option: Option
    because: str
    instead: str = ''
    protects: bool = False
    runs: bool = False
    snippet: Tuple[str, ...] = ()  # lines to paste

    def entry(self):
        """What options of one entry in the list have in common."""
        return not self.protects, self.because, self.instead, self.snippet


@dataclasses.dataclass(frozen=True)
class Activation:
    """A unit of systemd's that opens sockets for the server."""
    name: str  # as the server hears of it
    option: Option  # the line that tells of the unit
    addresses: Tuple[str, ...] = ()  # its ListenStream=; () if they are not known


@dataclasses.dataclass(frozen=True)
class Patience:
    """After how many seconds the service manager kills a server that is to stop."""
    seconds: int
    what: str  # the line that says so
    instead: str


@dataclasses.dataclass
class Found:
    """All that was read: whose options they are, in their order, and remarks for the reader."""
    server: str  # 'uwsgi' or 'gunicorn'
    options: List[Option]
    remarks: List[str] = dataclasses.field(default_factory=list)
    source: str = ''  # for the first line of the result
    left_out: List[LeftOut] = dataclasses.field(default_factory=list)  # by the reader itself
    on_paas: bool = False  # true for a Procfile, whose router expects the server at $PORT
    activation: Optional[Activation] = None
    patience: Optional[Patience] = None
    # What the image, the unit or the command line puts into the server's environment.
    variables: Dict[str, Option] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Setting:
    """One key of the result, with the comments that stand beside it."""
    value: Any
    comments: List[str]


@dataclasses.dataclass
class Listener:
    """An entry of `listen`."""
    address: str
    comments: List[str]
    keys: Dict[str, Setting] = dataclasses.field(default_factory=dict)

    def is_unix(self):
        return '+unix:' in self.address

    def is_file(self):
        return self.is_unix() and '+unix:@' not in self.address


@dataclasses.dataclass
class Draft:
    """The configuration while it is made. The facts are what several options decide together."""
    settings: Dict[str, Setting] = dataclasses.field(default_factory=dict)
    listeners: List[Listener] = dataclasses.field(default_factory=list)
    built_in: List[Tuple[Option, str]] = dataclasses.field(default_factory=list)
    left_out: List[LeftOut] = dataclasses.field(default_factory=list)
    remarks: List[str] = dataclasses.field(default_factory=list)
    facts: Dict[str, Option] = dataclasses.field(default_factory=dict)
    activation: Optional[Activation] = None

    def set(self, key, value, comment):
        """The last one wins, as in both servers; the comments tell of all."""
        before = self.settings.get(key)
        comments = (before.comments if before else []) + [comment]
        self.settings[key] = Setting(value, comments)

    def default(self, key, value, comment):
        """Writes out a default of the former server that differs from geventd's."""
        if key not in self.settings:
            self.settings[key] = Setting(value, [comment])

    def append(self, key, values, comment):
        before = self.settings.get(key)
        self.settings[key] = Setting((before.value if before else []) + list(values),
                                     (before.comments if before else []) + [comment])

    def put(self, key, name, value, comment):
        """An entry of a map such as app.environment."""
        before = self.settings.get(key)
        self.settings[key] = Setting({**(before.value if before else {}), name: value},
                                     (before.comments if before else []) + [comment])

    def leave_out(self, option, because, instead='', protects=False, runs=False,
                  snippet=()):
        self.left_out.append(
            LeftOut(option, because, instead, protects, runs, tuple(snippet)))

    def is_less_guarded(self):
        return any(left.protects for left in self.left_out)


MAPPED, BUILT_IN, REFUSED, READ = 'mapped', 'built in', 'refused', 'read'


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table: options that have one answer. A name that ends in * stands for all that
    begin so."""
    names: Tuple[str, ...]
    verdict: str  # MAPPED, BUILT_IN, REFUSED, or READ: the converter itself acts on it
    key: str      # geventd's key, when mapped
    text: str     # what to know: a note, the reason, or what geventd does by itself
    instead: str = ''
    protects: bool = False
    runs: bool = False
    take: Optional[Callable] = None  # take(draft, option), when mapped

    def guards(self):
        """Whether the application would be less guarded without the option."""
        return self.protects or self.key.startswith(('limits.', 'process.'))
