#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CHANGELOG.md as a package's changelog: changelog.py deb|rpm VERSION.

Items under "Unreleased" belong to VERSION; a release's heading is "## X.Y.Z - YYYY-MM-DD".
Dates of what is not released come from $SOURCE_DATE_EPOCH.
"""
import datetime
import os
import pathlib
import re
import sys

MAINTAINER = 'geventd maintainers <maintainers@geventd.invalid>'
CHANGELOG = pathlib.Path(__file__).resolve().parents[1] / 'CHANGELOG.md'


def unreleased_date():
    seconds = int(os.environ.get('SOURCE_DATE_EPOCH', '0'))
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def releases(text, version):
    """(version, date, items) of each heading, newest first."""
    for part in re.split(r'^## ', text, flags=re.M)[1:]:
        heading, _, body = part.partition('\n')
        match = re.fullmatch(r'\[?(\d[\w.]*)\]? - (\d{4}-\d\d-\d\d)', heading.strip())
        if match:
            date = datetime.datetime.fromisoformat(match[2] + 'T12:00:00+00:00')
            number = match[1]
        else:
            date, number = unreleased_date(), version
        items = re.findall(r'^- (.*(?:\n  .*)*)', body, flags=re.M)
        if items:
            yield number, date, [' '.join(item.split()) for item in items]


def wrapped(text, first, rest, width=78):
    line = first
    for word in text.split():
        if len(line) + len(word) + 1 > width and line.strip():
            yield line.rstrip()
            line = rest
        line += word + ' '
    yield line.rstrip()


def deb(entries):
    for number, date, items in entries:
        print(f'geventd ({number}-1) unstable; urgency=medium\n')
        for item in items:
            print('\n'.join(wrapped(item, '  * ', '    ')))
        print(f'\n -- {MAINTAINER}  {date:%a, %d %b %Y %H:%M:%S +0000}\n')


def rpm(entries):
    for number, date, items in entries:
        print(f'* {date:%a %b %d %Y} {MAINTAINER} - {number}-1')
        for item in items:
            print('\n'.join(wrapped(item.replace('%', '%%'), '- ', '  ')))
        print()


def main():
    kind, version = sys.argv[1:]
    {'deb': deb, 'rpm': rpm}[kind](releases(CHANGELOG.read_text(), version))


if __name__ == '__main__':
    main()
