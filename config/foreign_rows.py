#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints the C++ table of uWSGI's and gunicorn's options, made from the converter's tables.

So `geventd --check` and `geventctl convert` know the same options and say the same of them.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'master' / 'ctl'))

from convert.model import BUILT_IN, MAPPED, READ, REFUSED, Row  # noqa: E402
from convert.read import gunicorn_words  # noqa: E402
from convert.tables import gunicorn_table, uwsgi_table  # noqa: E402

HEAD = '''\
// Made by config/foreign_rows.py; edit the tables of the converter instead.
#pragma once

#include "config/compat_uwsgi.h"

namespace geventd::config {

inline constexpr ForeignRow kRows[] = {'''
END = '''\
};

}  // namespace geventd::config'''

# What the converter meets in another way, or what only former versions had.
MORE_UWSGI = (
    Row(('uwsgi',), REFUSED, '', 'this is the head of one of its files, whose options have '
                                 'other names here: geventctl convert reads it'),
)
MORE_GUNICORN = (
    Row(('logfile',), MAPPED, 'log.file', ''),
    Row(('reload_extra_file',), MAPPED, 'reload.touch', ''),
    Row(('x_forwarded_for_header',), MAPPED, 'listen.trusted-proxies', ''),
    Row(('debug',), MAPPED, 'log.level', 'app.reload-on-change is for development'),
)


def main():
    print(HEAD)
    for row in uwsgi_table.ROWS + MORE_UWSGI:
        print(line('uWSGI', row, row.names))
    for row in gunicorn_table.ROWS + MORE_GUNICORN:
        print(line('gunicorn', row, (*row.names, *options_of(row))))
    print(END)


def line(server, row, names):
    kebab = ' '.join(dict.fromkeys(name.replace('_', '-') for name in names))
    texts = (server, kebab, row.key, words(row))
    return f'    {{{", ".join(json.dumps(text, ensure_ascii=False) for text in texts)}}},'


def words(row):
    """What is said of the options besides their key."""
    if row.verdict == READ:
        return 'geventctl convert reads it'
    if row.verdict == BUILT_IN:
        return f'{row.text}; leave this out'
    return f'{row.text}: {row.instead}' if row.instead else row.text


def options_of(row):
    """The long options of gunicorn's command line for the settings of the row."""
    for option, setting in gunicorn_words.OPTIONS.items():
        if option.startswith('--') and setting.lstrip('!') in row.names:
            yield option[2:]


if __name__ == '__main__':
    main()
