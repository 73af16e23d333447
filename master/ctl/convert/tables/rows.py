# SPDX-License-Identifier: MIT
"""The words in which the tables are written, and how to find a row in them."""
from ..model import BUILT_IN, MAPPED, READ, REFUSED, Row


def maps(names, key, take, text=''):
    """Options that geventd has a key for; take(draft, option) writes it."""
    return Row(tuple(names.split()), MAPPED, key, text, take=take)


def built_in(names, text):
    """Options without a key because geventd always does it, or never needs it."""
    return Row(tuple(names.split()), BUILT_IN, '', text)


def refused(names, because, instead='', protects=False, runs=False):
    """Options that cannot be taken over."""
    return Row(tuple(names.split()), REFUSED, '', because, instead, protects, runs)


def read(names, text):
    """Options that the converter itself carries out."""
    return Row(tuple(names.split()), READ, '', text)


def find_row(rows, name):
    """The row of that name, or of the longest beginning; None for an unknown name."""
    beginnings = []
    for row in rows:
        for known in row.names:
            if known == name:
                return row
            if known.endswith('*') and name.startswith(known[:-1]):
                beginnings.append((len(known), row))
    return max(beginnings, key=lambda found: found[0])[1] if beginnings else None


def apply(rows, draft, option):
    """Lets the option's row act on the draft; False for an unknown name."""
    row = find_row(rows, option.name)
    if row is None:
        return False
    if row.verdict == MAPPED:
        row.take(draft, option)
    elif row.verdict == BUILT_IN:
        draft.built_in.append((option, row.text))
    elif row.verdict == REFUSED:
        draft.leave_out(option, row.text, row.instead, row.protects, row.runs)
    return True
