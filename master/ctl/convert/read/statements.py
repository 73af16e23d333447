# SPDX-License-Identifier: MIT
"""The statements in a line of a shell."""
import re
from typing import List, Tuple

OPERATOR = re.compile(r'&&|\|\||;;|[;|\n]|&(?!>)')


def statements(text) -> List[Tuple[str, str]]:
    """(the operator before it, the statement) for each; comments are cut. What stands between
    quotes, in $(…) and in NAME=(…) is not looked into."""
    found, operator, begin = [], '', 0
    for index, length, kind in marks(text):
        if kind in ('operator', 'comment') and index >= begin:
            found.append((operator, text[begin:index].strip()))
            operator = text[index:index + length] if kind == 'operator' else '\n'
            begin = index + length
    found.append((operator, text[begin:].strip()))
    return [(operator, statement) for operator, statement in found if statement or operator == ';;']


def is_unfinished(text):
    """Whether a quote or a parenthesis goes on in the next line."""
    return any(kind == 'open' for _, _, kind in marks(text))


def marks(text):
    """(where, how long, kind) of what separates statements, and of what is open at the end."""
    index, quote, depth = 0, '', 0
    while index < len(text):
        letter, before = text[index], text[index - 1:index]
        if letter == '\\' and quote != "'":
            index += 1
        elif quote:
            quote = '' if letter == quote else quote
        elif letter in '\'"`':
            quote = letter
        elif letter in '({' and (depth or before == '$' or (letter == '(' and before == '=')):
            depth += 1
        elif letter in ')}' and depth:
            depth -= 1
        elif letter == '#' and (not before or before.isspace()):
            length = text[index:].find('\n')
            length = len(text) - index if length < 0 else length
            if not depth:
                yield index, length, 'comment'
            index += length - 1
        elif not depth and before not in ('<', '>'):
            match = OPERATOR.match(text, index)
            if match:
                yield index, len(match[0]), 'operator'
                index += len(match[0]) - 1
        index += 1
    if quote or depth:
        yield len(text), 0, 'open'
