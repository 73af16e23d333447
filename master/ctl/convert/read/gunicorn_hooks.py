# SPDX-License-Identifier: MIT
"""What a hook of gunicorn.conf.py calls, as module:function, where that is all that it does."""
import ast


def calls_of(tree, name):
    """['psycogreen.gevent:patch_psycopg'] for a function that only imports functions, calls them
    without arguments, and writes to gunicorn's log; [] for any other."""
    found = [node for node in ast.walk(tree)
             if isinstance(node, ast.FunctionDef) and node.name == name]
    if len(found) != 1:
        return []
    names, calls = Names(tree.body), []
    for statement in found[0].body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            names.add(statement)
        elif not only_says(statement, [argument.arg for argument in found[0].args.args]):
            calls.append(names.called_in(statement))
    return [] if '' in calls else calls


class Names:
    """The names that import statements bind."""

    def __init__(self, statements):
        self._functions = {}  # {name: 'module:name'}
        self._modules = {}    # {expression: module}
        for statement in statements:
            self.add(statement)

    def add(self, statement):
        """Counts the statement if it is an import."""
        if isinstance(statement, ast.ImportFrom) and not statement.level:
            for alias in statement.names:
                self._functions[alias.asname or alias.name] = f'{statement.module}:{alias.name}'
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                self._modules[alias.asname or alias.name] = alias.name

    def called_in(self, statement):
        """'module:function' if the statement is its call without arguments, else ''."""
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or call.args or call.keywords:
            return ''
        expression = ast.unparse(call.func)
        module, _, function = expression.rpartition('.')
        if module in self._modules:
            return f'{self._modules[module]}:{function}'
        return self._functions.get(expression, '')


def only_says(statement, arguments):
    """Whether it is a docstring, pass, or a line for the log of one of gunicorn's arguments."""
    if not isinstance(statement, ast.Expr):
        return isinstance(statement, ast.Pass)
    if not isinstance(statement.value, ast.Call):
        return isinstance(statement.value, ast.Constant)
    function = ast.unparse(statement.value.func)
    return function == 'print' or any(function.startswith(f'{name}.log.') for name in arguments)
