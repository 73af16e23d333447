# SPDX-License-Identifier: MIT
"""What a hook of gunicorn.conf.py does: the functions that it calls, where that is all, or its
lines."""
import ast
import builtins
import textwrap

LONGEST = 30  # lines


def function_of(tree, name):
    """The only function of that name; None if there is none or several."""
    found = [node for node in ast.walk(tree)
             if isinstance(node, ast.FunctionDef) and node.name == name]
    return found[0] if len(found) == 1 else None


def body_of(tree, lines, name):
    """{'lines': of the function's body, 'imports': of the file that it needs, 'arguments': those of
    its arguments that it uses, 'others': further names of the file, 'says': whether it does nothing
    but write to the log}; None if it cannot be seen."""
    function = function_of(tree, name)
    if function is None or function.body[0].lineno == function.lineno:
        return None
    first, last = function.body[0].lineno, function.end_lineno
    body = lines[first - 1:last]
    if len(body) > LONGEST:
        body = [f'...  # lines {first} to {last} of the file']
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    bound = {node.id for node in ast.walk(function)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    inner = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)} | {
        node.name for node in ast.walk(function) if isinstance(node, ast.ExceptHandler)}
    arguments = [argument.arg for argument in function.args.args]
    imports = {alias.asname or alias.name.partition('.')[0]: statement for statement in tree.body
               if isinstance(statement, (ast.Import, ast.ImportFrom)) for alias in statement.names}
    known = {*bound, *inner, *imports, *dir(builtins)}
    own = {alias.asname or alias.name.partition('.')[0] for node in ast.walk(function)
           if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}
    return {'lines': textwrap.indent(textwrap.dedent('\n'.join(body)), '    ').split('\n'),
            'imports': list(dict.fromkeys(ast.unparse(imports[each]) for each in sorted(used)
                                          if each in imports)),
            'says': all(only_says(each, arguments) for each in function.body),
            'arguments': [each for each in arguments if each in used],
            'others': sorted(used - known - own)}


def calls_of(tree, name):
    """['psycogreen.gevent:patch_psycopg'] for a function that only imports functions, calls them
    without arguments, and writes to gunicorn's log; [] for any other."""
    function = function_of(tree, name)
    if function is None:
        return []
    names, calls = Names(tree.body), []
    for statement in function.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            names.add(statement)
        elif not only_says(statement, [argument.arg for argument in function.args.args]):
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
