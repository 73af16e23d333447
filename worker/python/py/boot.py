# SPDX-License-Identifier: MIT
"""What a template or worker does in Python before and after it serves.

Embedded in geventd-worker. Faults of the installation or the application are raised as Fault
with one sentence, which is all that an operator needs to see; everything else keeps its traceback.
"""
import importlib
import importlib.util
import os
import sys
import types
import weakref

from _geventd_foreign import own_text
from _geventd_plugins import plugins_of

OLDEST_GEVENT = (20, 9)
OLDEST_GREENLET = (1, 0)


class Fault(Exception):
    """A fault that one sentence explains."""


def set_up(python_path):
    """Puts the application's folders in front of sys.path and makes output line by line."""
    here = os.getcwd()
    folders = [os.path.normpath(os.path.join(here, folder)) for folder in python_path]
    sys.path[:0] = folders + [here]
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a sitecustomize may have put anything there
            reconfigure(line_buffering=True)


def _version(text):
    numbers = []
    for part in text.split(".")[:2]:
        digits = "".join(c for c in part if c.isdigit())
        numbers.append(int(digits or 0))
    return tuple(numbers)


def check_gevent():
    """Says in a sentence when gevent or greenlet is missing or too old."""
    for name, oldest in (("greenlet", OLDEST_GREENLET), ("gevent", OLDEST_GEVENT)):
        wanted = ".".join(map(str, oldest))
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            raise Fault(
                f"{name} cannot be imported by {sys.executable or 'Python'} "
                f"{sys.version.split()[0]} ({error}): install {name} {wanted} or newer there"
            ) from None
        if _version(module.__version__) < oldest:
            raise Fault(
                f"{name} {module.__version__} ({module.__file__}) is too old: "
                f"geventd needs {wanted} or newer"
            )


def _spare_pkg_resources():
    """gevent before 23 imports pkg_resources to find its plugins. That doubles the time of a start
    and takes 6 MB, so plugins.py finds them here."""
    from zope import event, interface  # noqa: F401  (a namespace, which may want the real one)

    if "pkg_resources" in sys.modules:
        return
    sys.modules["pkg_resources"] = types.SimpleNamespace(iter_entry_points=plugins_of)
    try:
        import gevent.events  # noqa: F401
    finally:
        del sys.modules["pkg_resources"]


def patch(modules):
    """Monkey-patches everything, or the named modules only."""
    _spare_pkg_resources()
    from gevent import monkey

    hear_of_quick_children()
    if not modules:
        monkey.patch_all()
        return
    for name in modules:
        function = getattr(monkey, f"patch_{name}", None)
        if function is None:
            raise Fault(f"app.monkey-patch: gevent.monkey has no patch_{name}()")
        function()


class _EmbeddedModules:
    """Finds and loads the modules whose source is part of geventd-worker."""

    def __init__(self, sources):
        self._sources = sources

    def find_spec(self, name, path=None, target=None):
        if name not in self._sources:
            return None
        return importlib.util.spec_from_loader(name, self, origin=f"<geventd>/{name}.py")

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        spec = module.__spec__
        exec(compile(self._sources[spec.name], spec.origin, "exec"), module.__dict__)

    def get_source(self, name):
        return self._sources[name]


def offer_modules(sources):
    """Makes {name: source} importable, before modules of these names on sys.path."""
    sys.meta_path.insert(0, _EmbeddedModules(sources))


_reported = set()  # files that the master knows
_suspects = set()  # files in which a failed load may be mended
_modules_seen = 0


def note_source(file):
    """Counts a file that is no module among those of the application."""
    _suspects.add(file)


def _note_suspects(error):
    """Collects the files in which a failed load may be mended."""
    from itertools import product
    from os.path import join

    seen = []
    while error is not None and len(seen) < 100 and not any(error is other for other in seen):
        seen.append(error)
        trace = error.__traceback__
        while trace is not None:
            _suspects.add(trace.tb_frame.f_code.co_filename)
            trace = trace.tb_next
        if issubclass(type(error), SyntaxError) and type(error.filename) is str:
            _suspects.add(error.filename)
        if issubclass(type(error), ImportError) and type(error.name) is str:
            place = error.name.replace(".", os.sep)
            for folder, end in product(sys.path, (".py", os.sep + "__init__.py")):
                _suspects.add(join(folder, place + end))
        error = error.__context__ if error.__cause__ is None else error.__cause__


def new_sources():
    """The files of modules that were imported since the last call, and suspects: a list of bytes
    objects, each with some paths that end with NUL."""
    global _modules_seen
    if len(sys.modules) == _modules_seen and not _suspects:
        return []
    _modules_seen = len(sys.modules)
    files = {own_text(module, "__file__") for module in list(sys.modules.values())}
    files |= _suspects
    _suspects.clear()
    files = {os.path.abspath(f) for f in files if f and not f.startswith("<")}
    texts = [b""]
    for file in sorted(files - _reported):
        if len(texts[-1]) > 16384:
            texts.append(b"")
        texts[-1] += os.fsencode(file) + b"\0"
    _reported.update(files)
    return [text for text in texts if text]


def fault_page(text):
    """An application that answers with the reason why the real one cannot be loaded."""
    import html

    page = (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>The application cannot be '
        "loaded</title></head><body><h1>The application cannot be loaded</h1><p>The former version "
        "answers again, or the new one, when this is mended.</p><pre>"
        + html.escape(text) + "</pre></body></html>\n"
    ).encode("utf-8", "replace")

    def application(environ, start_response):
        start_response("500 Internal Server Error", [
            ("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page))),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")])
        return [page]

    return application


_HIDDEN = ("<geventd>/", "<frozen importlib", "<frozen zipimport", importlib.__file__)


def _traceback_of(error):
    """The traceback without the lines of geventd and importlib: it begins with the application's.
    A stack that has no others is shown as it is, unless the error itself names a file."""
    import traceback

    told = traceback.TracebackException(type(error), error, error.__traceback__)
    chain = [told]
    while chain:
        part = chain.pop()
        lines = [line for line in part.stack or () if not line.filename.startswith(_HIDDEN)]
        if lines or getattr(part, "filename", None):
            part.stack[:] = lines
        others = getattr(part, "exceptions", None) or []
        chain += [other for other in (part.__cause__, part.__context__, *others) if other]
    return "".join(told.format()).rstrip()


def _hint_at_virtualenv(error):
    if type(error) is not ModuleNotFoundError or sys.prefix != sys.base_prefix:
        return ""
    return ("\nThe modules are those of the system's Python; app.virtualenv names the virtual "
            "environment of the application, if it has one.")


def describe(error):
    """The text for a failed start: a sentence for a Fault, else the traceback."""
    if type(error) is Fault:
        _note_suspects(error)
        return str(error)
    try:
        _note_suspects(error)
    except Exception:
        pass  # the application's own exception class may do anything
    return _traceback_of(error) + _hint_at_virtualenv(error)


def after_fork():
    """Makes gevent usable in a forked worker, and leaves to the template what belongs to it."""
    _leave_to_template()
    hub_module = sys.modules.get("gevent._hub_local")
    if hub_module is not None and hub_module.get_hub_if_exists() is not None:
        import gevent

        gevent.reinit()


def _leave_to_template():
    """The template ends what loading has started, when all workers have gone. The end of a worker
    must not: that would take it from the others. Functions of atexit run in each process."""
    for finalizer in list(weakref.finalize._registry):
        finalizer.atexit = False  # as of a TemporaryDirectory
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None:
        processes._children.clear()  # it would end or join them
    getattr(sys.modules.get("gevent.os"), "_watched_children", {}).clear()


def hear_of_quick_children():
    """gevent catches SIGCHLD from its first fork on, but begins when that is done already. A child
    that had ended by then was never heard of, and os.waitpid() waited for ever."""
    import gevent.os

    for name in ("_raw_fork", "_raw_forkpty"):
        fork = getattr(gevent.os, name, None)
        if fork is not None and not hasattr(fork, "catches_sigchld"):
            setattr(gevent.os, name, _catching_sigchld(fork))


def _catching_sigchld(fork):
    def catch_and_fork():
        from gevent import get_hub

        get_hub().loop.install_sigchld()
        return fork()

    catch_and_fork.catches_sigchld = True
    return catch_and_fork
