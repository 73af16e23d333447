#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes docs/migrating-uwsgi.md and docs/migrating-gunicorn.md from the converter's tables."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parents[1] / 'docs'
sys.path.insert(0, str(HERE))

from convert.model import BUILT_IN, MAPPED, READ  # noqa: E402  the line above finds them
from convert.tables import gunicorn_table, uwsgi_table  # noqa: E402

HEAD = '''\
# What becomes of {server}'s {things}

<!-- Written by `python3 master/ctl/convert_docs.py` from the tables of `geventctl convert` in
     master/ctl/convert/tables; edit those instead. -->

[migrating.md](migrating.md) has the way to go. A name with `*` stands for all that begin so. What
is marked with **protects** makes `geventctl convert` exit with code 1, since the application would
be less guarded without it.{more}

'''
COMMAND_LINE = ' The options of the command line are taken by the same settings.'


def pages():
    """{name of the file: its text}"""
    return {
        'migrating-uwsgi.md': page('uWSGI', 'options', uwsgi_table.ROWS),
        'migrating-gunicorn.md': page('gunicorn', 'settings', gunicorn_table.ROWS, COMMAND_LINE),
    }


def page(server, things, rows, more=''):
    return HEAD.format(server=server, things=things, more=more) + '\n'.join(
        table(rows, server)) + '\n'


def table(rows, server):
    yield f'| {server} | geventd | to know |'
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
    for name, text in pages().items():
        (DOCS / name).write_text(text)
