# SPDX-License-Identifier: MIT
"""Sessions of engineio, on which Socket.IO stands. Each lives in the memory of one worker: its id
is made to name that worker, and a worker that drains asks whether any is open.

Embedded in geventd-worker.
"""
import functools
import sys
import weakref

from _geventd_alarm import native

# Where the class of servers is defined, by the version of engineio, and what makes an id there.
_MODULES = ("engineio.base_server", "engineio.server")
_MAKERS = ("generate_id", "_generate_id")

_servers = weakref.WeakSet()  # those that have made ids


def _let_name_worker(server_class, name):
    make = vars(server_class)[name]

    @functools.wraps(make)
    def make_id(self):
        _servers.add(self)
        return native().mark_id(make(self))

    setattr(server_class, name, make_id)


def _adapt(module):
    for thing in list(vars(module).values()):
        if isinstance(thing, type) and thing.__module__ == module.__name__:
            for name in _MAKERS:
                if name in vars(thing):
                    _let_name_worker(thing, name)


def _hint(module):
    native().warn(
        f"the application uses {module.__name__.partition('.')[0]}, whose sessions live in one "
        f"worker each, and there are {native().numproc}: set sticky: {{query: sid}}, so that each "
        "request reaches the worker of its session (docs/websockets.md)")


class _Loader:
    """Executes a module by its own loader, which it gives back to the module, then calls `then`."""

    def __init__(self, loader, then):
        self._loader = loader
        self._then = then

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._then(module)


class _Follower:
    """A finder of modules that finds none: others do, and `then` is called with those of the given
    names when they have been executed."""

    def __init__(self, names, then):
        self._names = set(names)
        self._then = then

    def find_spec(self, name, path=None, target=None):
        if name not in self._names:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not self else None
            if spec is not None:
                if hasattr(spec.loader, "create_module") and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self._then)
                return spec
        return None


def follow_sessions(is_set):
    """Called before the application is loaded; `is_set`: there is the setting `sticky`."""
    if is_set:
        sys.meta_path.insert(0, _Follower(_MODULES, _adapt))
    elif native().numproc > 1 and native().worker_id() < 2:  # once in all workers
        sys.meta_path.insert(0, _Follower(_MODULES[:1], _hint))


def has_sessions():
    return any(not socket.closed for server in list(_servers)
               for socket in list(server.sockets.values()))
