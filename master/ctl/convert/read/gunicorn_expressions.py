# SPDX-License-Identifier: MIT
"""Expressions of gunicorn.conf.py that come to environment variables and literals, as geventd's
texts with ${NAME} in them."""
import ast
import os
import re

from ..cpu_formula import formula_of

DEEPEST = 9
GETTERS = ('os.environ.get', 'os.getenv', 'environ.get', 'getenv')
ENVIRONMENTS = ('os.environ', 'environ')
VARIABLE = re.compile(r'(?<!\$)\$\{(\w+)(?::-([^}]*))?\}')


class Expressions:
    """value_of(name) is the only expression that a name gets, or None; `given` are variables of
    the server alone, whose values are known. With counts_cpus a text may also be a formula of the
    number of CPUs."""

    def __init__(self, value_of, given, counts_cpus=False):
        self._value_of = value_of
        self._given = given
        self._counts_cpus = counts_cpus

    def text_of(self, node, depth=0):
        """A text with variables for an expression; None for one that is not so simple."""
        if depth > DEEPEST:
            return None
        formula = formula_of(node, self._value_of) if self._counts_cpus else None
        if formula:
            return formula
        if isinstance(node, ast.Constant):
            return None if str(node.value).endswith('$') else protect(str(node.value))
        if isinstance(node, ast.Name):
            known = self._value_of(node.id)
            return self.text_of(known, depth + 1) if known else None
        if isinstance(node, ast.Call):
            return self._of_call(node, depth)
        if isinstance(node, ast.Subscript):
            return self._of_item(node, depth)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and len(node.values) == 2:
            return self._of_either(*node.values, depth)
        if isinstance(node, ast.BinOp):
            return self._of_operation(node, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined([part.value if isinstance(part, ast.FormattedValue) else part
                                 for part in node.values], depth)
        return None

    def _joined(self, nodes, depth):
        parts = [self.text_of(node, depth + 1) for node in nodes]
        return None if None in parts else ''.join(parts)

    def _filled(self, parts, nodes, depth):
        """The parts with a node between each two."""
        if len(parts) != len(nodes) + 1:
            return None
        pairs = zip(map(ast.Constant, parts), [*nodes, ast.Constant('')])
        return self._joined([node for pair in pairs for node in pair], depth)

    def _of_operation(self, node, depth):
        """`a + b`, or `"…%s" % a`"""
        if isinstance(node.op, ast.Add):
            return self._joined([node.left, node.right], depth)
        if isinstance(node.op, ast.Mod) and is_text(node.left):
            values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return self._filled(node.left.value.split('%s'), values, depth)
        return None

    def _of_call(self, node, depth):
        name = dotted(node.func)
        if name in ('int', 'str') and len(node.args) == 1:
            return self.text_of(node.args[0], depth + 1)
        if isinstance(node.func, ast.Attribute) and node.func.attr == 'format' \
                and is_text(node.func.value) and not node.keywords:
            return self._filled(node.func.value.value.split('{}'), node.args, depth)
        if name in GETTERS and len(node.args) in (1, 2):
            return self._variable(node.args[0], depth, *node.args[1:])
        return None

    def _of_either(self, first, second, depth):
        """`os.environ.get("NAME") or "default"`"""
        is_asked = isinstance(first, ast.Call) and dotted(first.func) in GETTERS
        return self._variable(first.args[0], depth, second) if (
            is_asked and len(first.args) == 1) else None

    def _of_item(self, node, depth):
        """`os.environ["NAME"]`, or the value of a key of {…}"""
        if dotted(node.value) in ENVIRONMENTS:
            return self._variable(node.slice, depth)
        known = self._value_of(node.value.id) if isinstance(node.value, ast.Name) else None
        if not isinstance(known, ast.Dict) or not is_text(node.slice):
            return None
        found = [value for key, value in zip(known.keys, known.values)
                 if is_text(key) and key.value == node.slice.value]
        return self.text_of(found[-1], depth + 1) if found else None

    def _variable(self, name, depth, default=None):
        """${NAME}, or ${NAME:-default} if the default is a text without variables."""
        name = self.text_of(name, depth + 1)
        if name is None or not re.fullmatch(r'\w+', name):
            return None
        if self._given.get(name):
            return protect(self._given[name])
        if default is None:
            return '${' + name + '}'
        text = self.text_of(default, depth + 1)
        return None if text is None or '${' in text else '${' + f'{name}:-{text}' + '}'


def variables_in(node, values_of, depth=0):
    """Names of the environment variables that an expression asks for, also by other names."""
    if depth > DEEPEST:
        return []
    found = []
    for part in ast.walk(node):
        asked = None
        if isinstance(part, ast.Call) and dotted(part.func) in GETTERS and part.args:
            asked = part.args[0]
        elif isinstance(part, ast.Subscript) and dotted(part.value) in ENVIRONMENTS:
            asked = part.slice
        elif isinstance(part, ast.Compare) and dotted(part.comparators[0]) in ENVIRONMENTS:
            asked = part.left
        elif isinstance(part, ast.Name):
            found += [name for value in values_of(part.id)
                      for name in variables_in(value, values_of, depth + 1)]
        found += [asked.value] if asked is not None and is_text(asked) else []
    return list(dict.fromkeys(found))


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def dotted(node):
    """'os.environ.get' for such an expression; '' for any other."""
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f'{inner}.{node.attr}' if inner else ''
    return node.id if isinstance(node, ast.Name) else ''


def resolve(text):
    """What geventd makes of the variables in this environment."""
    return VARIABLE.sub(lambda match: os.environ.get(match[1]) or match[2] or '',
                        text).replace('$${', '${')


def protect(value):
    """A literal ${ is no variable for geventd."""
    if isinstance(value, str):
        return value.replace('${', '$${')
    return [protect(member) for member in value] if isinstance(value, list) else value
