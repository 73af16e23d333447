# SPDX-License-Identifier: MIT
"""Numbers of workers that a file computes from the number of CPUs, as geventd's formulas, which
count them anew at each start."""
import ast
import os
import re

COUNTS = re.compile(r'((multiprocessing|mp|os)\.)?cpu_count\(\)( or \d+)?|'
                    r'len\(os\.sched_getaffinity\(0\)\)')
FORMULA = re.compile(r'(\d+|cpus)([-+*/](\d+|cpus))*')
SYMBOLS = {ast.Add: '+', ast.Sub: '-', ast.Mult: '*', ast.FloorDiv: '/'}


def formula_of(node, value_of):
    """2*cpus+1 for such an expression; None for one that is no formula of geventd's, which has
    whole numbers and no parentheses. value_of(name) is the expression of a name, or None."""
    text = text_of(node, value_of)
    return text if text and 'cpus' in text else None


def text_of(node, value_of, depth=0):
    if COUNTS.fullmatch(ast.unparse(node)):
        return 'cpus'
    if isinstance(node, ast.Constant):
        return str(node.value) if type(node.value) is int else None
    if isinstance(node, ast.Name) and value_of(node.id) is not None and depth < 9:
        return text_of(value_of(node.id), value_of, depth + 1)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == 'int' and len(node.args) == 1:
        return whole_part(node.args[0], value_of, depth)
    if isinstance(node, ast.BinOp) and type(node.op) in SYMBOLS:
        return joined(node, SYMBOLS[type(node.op)], value_of, depth)
    return None


def whole_part(node, value_of, depth):
    """int(a / b) divides as geventd does."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return joined(node, '/', value_of, depth)
    return text_of(node, value_of, depth)


def joined(node, symbol, value_of, depth):
    left = text_of(node.left, value_of, depth + 1)
    right = text_of(node.right, value_of, depth + 1)
    if left is None or right is None:
        return None
    is_product = symbol in '*/'
    if is_product and re.search('[-+]', left + right) or symbol in '-/' and re.search(
            r'[-+*/]', right) or symbol == '*' and '/' in right:
        return None  # which would need parentheses
    return f'{left}{symbol}{right}'


def results_of(formula):
    """What it comes to here: by all CPUs, and by those that this process may use."""
    counts = {os.cpu_count() or 1}
    if hasattr(os, 'sched_getaffinity'):
        counts.add(len(os.sched_getaffinity(0)))
    return {result_of(formula.replace('cpus', str(count))) for count in counts}


def result_of(formula):
    """Of whole numbers with + - * /, as geventd reads it."""
    if not FORMULA.fullmatch(formula) or 'cpus' in formula or re.search(r'/0+(\D|$)', formula):
        return None
    return eval(formula.replace('/', '//'))  # nothing but digits and operators
