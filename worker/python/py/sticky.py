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

# What engineio uses under uWSGI, and so here. It offers its clients no WebSocket if uWSGI has none.
_UWSGI_DRIVER = "engineio.async_drivers.gevent_uwsgi"

_servers = weakref.WeakSet()  # those that have made ids
_hinted = False


def _naming_worker(make):
    """`make`, whose ids name their worker."""
    def make_id(self):
        _servers.add(self)
        return native().mark_id(make(self))

    return make_id


def _with_hint(make):
    """`make`, which says once that its sessions need the setting."""
    def make_id(self):
        _hint_once()
        return make(self)

    return make_id


def _hint_once():
    global _hinted
    if not _hinted and native().worker_id() < 2:  # once in all workers
        native().warn(
            "the application has sessions of engineio (Socket.IO), each of which lives in one "
            f"worker, and there are {native().numproc}: set sticky: {{query: sid}}, so that each "
            "request reaches the worker of its session (docs/websockets.md)")
    _hinted = True


def _replacing(replace):
    """A function that replaces what makes ids in the classes of a module."""
    def adapt(module):
        for thing in list(vars(module).values()):
            if isinstance(thing, type) and thing.__module__ == module.__name__:
                for name in _MAKERS:
                    if name in vars(thing):
                        make = vars(thing)[name]
                        setattr(thing, name, functools.wraps(make)(replace(make)))

    return adapt


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


def _tell_of_polling(module):
    if native().worker_id() < 2:  # once in all workers
        native().warn(
            "engineio (Socket.IO) finds no WebSocket and stays with polling, without telling its "
            "clients: this build of geventd was built without the library wslay "
            "(docs/websockets.md)")


def follow_sessions(is_set):
    """Called before the application is loaded; `is_set`: there is the setting `sticky`."""
    if not hasattr(native(), "websocket_handshake"):
        sys.meta_path.insert(0, _Follower([_UWSGI_DRIVER], _tell_of_polling))
    if is_set:
        sys.meta_path.insert(0, _Follower(_MODULES, _replacing(_naming_worker)))
    elif native().numproc > 1:
        sys.meta_path.insert(0, _Follower(_MODULES, _replacing(_with_hint)))


def has_sessions():
    return any(not socket.closed for server in list(_servers)
               for socket in list(server.sockets.values()))
