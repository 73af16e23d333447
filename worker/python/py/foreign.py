# SPDX-License-Identifier: MIT
"""Looks at objects of the application without running any of it.

A lazy object makes itself when it is asked what it is, a property may raise, a module may be loaded
by the first look at its attributes. So only types and CPython's own descriptors are asked, never
isinstance(), getattr(), bool() or repr() of what is not ours.

Embedded in geventd-worker.
"""
import functools
import gc
import weakref
from types import (BuiltinFunctionType, FunctionType, GetSetDescriptorType, MemberDescriptorType,
                   MethodType)

_mro_of = type.__dict__["__mro__"].__get__
_dict_of_class = type.__dict__["__dict__"].__get__
_DESCRIPTORS = (GetSetDescriptorType, MemberDescriptorType)


def objects_of(cls):
    """All objects of a class of ours, CPython's, greenlet's or gevent's that can be found."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), cls)]


def own_attributes(thing):
    """{name: value} of what was set on an object itself, whatever its class says of that."""
    for cls in _mro_of(type(thing)):
        descriptor = _dict_of_class(cls).get("__dict__")
        if type(descriptor) in _DESCRIPTORS:
            found = descriptor.__get__(thing)
            return found if type(found) is dict else {}
    return {}


def own_text(thing, name):
    """An attribute that was set on an object itself and is a text; else None."""
    value = own_attributes(thing).get(name)
    return value if type(value) is str else None


def name_of_class(cls):
    return type.__dict__["__qualname__"].__get__(cls)


def name_of_function(function):
    for _ in range(8):  # as deep as anybody wraps one
        if type(function) is MethodType:
            function = function.__func__
        elif type(function) is functools.partial:
            function = function.func
    kind = type(function)
    if kind is FunctionType or kind is BuiltinFunctionType:
        return function.__qualname__
    return name_of_class(kind)


def normalized(kind, error, trace=None):
    """An exception as C code hands it over: what it is to be made of may stand in its place. Like
    PyErr_NormalizeException, this gives what the making raises if that fails."""
    if not issubclass(type(error), BaseException):
        arguments = () if error is None else error if type(error) is tuple else (error,)
        try:
            error = kind(*arguments)
        except BaseException as raised:
            error = raised
        if not issubclass(type(error), BaseException):
            error = TypeError(f"{name_of_class(kind)} is no exception")
    return error if trace is None else BaseException.with_traceback(error, trace)


class Reference(weakref.ref):
    """A weak one that is told from others by identity. Others ask for the hash of what they refer
    to, which the application's classes may not have."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
