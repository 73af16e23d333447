# SPDX-License-Identifier: MIT
"""Shell scripts: the line that starts a server, with what the script puts into its variables."""
import re
import shlex

from ..model import LeftOut, Option
from .shell import KEYWORDS, MANY, command_of, joined_lines, spell_formulas, spell_variables
from .statements import is_unfinished, statements
from .variables import shell_words

ASSIGNING = re.compile(r'(?:(?:export|local|readonly|declare|typeset)\s+(?:-\w+\s+)*)?(?=\w+\+?=)')
ASSIGNMENT = re.compile(r'(\w+)(\+?)=((?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|\$\((?:[^()]|\([^()]*\))*\)'
                        r'|\$\{(?:[^{}]|\{[^{}]*\})*\}|`[^`]*`|\\.|[^\s"\'`])*)\s*', re.S)
ARRAY = re.compile(r'(\w+)(\+?)=\((.*)\)\s*\Z', re.S)
MEMBERS = re.compile(r'"?\$\{(\w+)\[[@*]\]\}"?')
PARAMETERS = re.compile(r'"?(?:\$[@*]|\$\{[@*]\})"?')
QUOTES = '"\''
LONGEST = 99  # lines of one statement
HERE_DOCUMENT = re.compile(r'(?<!<)<<-?\s*(["\']?)(\w+)\1')
NAMES = re.compile(r'\$\{?(\w+)')
DEFAULT = re.compile(r'\$\{(\w+):?=((?:[^{}]|\{[^{}]*\})*)\}')
IS_EMPTY = re.compile(r'(?:if\s+)?(?:test|\[\[?)\s+(-z|!\s+-n|!\s+-v|-n|-v)\s+"?\$?\{?(\w+)')
TLS = re.compile(r'--(?:certfile|keyfile|ca-certs|https2?(?:-socket)?)\b')


def command_of_script(text, name, parameters=None):
    """The last line of a shell script that starts a server; variables that the script itself sets
    are put in, and its parameters if they are known. None without one, as in what is no text."""
    if '\0' in text:
        return None
    script = Script(name, parameters)
    for line, number in whole_lines(text):
        script.read(line, number)
    return script.command()


def whole_lines(text):
    """(line, its number), where a list or a quoted text that is given to a variable goes on until
    its end."""
    lines, index = list(joined_lines(text)), 0
    while index < len(lines):
        (line, number), index = lines[index], index + 1
        if ASSIGNING.search(line) or re.search(r'\bset --', line):
            ends = (end for end in range(index, min(index + LONGEST, len(lines) + 1))
                    if not is_unfinished('\n'.join(each for each, _ in lines[index - 1:end])))
            end = next(ends, index)
            line = '\n'.join(each for each, _ in lines[index - 1:end])
            index = end
        yield line, number
        index = behind_documents(line, lines, index)


def behind_documents(line, lines, index):
    """Where the lines go on behind the texts that `line` gives to a program by <<."""
    for _, mark in HERE_DOCUMENT.findall(line):
        index = next((at + 1 for at in range(index, len(lines)) if lines[at][0].strip() == mark),
                     index)
    return index


class Script:
    """Follows a script from its top to its end, through all branches."""

    def __init__(self, name, parameters=None):
        self._name = name
        self._known = {}
        # Arrays, and @ for the script's own parameters.
        self._lists = {} if parameters is None else {'@': quoted(parameters)}
        self._starts = []  # (Command, its line)
        self._tested, self._is_empty = '', False
        self._depth = 0      # of if and case
        self._choices = {}  # {name: {value: its line}}, of those that branches give
        self._protecting = []  # (word, line, number)

    def read(self, line, number):
        self._protecting += [(word, line.strip(), number) for word in TLS.findall(line)]
        for operator, statement in statements(line):
            plain = KEYWORDS.sub('', statement, count=1)
            self._look_at_condition(operator, statement)
            self._depth += len(re.findall(r'^(?:else\s+)?(?:if|case)\s', statement))
            self._depth -= statement in ('fi', 'esac') and self._depth > 0
            if not self._assign(plain, number):
                command = command_of(self._put_in(plain), f'{self._name}:{number}')
                if command:
                    command.remarks += self._chosen_in(plain)
                    self._starts.append((command, number))

    def _look_at_condition(self, operator, statement):
        """Remembers of which variable it is known that it is not set, as in `[ -z "$NAME" ] &&`."""
        test = IS_EMPTY.match(statement)
        if test:
            self._tested, self._is_empty = test[2], test[1] not in ('-n', '-v')
        elif operator == '||' or statement.startswith('else'):
            self._is_empty = not self._is_empty
        elif operator not in ('&&', '||') and statement in ('fi', 'esac'):
            self._tested = ''

    def command(self):
        """The last start that is not for development, with what protects and did not get into it.
        One without words may be that of "$@"."""
        starts = [start for start in self._starts if start[0].words] or self._starts
        serious = [start for start in starts if not is_development(start[0].words)] or starts
        if not serious:
            return None
        found, line = serious[-1]
        found.remarks += [f'{self._name}:{number} starts {other.server} too; this is line {line}.'
                          for other, number in starts if other is not found]
        words = ' '.join(found.words)
        found.left_out += [
            LeftOut(Option(word.lstrip('-'), text, text, f'{self._name}:{number}'),
                    'the converter does not see how the script comes to add it',
                    'geventd does not speak TLS: end it at a proxy', protects=True)
            for word, text, number in self._protecting if word not in words]
        return found

    def _chosen_in(self, statement):
        """Remarks on the variables of the statement that have another value in another branch."""
        remarks = []
        for name in dict.fromkeys(NAMES.findall(statement)):
            given = [f'{value} ({self._name}:{line})'
                     for value, line in self._choices.get(name, {}).items()]
            if len(given) > 1:
                remarks.append(f'{name} is {" or ".join(given)}; the last one was taken.')
        return remarks

    def _assign(self, statement, number):
        """Whether the statement only gives values to variables; they are kept."""
        if statement.startswith('set -- '):
            self._lists['@'] = self._put_in(without_lines(statement[len('set -- '):]))
            return True
        begin = ASSIGNING.match(statement)
        rest = statement[begin.end():] if begin else statement
        array = ARRAY.fullmatch(rest)
        if array:
            before = self._lists.get(array[1], '') if array[2] else ''
            self._lists[array[1]] = f'{before} {self._put_in(without_lines(array[3]))}'.strip()
            return True
        defaults = DEFAULT.findall(statement) if statement.startswith(': ') else []
        for name, default in defaults:
            self._default(name, default)
        found = []
        while begin and rest:
            assignment = ASSIGNMENT.match(rest)
            if not assignment:
                return False
            found.append(assignment)
            rest = rest[assignment.end():]
        for name, plus, value in (assignment.groups() for assignment in found):
            if name == self._tested and self._is_empty and not plus:
                self._default(name, value.strip(QUOTES))
            else:
                before = self._known.get(name, '')
                self._remember(name, plus, value)
                self._note_choice(name, before, number)
        return bool(found or defaults)

    def _note_choice(self, name, before, number):
        """A value that contains the one before goes on with it."""
        now = self._known[name]
        if self._depth == 0 or (before and before in now):
            self._choices.pop(name, None)
        if not before or before not in now:
            self._choices.setdefault(name, {})[now] = number

    def _default(self, name, value):
        """A value for a variable that may have come from outside."""
        known = self._known.get(name, '')
        if not known or known.startswith(f'${{{name}'):
            self._remember(name, '', f'${{{name}:-{value}}}')

    def _remember(self, name, plus, value):
        """A second value, as in a branch, adds to what it refers to."""
        value = spell_variables(spell_formulas(value.strip(), self._known))
        is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in '"\''
        value = without_lines(value[1:-1] if is_quoted else value)
        value = value.replace(f'${{{name}}}', self._known.get(name, f'${{{name}}}'))
        own_default = re.fullmatch(r'\$\{' + name + r':-(.*)\}', value, re.S)
        if own_default and '$' in own_default[1]:
            value, own_default = own_default[1], None  # which the script has composed
        value = value if own_default else self._put_in(value)
        self._known[name] = self._known.get(name, '') + value if plus else value

    def _put_in(self, text):
        """Replaces variables that the script has set."""
        known = self._known
        text = MEMBERS.sub(lambda match: self._lists.get(match[1], match[0]), text)
        if '@' in self._lists:
            text = PARAMETERS.sub(lambda match: self._lists['@'], text)
        spelled = re.sub(r'\$\{(\w+)(?::-[^{}]*)?\}', lambda match: known.get(match[1], match[0]),
                         spell_variables(spell_formulas(text, known)))
        return re.sub(r'\$(\w+)', lambda match: known.get(match[1], match[0]), spelled)


def is_development(words):
    """Whether the server reloads its code by itself."""
    return any(word.startswith(('--reload', '--py-auto', '--python-auto'))
               and not word.startswith('--reload-') for word in words)


def without_lines(text):
    """What stands in several lines in one, without their comments."""
    try:
        return text if '\n' not in text else quoted(shell_words(text))
    except ValueError:
        return ' '.join(text.split())


def quoted(words):
    """The words for a shell that puts in their variables."""
    return ' '.join(word if MANY.search(word) else f'"{word}"' if '${' in word
                    else shlex.quote(word) for word in words)
