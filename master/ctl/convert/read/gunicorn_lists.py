# SPDX-License-Identifier: MIT
"""Which expressions of gunicorn.conf.py may have become the members of a list."""
import ast
import copy

DEEPEST = 9


def members_of(node, values_of, depth=0):
    """The expressions of the members, as far as they are seen. values_of(name) are all expressions
    that a name gets."""
    if depth > DEEPEST:
        return []
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [member for each in node.elts for member in (
            members_of(each.value, values_of, depth + 1) if isinstance(each, ast.Starred)
            else [each])]
    if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
        return comprehended(node, values_of, depth + 1)
    return [member for part in parts_of(node, values_of)
            for member in members_of(part, values_of, depth + 1)]


def parts_of(node, values_of):
    """The expressions whose members are those of `node`."""
    if isinstance(node, ast.Name):
        return values_of(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [node.left, node.right]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1 \
            and node.func.id in ('list', 'tuple', 'set', 'sorted'):
        return node.args
    return []


def comprehended(node, values_of, depth):
    """`node.elt` for each round of a comprehension with one `for`. Its `if` is not looked at: what
    came out of the file tells which members there are."""
    if len(node.generators) != 1:
        return []
    target = node.generators[0].target
    names = [target] if isinstance(target, ast.Name) else getattr(target, 'elts', [])
    if not all(isinstance(name, ast.Name) for name in names):
        return []
    rounds = ([row] if names == [target] else getattr(row, 'elts', [])
              for row in rows_of(node.generators[0].iter, values_of, depth))
    return [PutIn({name.id: value for name, value in zip(names, row)}).visit(
        copy.deepcopy(node.elt)) for row in rounds]


def rows_of(node, values_of, depth):
    """What a loop over `node` goes through; for {…}.items() tuples of a key and its value."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) \
            and node.func.attr == 'items':
        found = [node.func.value, *parts_of(node.func.value, values_of)]
        return [ast.Tuple([key, value], ast.Load()) for each in found if isinstance(each, ast.Dict)
                for key, value in zip(each.keys, each.values) if key is not None]
    return members_of(node, values_of, depth)


class PutIn(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, expressions):
        self._expressions = expressions

    def visit_Name(self, node):
        return self._expressions.get(node.id, node)
