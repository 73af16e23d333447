# SPDX-License-Identifier: MIT
"""What gunicorn.conf.py does to its process beside the settings, as options that mean the same:
sys.path as pythonpath, os.environ as raw_env. What it does by means of others is told only."""
import ast

from ..model import Option
from .gunicorn_expressions import ENVIRONMENTS, dotted, protect, resolve


def options_of(effects, source, file, is_elsewhere):
    """(options, remarks)"""
    options, remarks = variables_of(effects['environment'], source, file)
    if effects['path'] and is_elsewhere:
        remarks.append(f'{file} adds to sys.path, by paths that differ there: write them into '
                       'app.python-path.')
    elif effects['path']:
        line, number = source.line_with('sys.path')
        options.append(Option('pythonpath', effects['path'], line or 'sys.path',
                              f'{file}:{number}' if number else file,
                              'geventd looks there before it looks for installed packages'))
    if effects['removed']:
        remarks.append(f'{file} removes {", ".join(effects["removed"])} from the environment: do '
                       'so where geventd is started.')
    return options, remarks


def variables_of(changed, source, file):
    """The variables that the text itself sets; of others, such as those of a .env file, the names:
    their values may be secrets."""
    given, options, unseen, computed = given_in(source.tree), [], [], []
    for name, value in changed.items():
        if name not in given:
            unseen.append(name)
            continue
        statement, expression, is_default = given[name]
        text = source.text_of(expression)
        is_known = text is not None and resolve(text) == value
        text = text if is_known else protect(value)
        if is_known and is_default and not {'$', '{', '}'} & set(text):
            text = '${' + f'{name}:-{text}' + '}'
        computed += [] if is_known else [name]
        options.append(Option('raw_env', [f'{name}={text}'], source.line_at(statement.lineno),
                              f'{file}:{statement.lineno}',
                              '' if is_known else 'computed while converting'))
    remarks = []
    if unseen:
        remarks.append(f'By what {file} calls, {", ".join(unseen)} of the environment are set. '
                       'They are not taken over: set them where geventd is started, or in '
                       'app.environment.')
    if computed:
        remarks.append(f'{file} computes {", ".join(computed)} of os.environ: the values are '
                       'written as they are now. Write ${NAME} in the place of secrets.')
    return options, remarks


def given_in(tree):
    """{variable: (statement, expression, whether only if it is not set)} for
    os.environ['NAME'] = … and os.environ.setdefault('NAME', …)."""
    given = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and dotted(target.value) in ENVIRONMENTS:
                    note(given, target.slice, (node, node.value, False))
        elif isinstance(node, ast.Call) and len(node.args) == 2 and dotted(node.func) in (
                f'{name}.setdefault' for name in ENVIRONMENTS):
            note(given, node.args[0], (node, node.args[1], True))
    return given


def note(given, name, what):
    """Of several the last one counts, which a default does not replace."""
    if isinstance(name, ast.Constant) and not (what[2] and name.value in given):
        given[name.value] = what
