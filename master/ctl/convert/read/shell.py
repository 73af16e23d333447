# SPDX-License-Identifier: MIT
"""Command lines as shells, images and units spell them: the server's words, with variables in
geventd's spelling."""
import dataclasses
import os
import re
from typing import Dict, List

from ..cpu_formula import FORMULA, result_of
from .places import Places
from .variables import shell_words

PROGRAMS = {'uwsgi': 'uwsgi', 'uwsgi-core': 'uwsgi', 'pyuwsgi': 'uwsgi', 'gunicorn': 'gunicorn',
            'gunicorn3': 'gunicorn', 'gunicorn_paster': 'gunicorn'}
PLAIN_WRAPPERS = ('exec', 'env', 'sh', 'bash', '-c', 'python', 'python3', '-m', 'set', '--')
VARIABLE = re.compile(r'\$(?:(\w+)|\{(\w+)(?::?([-=?+])((?:[^{}]|\{[^{}]*\})*))?\})')
CPUS = re.compile(r'\$\(\s*(?:nproc(?: --all)?|getconf _NPROCESSORS_ONLN|'
                  r"grep -c ['\"]?\^?processor['\"]? /proc/cpuinfo)\s*\)|`nproc(?: --all)?`")
COMPUTED = re.compile(r'\$\(\((.*?)\)\)')
ASSIGNMENT = re.compile(r'(?:export\s+|local\s+)?(\w+)=(.*)$', re.S)


@dataclasses.dataclass
class Command:
    """A command line that starts a server."""
    server: str
    words: List[str]
    place: str
    environment: Dict[str, str] = dataclasses.field(default_factory=dict)  # NAME=value before it
    surrounding: Dict[str, str] = dataclasses.field(default_factory=dict)  # of the image or unit
    places: Places = dataclasses.field(default_factory=Places)
    remarks: List[str] = dataclasses.field(default_factory=list)
    chdir: str = ''
    chdir_key: str = 'WorkingDirectory'  # which names it
    on_paas: bool = False


def spell_variables(text):
    """$NAME and ${NAME-default} become ${NAME} and ${NAME:-default}, $(nproc) becomes cpus."""
    def spell(match):
        name = match[1] or match[2]
        default = f':-{match[4]}' if match[3] in ('-', '=') else ''
        return '${' + name + default + '}'
    return VARIABLE.sub(spell, spell_formulas(text))


def spell_formulas(text, known=None):
    """$((2 * $(nproc) + 1)) becomes 2*cpus+1, and without $(nproc) the result; `known` are
    variables that may stand in it."""
    def spell(match):
        formula = ''.join(re.sub(r'\$?\{?([A-Za-z_]\w*)\}?', lambda name: (known or {}).get(
            name[1], name[1]), match[1]).split())
        if 'cpus' in formula:
            return formula if FORMULA.fullmatch(formula) else match[0]
        result = result_of(formula)
        return match[0] if result is None else str(result)
    return COMPUTED.sub(spell, CPUS.sub('cpus', text))


def command_of(text, place):
    """The Command in a line of a shell; None if it starts no server."""
    try:
        words = shell_words(spell_variables(text))
    except ValueError:
        return None
    is_one = words == [text] and ' ' in text  # such as ${NAME:-two words}
    return None if is_one else command_of_words(words, place)


def command_of_words(words, place):
    """The Command in a list of words, which may have others before it, such as exec or gosu."""
    for begin, word in enumerate(words):
        server = PROGRAMS.get(re.sub(r'[_-]?(python|plugins)?[0-9.]*$', '', os.path.basename(word))
                              or word) or PROGRAMS.get(os.path.basename(word))
        if server and '=' not in word:
            return make_command(server, words, begin, place)
        if ' ' in word:  # sh -c "exec gunicorn …", where the shell puts variables in
            inner = command_of(word.replace('$${', '${'), place)
            if inner:
                return inner
    return None


def make_command(server, words, begin, place):
    environment, wrappers = {}, []
    before = words[:begin]
    separators = [i for i, word in enumerate(before) if is_separator(word)]
    for word in before[separators[-1] + 1 if separators else 0:]:
        assignment = re.match(r'([A-Za-z_]\w*)=(.*)$', word, re.S)
        if assignment:
            environment[assignment[1]] = assignment[2]
        elif os.path.basename(word) not in PLAIN_WRAPPERS:
            wrappers.append(word)
    remarks = [f'The command begins with `{" ".join(wrappers)}`: put that before geventd too.'] \
        if wrappers else []
    return Command(server, until_separator(words[begin + 1:]), place, environment,
                   remarks=remarks)


def is_separator(word):
    return word in ('&&', '||', ';', '|', '&', 'then', 'do', 'else') or word.endswith(';')


def until_separator(words):
    result = []
    for word in words:
        if is_separator(word) or word == '"$@"' or word in ('${@}', '$@', '$*') \
                or re.match(r'\d?>', word):
            if word.endswith(';') and word != ';':
                result.append(word[:-1])
            break
        result.append(word)
    return result


def joined_lines(text, comments='#'):
    """(line, its number), continued lines as one. Lines that begin with one of the letters of
    `comments` do not continue, and none of them is a part of a continued line."""
    begin, pending = 1, ''
    for number, line in enumerate(text.split('\n'), 1):
        if line.lstrip().startswith(tuple(comments)):
            continue
        if not pending:
            begin = number
        pending += line
        if pending.endswith('\\'):
            pending = pending[:-1] + ' '
            continue
        yield pending, begin
        pending = ''
    if pending:
        yield pending, begin


def command_of_script(text, name):
    """The last line of a shell script that starts a server; variables that the script itself sets
    are put in."""
    known, found = {}, None
    for line, number in joined_lines(text):
        line = line.strip()
        assignment = ASSIGNMENT.match(line)
        if assignment and not command_of(put_in(line, known), ''):
            remember(known, assignment)
            continue
        found = command_of(put_in(line, known), f'{name}:{number}') or found
    return found


def remember(known, assignment):
    """Keeps NAME=value of a script; a second one, as in a branch, adds to what it refers to."""
    name = assignment[1]
    value = spell_variables(spell_formulas(assignment[2].strip(), known))
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in '"\''
    value = value[1:-1] if quoted else value.split(' ')[0]
    value = value.replace(f'${{{name}}}', known.get(name, ''))
    own_default = re.fullmatch(r'\$\{' + name + r':-(.*)\}', value, re.S)
    if own_default and '$' in own_default[1]:
        value, own_default = own_default[1], None  # which the script has composed
    known[name] = value if own_default else put_in(value, known)


def put_in(text, known):
    """Replaces variables that the script has set."""
    spelled = re.sub(r'\$\{(\w+)(?::-[^{}]*)?\}', lambda match: known.get(match[1], match[0]),
                     spell_variables(spell_formulas(text, known)))
    return re.sub(r'\$(\w+)', lambda match: known.get(match[1], match[0]), spelled)
