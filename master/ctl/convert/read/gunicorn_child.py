# SPDX-License-Identifier: MIT
"""Runs in a process of its own: executes gunicorn.conf.py as gunicorn does, and prints its names.

Usage: python3 gunicorn_child.py FILE. The last line of the output is JSON: {"names": {name: value}}
or {"fault": sentence}. A function is {"hook": name}; whatever JSON cannot hold is its repr().
"""
import json
import os
import sys
import traceback


def main(path):
    place = os.path.dirname(os.path.abspath(path))
    sys.path.insert(0, os.getcwd())
    sys.path.insert(0, place)
    names = {'__builtins__': __builtins__, '__name__': '__config__', '__doc__': None,
             '__package__': None, '__file__': path}
    try:
        with open(path, 'rb') as file:
            exec(compile(file.read(), path, 'exec'), names)
    except BaseException as error:  # whatever the file raises, SystemExit too, is its fault
        return {'fault': describe(error, path)}
    return {'names': {name: plain(value) for name, value in names.items()
                      if not name.startswith('__')}}


def describe(error, path):
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == path]
    where = f'{path}:{lines[-1]}' if lines else path
    return f'{where}: {type(error).__name__}: {error}'


def plain(value):
    if callable(value):
        return {'hook': getattr(value, '__name__', repr(value))}
    if isinstance(value, (list, tuple, set)):
        return [plain(member) for member in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return {'object': repr(value)}


if __name__ == '__main__':
    result = json.dumps(main(sys.argv[1]))
    print('\n' + result)
    sys.stdout.flush()
    os._exit(0)  # threads that the file has started do not matter
