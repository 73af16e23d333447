# SPDX-License-Identifier: MIT
"""What uWSGI replaces in its files and values: %d and the like, $(ENV), @(file), %(name)."""
import grp
import os
import pwd
import re
import socket
import time

from ..cpu_formula import FORMULA

CPUS = '\ue000'  # %k, until it is known whether its option takes a formula
MOST_REPLACEMENTS = 200  # in one value: one that stands for itself would never end
VARIABLE = re.compile(r'(\w+)(?::?-(.*))?\Z', re.S)


def magic_of(path, section, first=None):
    """{letter: text} for a file; `first` is the table of the first file, for the capitals."""
    whole = os.path.abspath(path)
    folder, name = os.path.split(whole)
    stem, dot, extension = name.rpartition('.')
    table = {
        '%': '%', '(': '%(', 'o': path, 'p': whole, 's': name, 'd': folder.rstrip('/') + '/',
        'c': os.path.basename(folder), 'e': extension if dot else '', 'n': stem if dot else name,
        'x': section, 'v': os.getcwd(), 'h': socket.gethostname(), 'k': CPUS, '[': '\033',
        't': str(int(time.time())), 'T': str(int(time.time() * 1e6)), 'V': '2.0',
        'u': str(os.getuid()), 'g': str(os.getgid()), 'U': user_name(), 'G': group_name(),
        **{str(i): part for i, part in enumerate(folder.strip('/').split('/')[:10])},
    }
    for letter in 'opsdcenx':
        table[letter.upper()] = first[letter.upper()] if first else table[letter]
    return table


def cpus():
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()


def with_cpus(text):
    """%k as the number that it is now."""
    return text.replace(CPUS, str(cpus()))


def user_name():
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def group_name():
    try:
        return grp.getgrgid(os.getgid()).gr_name
    except KeyError:
        return str(os.getgid())


def put_in_magic(text, table):
    """Every % with a letter after it is replaced, unknown ones by nothing."""
    return re.sub(r'%(.)', lambda match: table.get(match[1], ''), text)


def replace(value, symbol, lookup):
    """Replaces SYMBOL(name) by lookup(name), also in what came of it; None leaves it as it is."""
    done = 0
    for _ in range(MOST_REPLACEMENTS):
        begin = value.find(f'{symbol}(', done)
        end = closing(value, begin + 2) if begin >= 0 else -1
        if end < 0:
            break
        found = lookup(value[begin + 2:end]) if end > begin + 2 else None
        if found is None:
            done = begin + 2
        else:
            value, done = value[:begin] + found + value[end + 1:], 0
    return value


def closing(text, start):
    """Where the parenthesis ends; -1 if it does not."""
    depth = 0
    for index in range(start, len(text)):
        if text[index] == '(':
            depth += 1
        elif text[index] == ')':
            if depth == 0:
                return index
            depth -= 1
    return -1


def variable(name):
    """$(NAME) and $(NAME:-default) stay variables, in geventd's spelling."""
    match = VARIABLE.match(name)
    if not match:
        return None
    return '${' + match[1] + (f':-{match[2]}' if match[2] is not None else '') + '}'


def present_value(text):
    """A text with its variables replaced by what they are now; for arithmetic."""
    return re.sub(r'(?<!\$)\$\{(\w+)(?::-([^}]*))?\}',
                  lambda match: os.environ.get(match[1]) or match[2] or '', text)


def file_content(name):
    """@(path): what the file holds, without the line's end. Other schemes are not followed."""
    path = name[len('file://'):] if name.startswith('file://') else name
    if '://' in path:
        return None
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read().rstrip('\n')
    except OSError:
        return None


OPERATIONS = {'+': lambda a, b: a + b, '-': lambda a, b: a - b, '*': lambda a, b: a * b,
              '/': lambda a, b: int(a / b) if b else 0}


def placeholder(name, values):
    """%(name), or arithmetic from left to right such as %(name + 2 other); values: {name: text}."""
    if ' ' not in name:
        return values.get(name)
    result, operation = None, None
    for token in name.split():
        if token in OPERATIONS:
            operation = OPERATIONS[token]
        elif token in ('++', '--'):
            result = str(integer(result) + (1 if token == '++' else -1))
        else:
            value = token if token.isdigit() else present_value(values.get(token, ''))
            result = (result or '') + value if operation is None else str(
                operation(integer(result), integer(value)))
            operation = None
    return result


def formula(value, values):
    """2*cpus for %k or arithmetic with it, as a number of workers may be; '' for anything else."""
    match = re.fullmatch(r'%\(([^()]*)\)', value)
    tokens = match[1].split() if match else [value]
    text = ''.join(token if token.isdigit() or token in OPERATIONS else values.get(token, token)
                   for token in tokens).replace(CPUS, 'cpus')
    # uWSGI computes from left to right, so a product must not come after a sum.
    fits = FORMULA.fullmatch(text) and 'cpus' in text and not re.search(r'[-+].*[*/]', text)
    return text if fits else ''


def integer(text):
    match = re.match(r'\s*-?\d+', with_cpus(text or ''))
    return int(match[0]) if match else 0
