# SPDX-License-Identifier: MIT
"""Runs in a process of its own: executes gunicorn.conf.py as gunicorn does, and tells its names.

Usage: python3 gunicorn_child.py FILE DESCRIPTOR [stand-ins]. Writes JSON to the descriptor:
{"names": {name: value}, "effects": as effects() says, "absent": variables that are not set} or
{"fault": sentence, "lacks": true if a module is missing}.
With stand-ins missing modules are replaced; "missing" names them. A function is {"hook": name},
what came out of a missing module {"missing": name}; what else JSON cannot hold {"object": type}.
A function of a module that can be called without arguments is {"hook": name, "calls":
["module:function"]}.
"""
import inspect
import json
import os
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != HERE]


def main(path, with_stand_ins):
    finder = install_stand_ins() if with_stand_ins else None
    place = os.path.dirname(os.path.abspath(path))
    sys.path.insert(0, os.getcwd())
    sys.path.insert(0, place)
    names = {'__builtins__': __builtins__, '__name__': '__config__', '__doc__': None,
             '__package__': None, '__file__': path}
    before = list(sys.path), dict(os.environ)
    absent = follow_environment()
    try:
        with open(path, 'rb') as file:
            exec(compile(file.read(), path, 'exec'), names)
    except BaseException as error:  # whatever the file raises, SystemExit too, is its fault
        return {'fault': describe(error, path), 'lacks': isinstance(error, ModuleNotFoundError)}
    return {'names': {name: plain(value) for name, value in names.items()
                      if not name.startswith('__')},
            'missing': finder.names if finder else [], 'absent': list(absent),
            'effects': effects(*before)}


def follow_environment():
    """The names of variables that the file, or one of its own modules, asks for and does not find:
    a dict that grows."""
    absent, kind = {}, type(os.environ)
    look = kind.__getitem__

    def look_and_note(self, name):
        try:
            return look(self, name)
        except KeyError:
            if isinstance(name, str) and not is_of_a_library(sys._getframe(1)):
                absent[name] = None
            raise

    kind.__getitem__ = look_and_note
    return absent


def is_of_a_library(frame):
    """Whether it is a module of Python's, or an installed one, that asks os.environ."""
    while frame is not None and os.path.basename(frame.f_code.co_filename) in (
            'os.py', '_collections_abc.py', '<frozen os>', '<frozen _collections_abc>'):
        frame = frame.f_back
    name = frame.f_code.co_filename if frame else ''
    library = os.path.dirname(os.__file__) + os.sep
    return name.startswith((library, '<frozen')) or '-packages' in name


def effects(path, environment):
    """What the process has beside the settings: new entries of sys.path, variables of os.environ
    with another value, and those that are gone."""
    added = [os.path.abspath(entry) for entry in sys.path
             if isinstance(entry, str) and sys.path.count(entry) > path.count(entry)]
    return {'path': list(dict.fromkeys(added)),
            'environment': {name: value for name, value in os.environ.items()
                            if environment.get(name) != value},
            'removed': [name for name in environment if name not in os.environ]}


def install_stand_ins():
    """The module beside this one, which must not be found by the file's own imports."""
    sys.path.insert(0, HERE)
    import stand_ins
    sys.path.remove(HERE)
    del sys.modules['stand_ins']
    return stand_ins.install()


def describe(error, path):
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename == path]
    where = f'{path}:{lines[-1]}' if lines else path
    return f'{where}: {type(error).__name__}: {error}'


def plain(value):
    if type(value).__name__ == 'StandIn':
        return {'missing': str(value)}
    if callable(value):
        return hook(value)
    if isinstance(value, (list, tuple, set)):
        return [plain(member) for member in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict) and not value:
        return {}
    if isinstance(value, os.PathLike):
        return plain(os.fspath(value))
    return {'object': type(value).__name__}


def hook(function):
    """Its name, and module:function if it is one of a module's that needs no arguments."""
    told = {'hook': getattr(function, '__name__', repr(function))}
    module, name = getattr(function, '__module__', None), getattr(function, '__qualname__', '<')
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return told
    if module not in (None, '__config__') and '<' not in name:
        told['calls'] = [f'{module}:{name}']
    return told


if __name__ == '__main__':
    process = os.getpid()
    os.set_inheritable(int(sys.argv[2]), False)
    text = json.dumps(main(sys.argv[1], 'stand-ins' in sys.argv[3:]))
    if os.getpid() == process:  # and no child that the file has forked
        with open(int(sys.argv[2]), 'w', encoding='ascii') as result:
            result.write(text)
    os._exit(0)  # threads that the file has started do not matter
