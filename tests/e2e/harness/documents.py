# SPDX-License-Identifier: MIT
"""Examples in the documentation: a fence under a comment `<!-- test: NAME -->`."""
import re

from .limits import REPOSITORY

EXAMPLE = re.compile(r'^<!-- test: (?P<name>\S+) -->\n+```\w*\n(?P<text>.*?)^```$', re.M | re.S)


def named_examples(page):
    """{name: text} of the fenced code blocks with a name in a page such as 'README.md'."""
    text = (REPOSITORY / page).read_text()
    return {match['name']: match['text'] for match in EXAMPLE.finditer(text)}


def examples(page):
    """The same of a page where each block must have a name, since no test could run it without."""
    text = (REPOSITORY / page).read_text()
    found = named_examples(page)
    assert len(found) * 2 == len(re.findall('^```', text, re.M)), f'{page}: a fence has no name'
    return found
