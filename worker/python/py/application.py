# SPDX-License-Identifier: MIT
"""Finds what the configuration names: the application in all forms of `app.module`, and functions.
Embedded in geventd-worker.
"""
import importlib
import importlib.util
import os
import sys
import time
from types import FunctionType, MethodType, ModuleType

from _geventd_boot import Fault

_USUAL_NAMES = ("application", "app", "wsgi_app", "create_app", "make_app")
_TAKES_REST = 0x04  # CO_VARARGS

_files = {}  # {real path: module} of files that were named
_beside = ""  # the folder of the configuration file


def look_beside(folder):
    """Tells in which folder the configuration file is, where a missing application may be found."""
    global _beside
    _beside = folder


def _remedy(name):
    """The end of a sentence about a file or a top-level module that was not found."""
    there = os.path.join(_beside, name)
    if not _beside or not any(os.path.exists(place) for place in (there, there + ".py")):
        return ""
    return f"; it is beside the configuration file, so set app.chdir: {_beside}"


def _import_file(name, key):
    path = os.path.abspath(name)
    if not os.path.exists(path):
        raise Fault(f"{key}: there is no file {path}{_remedy(name)}")
    if os.path.isdir(path):
        raise Fault(f"{key}: {path} is a folder, expected a file or a module")
    known = _module_of_file(path)
    return _execute_file(path) if known is None else known


def _execute_file(path):
    from importlib.machinery import SourceFileLoader

    name = _name_for_file(path)
    loader = SourceFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = _files[os.path.realpath(path)] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        del _files[os.path.realpath(path)]
        raise
    return module


def _stem(path):
    return os.path.splitext(os.path.basename(path))[0].replace("-", "_")


def _module_of_file(path):
    """The module that the file is already, by its path or by its name; None: it is none yet."""
    place = os.path.realpath(path)
    imported = sys.modules.get(_stem(path))
    file = getattr(imported, "__file__", None) if type(imported) is ModuleType else None
    if type(file) is str and os.path.realpath(file) == place:
        return imported
    return _files.get(place)


def _name_for_file(path):
    """Its own name where that means nothing else: `django.wsgi` and `json.wsgi` must not replace
    the modules of these names."""
    name = _stem(path)
    try:
        spec = importlib.util.find_spec(name) if "." not in name else None
        means_other = spec is not None and (
            not spec.origin or os.path.realpath(spec.origin) != os.path.realpath(path))
    except Exception:
        means_other = True
    if means_other or name in sys.modules or not name.isidentifier():
        return "geventd_file_" + "".join(c if c.isalnum() else "_" for c in path)
    return name


def _is_file(name):
    """`mysite.wsgi` is a file only if it exists: Django's usual name of a module looks the same."""
    return "/" in name or name.endswith(".py") or (name.endswith(".wsgi") and os.path.exists(name))


def _import(name, key="app"):
    """The module or file `name`, which stands at `key` of the configuration."""
    if _is_file(name):
        return _import_file(name, key)
    if not name or name.startswith("."):
        raise Fault(f"{key}: {name!r} is no module, expected a whole name such as myapp")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            places = ", ".join(sys.path)
            raise Fault(
                f"{key}: there is no module {error.name!r} in {places}{_remedy(error.name)}"
            ) from None
        raise


def _meant(target, name):
    """The end of a sentence about a name that a module or class has not: the callable there that is
    spelt nearly so, or that makes or is the application."""
    from difflib import get_close_matches

    if not issubclass(type(target), (ModuleType, type)):
        return ""
    names = [other for other, value in vars(target).items() if callable(value)]
    usual = [other for other in _USUAL_NAMES if other in names and name in _USUAL_NAMES]
    near = get_close_matches(name, names, n=1) or usual
    return f", did you mean {near[0]!r}?" if near else ""


def _find(target, dotted, what):
    """What the dotted name means there; `what` begins the sentence about one that is missing."""
    for part in dotted.split("."):
        if not hasattr(target, part):
            raise Fault(f"{what} has no {dotted!r}{_meant(target, part)}")
        target = getattr(target, part)
    return target


def _pick(module, attribute):
    if attribute:
        return _find(module, attribute, f"app: {module.__name__}")
    for name in ("application", "app"):
        if hasattr(module, name):
            return getattr(module, name)
    raise Fault(
        f"app: {module.__name__} has neither 'application' nor 'app'; "
        f"name the callable: {module.__name__}:NAME"
    )


def _is_async(application):
    """Whether calls give coroutines, or asynchronous generators, as those of ASGI do. Looks at
    types only, so that no proxy is evaluated."""
    is_async = 0x80 | 0x200  # CO_COROUTINE, CO_ASYNC_GENERATOR
    for function in (application, getattr(type(application), "__call__", None)):
        if type(function) is MethodType:
            function = function.__func__
        if type(function) is FunctionType and function.__code__.co_flags & is_async:
            return True
    return False


def _called(application):
    """(the function that a call of the application runs, how many arguments it is given), or None
    where that is not certain. Runs nothing of the application."""
    if type(application) is FunctionType:
        return application, 2
    if type(application) is MethodType:
        return application.__func__, 3
    classes, name = type(application).__mro__, "__call__"
    if type(application) is type:
        classes, name = application.__mro__, "__init__"
        if any("__new__" in vars(cls) for cls in classes[:-1]):  # the last is object
            return None
    return next(((vars(cls)[name], 3) for cls in classes if name in vars(cls)), None)


def _unfit(function, given):
    """The names of a function's parameters, if it cannot take so many arguments; else None."""
    if function is object.__init__:
        return ()
    if type(function) is not FunctionType:
        return None
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    least = code.co_argcount - len(function.__defaults__ or ())
    has_room = given <= code.co_argcount or code.co_flags & _TAKES_REST
    missing = set(names[code.co_argcount :]) - set(function.__kwdefaults__ or ())
    return None if least <= given and has_room and not missing else names[given - 2 :]


def _check_arguments(spec, application):
    """A factory without its parentheses, for instance, would fail with each request."""
    called = _called(application)
    names = _unfit(*called) if called else None
    if names is None:
        return
    text = (
        f"app: {spec} takes ({', '.join(names)}), not (environ, start_response): "
        "it is no WSGI application"
    )
    if type(application) in (FunctionType, type) and "(" not in spec:
        text += f"; if it makes one, call it: {spec}({'...' if names else ''})"
    raise Fault(text)


_FACTORY_FORMS = "expected module:factory() with literals such as 'prod' or root='x' as arguments"


def _read_factory(spec, text):
    """The dotted name and the arguments of `factory("prod", debug=True)`."""
    import ast

    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call):
            raise ValueError
        keywords = {word.arg: ast.literal_eval(word.value) for word in call.keywords}  # None: **
        name = ast.unparse(call.func)
        if None in keywords or not all(part.isidentifier() for part in name.split(".")):
            raise ValueError
        return name, [ast.literal_eval(each) for each in call.args], keywords
    except (SyntaxError, ValueError, TypeError):
        raise Fault(f"app: {spec}: {text!r} is no call of a factory; {_FACTORY_FORMS}") from None


def _make(spec, factory, arguments, keywords):
    try:
        return factory(*arguments, **keywords)
    except TypeError as error:
        if error.__traceback__.tb_next is None:  # it wants other arguments, so it was not entered
            raise Fault(f"app: {spec}: {error}") from None
        raise


def _load_made(spec, module, text):
    """What the factory returns that `text` calls."""
    name, arguments, keywords = _read_factory(spec, text)
    factory = _pick(module, name)
    if not callable(factory):
        raise Fault(f"app: {spec}: {name!r} is not callable")
    return _make(spec, factory, arguments, keywords)


def _load_named(spec):
    """What a module or a file has, or what a Paste Deploy file describes."""
    place, _, attribute = spec.partition(":")
    if place == "paste":
        from _geventd_paste import load_described

        return load_described(attribute, _remedy)
    if "(" in attribute:
        return _load_made(spec, _import(place), attribute)
    return _pick(_import(place), attribute)


def load(spec):
    """The WSGI callable that `app.module` names."""
    application = _load_named(spec)
    if not callable(application):
        raise Fault(f"app: {spec}: a {type(application).__name__} is not callable")
    if _is_async(application):
        raise Fault(f"app: {spec} is asynchronous (`async def`, ASGI): use an ASGI server")
    _check_arguments(spec, application)
    return application


def load_function(names):
    """The function of (key of the configuration, "module:function")."""
    key, spec = names
    module_name, _, attribute = spec.partition(":")
    function = _find(_import(module_name, key), attribute, f"{key}: {spec}: {module_name}")
    if not callable(function):
        raise Fault(f"{key}: {spec}: a {type(function).__name__} is not callable")
    return function


def run_before_load(spec):
    """Imports a module of `app.before-load`; of `module:function`, also calls the function."""
    if ":" in spec:
        load_function(("app.before-load", spec))()
    else:
        _import(spec, "app.before-load")


def mount(place):
    """Loads the application of (prefix, app.module) and shows it in uwsgi.applications."""
    import _geventd_worker as native

    prefix, spec = place
    begun = time.monotonic()
    application = native.applications[prefix] = load(spec)
    native.startup_times[prefix] = time.monotonic() - begun
    return application
