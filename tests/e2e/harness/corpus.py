# SPDX-License-Identifier: MIT
"""The cases of tests/corpus, for tests that send them to a server."""
import json

from .limits import REPOSITORY


class Case:
    def __init__(self, path):
        self.name = path.stem
        self.expected = json.loads(path.read_text())
        self.limits = self.expected.get('limits', {})
        self.data = next(path.with_suffix(suffix).read_bytes() for suffix in ('.http', '.bin')
                         if path.with_suffix(suffix).exists())

    def __repr__(self):
        return self.name

    def cut(self):
        """Its bytes in pieces of growing size, so that all kinds of places are cut somewhere."""
        pieces, at, size = [], 0, 1
        while at < len(self.data):
            pieces.append(self.data[at:at + size])
            at += size
            size = size % 7 + 1
        return pieces


def read(kind):
    """All cases of a folder such as http/invalid."""
    return [Case(path) for path in sorted((REPOSITORY / 'tests/corpus' / kind).glob('*.json'))]
