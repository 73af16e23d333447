# SPDX-License-Identifier: MIT
"""Command lines as shells, images and units spell them: the server's words, with variables in
geventd's spelling."""
import dataclasses
import os
import re
from typing import Dict, List, Optional

from ..cpu_formula import FORMULA, result_of
from ..model import Activation, LeftOut, Patience
from .beside import Around, ends_with, joined
from .places import Places
from .statements import statements
from .variables import may_hold_options, shell_words

PROGRAMS = {'uwsgi': 'uwsgi', 'uwsgi-core': 'uwsgi', 'pyuwsgi': 'uwsgi', 'gunicorn': 'gunicorn',
            'gunicorn3': 'gunicorn', 'gunicorn_paster': 'gunicorn'}
PLAIN_WRAPPERS = ('exec', 'env', 'sh', 'bash', '-c', 'python', 'python3', '-m', 'set', '--')
# What has a server's name among its words and does not start it.
NO_START = set('''pip pip3 apt apt-get apk yum dnf conda echo printf which command type hash
    pkill pgrep killall kill test [ [[ rm cp mv ls ln cat touch mkdir chown chmod grep sed install
    find curl wget'''.split())
# Options with which the servers only say or tell something.
ASKS = {'--version', '--help', '--check-config', '--print-config', '--stop', '--connect-and-read'}
KEYWORDS = re.compile(r'(?:(?:then|else|do|if|elif|while|until|!|time|\{|\()(?=\s|$)\s*|\()*')
VARIABLE = re.compile(r'\$(?:(\w+)|\{(\w+)(?::?([-=?+])((?:[^{}]|\{[^{}]*\})*))?\})')
MANY = re.compile(r'\$[@*]|\$\{[@*][^{}]*\}|\$\{\w+\[[@*]\][^{}]*\}')  # such as "$@"
REDIRECTION = re.compile(r'(?:\d|&)?(?:>>?|<)(&?.*)')
CPUS = re.compile(r'\$\(\s*(?:nproc(?: --all)?|getconf _NPROCESSORS_ONLN|'
                  r"grep -c ['\"]?\^?processor['\"]? /proc/cpuinfo)\s*\)|`nproc(?: --all)?`")
COMPUTED = re.compile(r'\$\(\((.*?)\)\)')


@dataclasses.dataclass
class Command:
    """A command line that starts a server."""
    server: str
    words: List[str]
    place: str
    environment: Dict[str, str] = dataclasses.field(default_factory=dict)  # NAME=value before it
    surrounding: Dict[str, str] = dataclasses.field(default_factory=dict)  # of the image or unit
    places: Places = dataclasses.field(default_factory=Places)
    remarks: List[str] = dataclasses.field(default_factory=list)
    chdir: str = ''
    chdir_key: str = 'WorkingDirectory'  # which names it; or cd
    on_paas: bool = False
    activation: Optional[Activation] = None
    patience: Optional[Patience] = None
    # What stands beside the words and geventd does not do.
    left_out: List[LeftOut] = dataclasses.field(default_factory=list)


def spell_variables(text):
    """$NAME and ${NAME-default} become ${NAME} and ${NAME:-default}, $(nproc) becomes cpus."""
    def spell(match):
        name = match[1] or match[2]
        default = f':-{match[4]}' if match[3] in ('-', '=') else ''
        return '${' + name + default + '}'
    return VARIABLE.sub(spell, spell_formulas(text))


def spell_formulas(text, known=None):
    """$((2 * $(nproc) + 1)) becomes 2*cpus+1, and without $(nproc) the result; `known` are
    variables that may stand in it."""
    def spell(match):
        formula = ''.join(re.sub(r'\$?\{?([A-Za-z_]\w*)\}?', lambda name: (known or {}).get(
            name[1], name[1]), match[1]).split())
        if 'cpus' in formula:
            return formula if FORMULA.fullmatch(formula) else match[0]
        result = result_of(formula)
        return match[0] if result is None else str(result)
    return COMPUTED.sub(spell, CPUS.sub('cpus', text))


def command_of(text, place):
    """The Command in a line of a shell; None if it starts no server."""
    parts = statements(spell_variables(text))
    around = Around()
    for index, (_, statement) in enumerate(parts):
        statement = around.put_in(statement)
        command = command_in(statement, place)
        behind = parts[index + 1:]
        if command:
            return surrounded(command, around, behind)
        around.note(KEYWORDS.sub('', statement, count=1),
                    is_background=[operator for operator, _ in behind[:1]] == ['&'])
    return None


def surrounded(command, around, behind):
    """The Command with what stands in the same line."""
    if around.chdir:
        command.chdir = joined(around.chdir, command.chdir)
        command.chdir_key = 'cd'
    command.environment = {**around.environment, **command.environment}
    command.remarks = around.remarks + command.remarks + ends_with(behind)
    command.left_out = around.left_out(behind, command.place) + command.left_out
    return command


def command_in(statement, place):
    """The Command that the statement is; None if it is none."""
    try:
        words = shell_words(KEYWORDS.sub('', statement, count=1))
    except ValueError:
        return None
    is_one = words == [statement] and ' ' in statement  # such as ${NAME:-two words}
    return None if is_one else command_of_words(words, place)


def command_of_words(words, place):
    """The Command in a list of words, which may have others before it, such as exec or gosu."""
    for begin, word in enumerate(words):
        server = PROGRAMS.get(re.sub(r'[_-]?(python|plugins)?[0-9.]*$', '', os.path.basename(word))
                              or word) or PROGRAMS.get(os.path.basename(word))
        inner = None
        if ' ' in word:  # sh -c "exec gunicorn …", where the shell puts variables in
            inner = command_of(word.replace('$${', '${'), place)
        if inner or (server and '=' not in word):
            return make_command(server, words, begin, place, inner)
    return None


def make_command(server, words, begin, place, inner=None):
    """The Command of the words behind `begin`, or `inner`, with what stands before it."""
    environment, wrappers = {}, []
    for word in words[:begin]:
        assignment = re.match(r'([A-Za-z_]\w*)=(.*)$', word, re.S)
        if assignment:
            environment[assignment[1]] = assignment[2]
        elif os.path.basename(word) not in PLAIN_WRAPPERS:
            wrappers.append(word)
    if NO_START & set(map(os.path.basename, wrappers[:2])):  # the second one of `uv pip install`
        return None
    remarks = [f'The command begins with `{" ".join(wrappers)}`: put that before geventd too.'] \
        if wrappers else []
    if inner:
        inner.environment = {**environment, **inner.environment}
        inner.remarks = remarks + inner.remarks
        return inner
    options, more = own_words(words[begin + 1:])
    return None if ASKS & set(options) else Command(
        server, options, place, environment, remarks=remarks + more)


def own_words(words):
    """(the server's own words, remarks on the others)"""
    own, ends, remarks, words = [], [], [], list(words)
    while words:
        word = words.pop(0)
        redirection = REDIRECTION.fullmatch(word)
        if redirection:
            ends += [word] if redirection[1] or not words else [word, words.pop(0)]
        elif MANY.fullmatch(word):
            remarks.append(may_hold_options(word))
        else:
            own.append(word)
    if ends:
        remarks.append(f'The command ends with `{" ".join(ends)}`: put that behind geventd too.')
    return own, remarks


def joined_lines(text, comments='#'):
    """(line, its number), continued lines as one. Lines that begin with one of the letters of
    `comments` do not continue, and none of them is a part of a continued line."""
    begin, pending = 1, ''
    for number, line in enumerate(text.split('\n'), 1):
        if line.lstrip().startswith(tuple(comments)):
            continue
        if not pending:
            begin = number
        pending += line
        if pending.endswith('\\'):
            pending = pending[:-1] + ' '
            continue
        yield pending, begin
        pending = ''
    if pending:
        yield pending, begin
