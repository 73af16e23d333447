# SPDX-License-Identifier: MIT
"""Looks at objects of the application without running code of it.

A lazy object may be made by isinstance(), a property may raise, a module may be loaded by the first
look at its attributes. So this uses only types and CPython's own descriptors, and never
isinstance(), getattr(), bool() or repr() on objects that are not ours.

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
    """All objects that can be found of a class, which must not be the application's."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), cls)]


def own_attributes(thing):
    """{name: value} of the attributes set on an object itself, without its class' code."""
    for cls in _mro_of(type(thing)):
        descriptor = _dict_of_class(cls).get("__dict__")
        if type(descriptor) in _DESCRIPTORS:
            found = descriptor.__get__(thing)
            return found if type(found) is dict else {}
    return {}


def own_text(thing, name):
    """An attribute that was set on an object itself and is a str; else None."""
    value = own_attributes(thing).get(name)
    return value if type(value) is str else None


def name_of_class(cls):
    return type.__dict__["__qualname__"].__get__(cls)


def name_of_function(function):
    for _ in range(8):  # deep enough for any wrapping
        if type(function) is MethodType:
            function = function.__func__
        elif type(function) is functools.partial:
            function = function.func
    kind = type(function)
    if kind is FunctionType or kind is BuiltinFunctionType:
        return function.__qualname__
    return name_of_class(kind)


def normalized(kind, error, trace=None):
    """The exception object of (kind, error, trace) from C code, where `error` may be the arguments
    for making it. If making it fails, the exception of that, as in PyErr_NormalizeException."""
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
    """A weak reference compared by identity. Usual ones use the object's hash, which a class of the
    application may not have."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
