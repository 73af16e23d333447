# SPDX-License-Identifier: MIT
"""Examples in the documentation: a fence under a comment `<!-- test: NAME -->`."""
import re

from .limits import REPOSITORY

EXAMPLE = re.compile(r'^<!-- test: (?P<name>\S+) -->\n+```\w*\n(?P<text>.*?)^```$', re.M | re.S)


def examples(page):
    """{name: text} of a page such as 'docs/databases.md'. Fails on a fenced code block without a
    name, since no test could run it."""
    text = (REPOSITORY / page).read_text()
    found = {match['name']: match['text'] for match in EXAMPLE.finditer(text)}
    assert len(found) * 2 == len(re.findall('^```', text, re.M)), f'{page}: a fence has no name'
    return found
