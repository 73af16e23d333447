# SPDX-License-Identifier: MIT
"""The configurations of tests/e2e/convert: a file each.

Its head has lines `NAME VALUE`: convert (the arguments; several lines are joined), exit (the code),
app (PATH NAME [factory]: a tiny application is written there), env (for converting and starting),
want (a text of the result), left (the beginning of an option below "Not taken over"), do (a text of
what is to be done instead), set (a key for the start), ask (the path), index (of the address to
ask), root (needs root), ipv6 (needs IPv6). Then come files, each below a line `--- PATH`.
@DIR@ is the folder, @PORT@ a free port.
"""
import re
import shlex
import subprocess

from convert.answer import answer
from convert.model import Found, Option

from .limits import PYTHON, REPOSITORY
from .network import free_port

CASES = sorted((REPOSITORY / 'tests/e2e/convert').glob('*.case'))
CONVERTER = [PYTHON, '-I', '-B', str(REPOSITORY / 'master/ctl/convert')]

APPLICATION = '''
def {name}(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'hello from {path}']
'''
FACTORY = '''
def {name}(*arguments):
    def application(environ, start_response):
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'hello from {path}']
    return application
'''


class Case:
    """A configuration in its folder."""

    def __init__(self, path, folder):
        self.folder = folder
        self._text = path.read_text().replace('@DIR@', str(folder)).replace(
            '@PORT@', str(free_port()))
        self._head, *self._files = re.split(r'^--- (?=\S)', self._text, flags=re.M)

    def all(self, name):
        return re.findall(rf'^{name}\b ?(.*)$', self._head, re.M)

    def one(self, name, default=''):
        return (self.all(name) or [default])[0]

    @property
    def environment(self):
        return dict(line.split('=', 1) for line in self.all('env'))

    def write(self):
        for path, kind in self.applications():
            self._write(path, (FACTORY if kind[1:] == ['factory'] else APPLICATION).format(
                path=path, name=kind[0]))
        for file in self._files:
            path, _, text = file.partition('\n')
            self._write(path, text)

    def applications(self):
        return [(words[0], words[1:]) for words in map(str.split, self.all('app'))]

    def _write(self, path, text):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def convert(*arguments, folder=None, environment=None, text=None):
    """The finished process of the converter."""
    return subprocess.run([*CONVERTER, *arguments], cwd=folder, capture_output=True, text=True,
                          input=text, env={'PATH': '/usr/bin:/bin', **(environment or {})},
                          check=False)


def convert_case(case):
    return convert(*shlex.split(' '.join(case.all('convert'))), folder=case.folder,
                   environment=case.environment)


def drafted(server, *options):
    """The draft of NAME=VALUE options, or of pairs."""
    pairs = [option if isinstance(option, tuple) else option.split('=', 1) for option in options]
    return answer(Found(server, [Option(name, value, f'{name} = {value}')
                                 for name, value in pairs]))
