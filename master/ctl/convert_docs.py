#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes docs/migrating-options.md from the converter's tables, or to stdout with `-`."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parents[1] / 'docs/migrating-options.md'
sys.path.insert(0, str(HERE))

from convert.model import BUILT_IN, MAPPED, READ  # noqa: E402  the line above finds them
from convert.tables import gunicorn_table, uwsgi_table  # noqa: E402

HEAD = '''\
# What becomes of each option

<!-- Written by `python3 master/ctl/convert_docs.py` from the tables of `geventctl convert` in
     master/ctl/convert/tables; edit those instead. -->

[migrating.md](migrating.md) has the way to go. A name with `*` stands for all that begin so. What
is marked with **protects** makes `geventctl convert` exit with code 1, since the application would
be less guarded without it.
'''


def page():
    return '\n'.join([
        HEAD, '## uWSGI\n', *table(uwsgi_table.ROWS, named_by='uWSGI'), '\n## gunicorn\n',
        'Settings by their names in gunicorn.conf.py; the options of the command line are taken '
        'too.\n', *table(gunicorn_table.ROWS, named_by='gunicorn')]) + '\n'


def table(rows, named_by):
    yield f'| {named_by} | geventd | to know |'
    yield '| --- | --- | --- |'
    for row in rows:
        names = ', '.join(f'`{name}`' for name in row.names)
        yield f'| {names} | {here(row)} | {to_know(row)} |'


def here(row):
    if row.verdict == MAPPED:
        return f'`{row.key}`' if row.key else '-'
    return {BUILT_IN: 'built in', READ: 'read'}.get(row.verdict, 'not taken over')


def to_know(row):
    text = row.text + (f': {row.instead}' if row.instead else '')
    return ('**protects**; ' if row.protects else '') + text.replace('|', '\\|').replace('*', '\\*')


if __name__ == '__main__':
    if sys.argv[1:] == ['-']:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page())
