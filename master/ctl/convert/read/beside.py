# SPDX-License-Identifier: MIT
"""What stands in one line with a server, before it and behind it: directories and variables that
count for the server too, and programs that somebody else has to start."""
import posixpath
import re
from typing import Dict, List

from ..model import LeftOut, Option
from .variables import VARIABLE, shell_words

SILENT = set('''set true : trap wait echo printf sleep exit fi done esac } ) shopt test [ [[ if then
    else for while case break'''.split())
ASSIGNMENT = re.compile(r'([A-Za-z_]\w*)=(.*)', re.S)
HERE = 'see docs/migrating-beside.md'


class Around:
    """Follows the statements of a line up to the server."""

    def __init__(self):
        self.chdir = ''
        self.environment: Dict[str, str] = {}
        self.remarks: List[str] = []
        self._known: Dict[str, str] = {}
        self._programs = []  # (statement, whether it runs on beside the server)

    def put_in(self, statement):
        return VARIABLE.sub(lambda match: self._known.get(match[1], match[0]), statement)

    def note(self, statement, is_background):
        """A statement before the server."""
        try:
            words = shell_words(statement) or [':']
        except ValueError:
            words = [statement]
        begin = 1 if words[0] == 'export' else 0
        assigned = [ASSIGNMENT.fullmatch(word) for word in words[begin:]]
        if words[0] == 'cd':
            self._change_folder(words[1:])
        elif all(assigned) or begin:
            pairs = {match[1]: match[2] for match in assigned if match}
            self._known.update(pairs)
            self.environment.update(pairs if begin else {})
        elif words[0] in ('.', 'source') and words[-1].endswith('/bin/activate'):
            self.remarks.append(f'The command begins with `{statement}`: write app.virtualenv: '
                                f'{words[-1][:-len("/bin/activate")]}.')
        elif words[0] not in SILENT:
            self._programs.append((statement, is_background))

    def _change_folder(self, words):
        if len(words) == 1 and not re.search(r'\$\(|`|^-', words[0]):
            self.chdir = joined(self.chdir, words[0])

    def left_out(self, behind, place):
        """Entries for what nothing runs any more; `behind` are the statements after the server."""
        entries = [left_out(statement, place, is_background)
                   for statement, is_background in self._programs]
        return entries + [left_out(statement, place, True) for operator, statement in behind
                          if operator != '|' and words_of(statement)[0] not in SILENT]


def joined(folder, name):
    return posixpath.join(folder, name) if name else folder


def words_of(statement):
    return statement.split() or [':']


def left_out(statement, place, is_background):
    option = Option(statement, statement, statement, place)
    if is_background:
        return LeftOut(option, 'it ran beside the server, and geventd starts no other programs',
                       f'a systemd unit or a container of its own: {HERE}', runs=True)
    return LeftOut(option, 'the same command ran it before the server, and geventd starts no other '
                   'programs', 'ExecStartPre= of the unit, or the entrypoint of the container; a '
                   f'unit or container of its own if it keeps running: {HERE}', runs=True)


def ends_with(behind):
    """The remark on a pipe behind the server."""
    pipes = []
    for operator, statement in behind:
        if operator != '|':
            break
        pipes.append(f'| {statement}')
    return [f'The command ends with `{" ".join(pipes)}`: put that behind geventd too.'] \
        if pipes else []
