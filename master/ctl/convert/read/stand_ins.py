# SPDX-License-Identifier: MIT
"""Modules that stand in for those that cannot be imported, so that gunicorn.conf.py can be executed
without the application's packages. Used in the process that executes it."""
import importlib.abc
import importlib.machinery
import os
import sys
import types


STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


class StandIn:
    """What comes out of such a module: it can be called, looked into and inherited from, and gives
    another one each time."""

    def __init__(self, name, *_class_body):
        self._name = name

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return StandIn(f'{self._name}.{name}')

    def __call__(self, *_arguments, **_named):
        return StandIn(f'{self._name}()')

    def __getitem__(self, _key):
        return StandIn(f'{self._name}[]')

    def __iter__(self):
        return iter(())

    def __str__(self):
        return self._name


class StandInModule(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return StandIn(f'{self.__name__}.{name}')


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Asked last, so only for what nobody else has found. Remembers the names."""

    def __init__(self):
        self.names = []

    def find_spec(self, name, path=None, target=None):
        if is_optional(sys._getframe(1)):
            return None
        self.names.append(name)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return StandInModule(spec.name)

    def exec_module(self, module):
        pass


def is_optional(frame):
    """Whether the standard library itself asks: it goes without what it does not find."""
    while frame is not None and ('<frozen importlib' in frame.f_code.co_filename
                                 or frame.f_globals.get('__name__') == 'importlib'):
        frame = frame.f_back
    name = frame.f_code.co_filename if frame else ''
    return name.startswith(STANDARD_LIBRARY) and '-packages' not in name


def install():
    finder = Finder()
    sys.meta_path.append(finder)
    return finder
