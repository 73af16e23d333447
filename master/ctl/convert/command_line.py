# SPDX-License-Identifier: MIT
"""The command line: `geventctl convert [-o FILE [--force]] [--python PYTHON] [FILE]`, or
`… -- COMMAND …`.

Exit code 0: converted; 1: something that protects was not taken over; 2: the input cannot be read.
"""
import argparse
import os
import sys

from .answer import answer
from .model import Unreadable, not_understood
from .read.sources import read_environment, read_file, read_words
from .report import report
from .spelling import one_line
from .write import write

DESCRIPTION = ('Writes a geventd configuration from the options of uWSGI or gunicorn. FILE is '
               'uwsgi.ini, .yaml, .json, .xml, gunicorn.conf.py, a Procfile, a Dockerfile, a '
               'systemd unit, a configuration of supervisord or a shell script; FILE:SECTION names '
               'a section. Without FILE: what UWSGI_* or GUNICORN_CMD_ARGS of the environment say.')


def parse(arguments):
    """(options, words of a command line or None)"""
    words = None
    if '--' in arguments:
        place = arguments.index('--')
        arguments, words = arguments[:place], arguments[place + 1:]
    parser = argparse.ArgumentParser(
        prog='geventctl convert', description=DESCRIPTION,
        usage='geventctl convert [-o FILE [--force]] [--python PYTHON] [FILE | -- COMMAND ...]')
    parser.add_argument('file', nargs='?', metavar='FILE')
    parser.add_argument('-o', '--output', metavar='FILE', help='write there, not to stdout')
    parser.add_argument('--force', action='store_true',
                        help='also over a file that holds something else')
    parser.add_argument('--python', default=sys.executable, metavar='PYTHON',
                        help='the Python that executes gunicorn.conf.py')
    options = parser.parse_args(arguments)
    if options.file and words:
        parser.error('either a file or a command line')
    return options, words


def main(arguments=None):
    options, words = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        draft, text = convert(options, words)
    except Unreadable as error:
        return complain(error)
    return deliver(text, draft, options)


def complain(text):
    print('geventctl convert:', one_line(str(text)), file=sys.stderr)
    return 2


def convert(options, words):
    """(the draft, its text in bytes)"""
    try:
        found = read(options, words)
        draft = answer(found)
        text = write(draft, found.source, found.server)
        return draft, text.encode('utf-8', 'surrogateescape')
    except Exception as error:
        if isinstance(error, Unreadable):
            raise
        raise not_understood(options.file or 'the command line or environment', error) from None


def read(options, words):
    if words:
        return read_words(words, options.python, os.environ)
    if options.file:
        return read_file(options.file, options.python, os.environ)
    return read_environment(os.environ)


def write_file(path, text, may_replace):
    """A new file is for its owner only, since configurations may hold passwords. Nobody gets back
    what somebody else wrote, or changed, in a file that is overwritten."""
    if not may_replace and os.path.isfile(path):
        with open(path, 'rb') as file:
            if file.read() not in (b'', text):
                raise Unreadable(f'{path} exists and holds something else; --force overwrites it')
    with open(path, 'wb', opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


def deliver(text, draft, options):
    """Writes the result, and says on stderr what became of the options."""
    output = options.output
    try:
        if output:
            write_file(output, text, options.force)
        else:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
    except Unreadable as error:
        return complain(error)
    except (OSError, ValueError) as error:  # ValueError: a path with NUL
        return complain(f'{output or "stdout"}: {getattr(error, "strerror", error)}')
    for line in report(draft, output):
        complain(line)
    return 1 if draft.is_less_guarded() else 0
