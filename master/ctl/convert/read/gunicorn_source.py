# SPDX-License-Identifier: MIT
"""The text of gunicorn.conf.py beside its values: the line of each name, and which environment
variables or number of CPUs a value comes from, so that it can stay open until the start."""
import ast
import os
import re

from ..cpu_formula import formula_of, results_of
from . import gunicorn_hooks


class Source:
    """Assignments and functions at the top of the file, also below if and try."""

    def __init__(self, text):
        self._lines = text.split('\n')
        self._values = {}
        self._places = {}
        self._tree = ast.parse(text)
        self._counts_cpus = False
        for node in ast.walk(self._tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self._places.setdefault(node.name, node.lineno)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self._places[target.id] = node.lineno
                        self._values.setdefault(target.id, []).append(node.value)

    def line_of(self, name):
        """(text, number) of where the name gets its value; ('', 0) if it is not seen."""
        number = self._places.get(name, 0)
        return (self._lines[number - 1].strip(), number) if number else ('', 0)

    def is_constant(self, name):
        try:
            for value in self._values.get(name, ()):
                ast.literal_eval(value)
        except ValueError:
            return False
        return name in self._values

    def calls_of(self, name):
        """The functions that the hook of that name calls."""
        return gunicorn_hooks.calls_of(self._tree, name)

    def open_value(self, name, value, counts_cpus=False):
        """The value with ${NAME} in it, when it is one assignment from environment variables and
        comes to `value` in this environment; else None. With counts_cpus it may also be a formula
        of the number of CPUs."""
        node = self._only_value(name)
        self._counts_cpus = counts_cpus
        text = self._text_of(node) if node else None
        if text is None or not re.search(r'\$\{|cpus', text):
            return None
        now = resolve(text)
        results = map(str, results_of(now)) if 'cpus' in now else [now]
        return text if str(value) in results else None

    def _only_value(self, name):
        nodes = self._values.get(name, ())
        return nodes[0] if len(nodes) == 1 else None

    def _text_of(self, node, depth=0):
        """A text with variables for an expression; None for one that is not so simple."""
        if depth > 9:
            return None
        formula = formula_of(node, self._only_value) if self._counts_cpus else None
        if formula:
            return formula
        if isinstance(node, ast.Constant):
            return str(node.value) if '$' not in str(node.value) else None
        if isinstance(node, ast.Name) and self._only_value(node.id):
            return self._text_of(self._only_value(node.id), depth + 1)
        if isinstance(node, ast.Call):
            return self._text_of_call(node, depth)
        if isinstance(node, ast.Subscript) and dotted(node.value) == 'os.environ':
            return variable(ast.literal_eval(node.slice)) if is_text(node.slice) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined([node.left, node.right], depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined([part.value if isinstance(part, ast.FormattedValue) else part
                                 for part in node.values], depth)
        return None

    def _joined(self, nodes, depth):
        parts = [self._text_of(node, depth + 1) for node in nodes]
        return None if None in parts else ''.join(parts)

    def _text_of_call(self, node, depth):
        name = dotted(node.func)
        if name in ('int', 'str') and len(node.args) == 1:
            return self._text_of(node.args[0], depth + 1)
        if name not in ('os.environ.get', 'os.getenv', 'environ.get', 'getenv') or not node.args \
                or not is_text(node.args[0]):
            return None
        default = self._text_of(node.args[1], depth + 1) if len(node.args) > 1 else None
        return None if default is None or '${' in default else variable(
            node.args[0].value, default)


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def variable(name, default=None):
    return '${' + name + (f':-{default}' if default is not None else '') + '}'


def dotted(node):
    """'os.environ.get' for such an expression; '' for any other."""
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f'{inner}.{node.attr}' if inner else ''
    return node.id if isinstance(node, ast.Name) else ''


def resolve(text):
    """What geventd makes of the variables in this environment."""
    result, rest = '', text
    while '${' in rest:
        before, _, rest = rest.partition('${')
        inner, _, rest = rest.partition('}')
        name, _, default = inner.partition(':-')
        result += before + (os.environ.get(name) or default)
    return result + rest
