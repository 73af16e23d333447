# SPDX-License-Identifier: MIT
"""The text of gunicorn.conf.py beside its values: the line of each name, and which environment
variables or number of CPUs a value comes from, so that it can stay open until the start."""
import ast
import re

from ..cpu_formula import results_of
from . import gunicorn_hooks
from .gunicorn_expressions import Expressions, dotted, protect, resolve, variables_in
from .gunicorn_lists import members_of


class Source:
    """Assignments and functions at the top of the file, also below if and try; `given` are
    variables of the server alone."""

    def __init__(self, text, given=None):
        self._given = given or {}
        self._lines = text.split('\n')
        self._values = {}
        self._places = {}
        self._asked = {}  # {name: expressions of its value and of the conditions around it}
        self.tree = ast.parse(text)
        for names, asked in asked_at_the_top(self.tree.body):
            for name in names:
                self._asked.setdefault(name, []).extend(asked)
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self._places.setdefault(node.name, node.lineno)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    self._places.setdefault(alias.asname or alias.name, node.lineno)
            for name, value in given_by(node):
                self._places.setdefault(name, node.lineno)
                self._values.setdefault(name, []).append(value)

    def line_of(self, name):
        """(text, number) of where the name gets its value; ('', 0) if it is not seen."""
        number = self._places.get(name, 0)
        return (self._lines[number - 1].strip(), number) if number else ('', 0)

    def line_at(self, number):
        return self._lines[number - 1].strip()

    def line_with(self, text):
        """(line, number) of the first line with that text; ('', 0) without one."""
        return next(((line.strip(), number) for number, line in enumerate(self._lines, 1)
                     if text in line and not line.lstrip().startswith('#')), ('', 0))

    def text_of(self, node):
        """The expression with ${NAME} in it; None if it is computed in another way."""
        return Expressions(self._only_value, self._given).text_of(node)

    def names_at_the_top(self):
        """Also those whose statement was not reached."""
        return set(self._asked)

    def variables_behind(self, name):
        """The environment variables that decide the value of the name."""
        return list(dict.fromkeys(variable for node in self._asked.get(name, ())
                                  for variable in variables_in(node, self._all_values)))

    def texts_behind(self, name):
        """The literal texts in what decides the value of the name."""
        return {part.value for node in self._asked.get(name, ()) for part in ast.walk(node)
                if isinstance(part, ast.Constant)}

    def is_constant(self, name):
        try:
            for value in self._values.get(name, ()):
                ast.literal_eval(value)
        except (ValueError, TypeError):
            return False
        return name in self._values

    def calls_of(self, name):
        """The functions that the hook of that name calls."""
        return gunicorn_hooks.calls_of(self.tree, name)

    def body_of(self, name):
        """The lines of the hook of that name, and what they need."""
        return gunicorn_hooks.body_of(self.tree, self._lines, name)

    def open_value(self, name, value, counts_cpus=False):
        """The value with ${NAME} in it, when it is one assignment from environment variables and
        comes to `value` in this environment; else None. With counts_cpus it may also be a formula
        of the number of CPUs."""
        node = self._only_value(name)
        expressions = Expressions(self._only_value, self._given, counts_cpus)
        text = expressions.text_of(node) if node else None
        if text is None or not re.search(r'\$\{|cpus' if counts_cpus else r'\$\{', text):
            return None
        now = resolve(text)
        results = map(str, results_of(now)) if counts_cpus and 'cpus' in now else [now]
        return text if str(value) in results else None

    def open_members(self, name, values):
        """The same for each member of a list, wherever the file adds it: the text with ${NAME} in
        it, the text of a literal, or None for a member that is computed in another way."""
        nodes = [member for node in self._all_values(name)
                 for member in members_of(node, self._all_values)]
        literals = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
        expressions = Expressions(self._only_value, self._given)
        texts = [expressions.text_of(node) for node in nodes]
        opened = {resolve(text): text for text in texts if text and '${' in text}
        return [opened.get(str(value)) or (protect(str(value)) if str(value) in literals else None)
                for value in values]

    def _all_values(self, name):
        return self._values.get(name, [])

    def _only_value(self, name):
        nodes = self._all_values(name)
        return nodes[0] if len(nodes) == 1 else None


def names_given(text):
    """The names that a program's own statements give a value, at the top."""
    return {name for node in ast.parse(text).body for name, _ in given_by(node)}


def asked_at_the_top(statements, conditions=()):
    """(names, expressions) of each statement that gives them a value, also below if and try."""
    for node in statements:
        given = given_by(node)
        if given:
            yield [name for name, _ in given], [*conditions, *(value for _, value in given)]
        inner = [*conditions, node.test] if isinstance(node, ast.If) else conditions
        for below in ('body', 'orelse', 'finalbody'):
            if isinstance(node, (ast.If, ast.Try, ast.With, ast.For)):
                yield from asked_at_the_top(getattr(node, below, []),
                                            inner if below == 'body' else conditions)
        for handler in getattr(node, 'handlers', []):
            yield from asked_at_the_top(handler.body, conditions)


def given_by(node):
    """(name, expression) for each name that a statement gives a value, or whose list it adds to."""
    if isinstance(node, ast.Assign):
        return [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        is_named = isinstance(node.target, ast.Name) and node.value is not None
        return [(node.target.id, node.value)] if is_named else []
    if isinstance(node, ast.For):
        return given_in_rounds(node)
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or len(call.args) != 1:
        return []
    name, _, method = dotted(call.func).rpartition('.')
    added = {'append': ast.List([call.args[0]], ast.Load()), 'extend': call.args[0]}.get(method)
    return [(name, added)] if name and added else []


def given_in_rounds(loop):
    """What a loop adds to lists, as comprehensions."""
    rounds = [ast.comprehension(loop.target, loop.iter, [], 0)]
    return [(name, ast.ListComp(value.elts[0], rounds))
            for statement in loop.body for name, value in given_by(statement)
            if isinstance(value, ast.List) and len(value.elts) == 1]
