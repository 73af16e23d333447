# SPDX-License-Identifier: MIT
"""What a template checks and does before it forks workers.

It looks at objects of the application, so it uses foreign.py for that, and a failure to look is not
fatal.

Embedded in geventd-worker.
"""
import gc
import os
import sys
import threading
import weakref

from _geventd_foreign import (name_of_class, name_of_function, objects_of, own_attributes,
                              own_text)

_OURS = "geventd-log"  # the thread of src/log/terminal_writer.cpp, which each process starts
_loader = os.getpid()  # the process that loads the application, and the id of its main thread


def _threads_besides_main():
    """(identity, thread) of the threads that the module threading knows, without the stand-ins that
    it made for greenlets."""
    stand_in = getattr(sys.modules.get("gevent.threading"), "_DummyThread", None)
    return [(ident, thread) for ident, thread in list(threading._active.items())
            if thread is not threading._main_thread and type(thread) is not stand_in]


def _is_greenlet(thread):
    """Whether the thread is a greenlet: it runs in the main thread of the process that loaded."""
    return own_attributes(thread).get("_native_id") == _loader


def _spawned(besides):
    """gevent's greenlets that were spawned and have not ended, except those with these ids."""
    if "gevent.greenlet" not in sys.modules:
        return []
    from gevent import Greenlet

    return [g for g in objects_of(Greenlet) if Greenlet.__bool__(g) and id(g) not in besides]


def _name_of_thread(thread):
    return own_text(thread, "_name") or name_of_class(type(thread))


def name_of_greenlet(g):
    """The greenlet's name if it was given one; else the name of the function that it runs."""
    from greenlet import greenlet

    name, outermost = own_text(g, "name"), None
    frame = greenlet.__dict__["gr_frame"].__get__(g)
    while frame is not None:
        outermost, frame = frame, frame.f_back
    if name is None and outermost is not None:
        code = outermost.f_code
        name = getattr(code, "co_qualname", code.co_name)  # since Python 3.11
    return name or name_of_function(own_attributes(g).get("_run"))


def _some(names):
    names = sorted(name.encode("utf-8", "backslashreplace").decode() for name in names)
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _look_for_hazards():
    threads = _threads_besides_main()
    native = [_name_of_thread(thread) for _, thread in threads if not _is_greenlet(thread)]
    copied = {ident: _name_of_thread(thread) for ident, thread in threads if _is_greenlet(thread)}
    if native:
        yield ("the application started threads while it was loaded "
               f"({_some(native)}): they do not exist in the workers; start them in "
               "uwsgi.post_fork_hook or set app.preload: false")
    if copied:
        yield ("the application started threads while it was loaded "
               f"({_some(copied.values())}): they are greenlets (app.monkey-patch), and each "
               "worker goes on with its own copy of them; start them in uwsgi.post_fork_hook if "
               "they belong to one worker or hold what cannot be shared")
    if spawned := _spawned(copied):
        yield ("the application spawned greenlets while it was loaded "
               f"({_some(map(name_of_greenlet, spawned))}): each worker goes on with its own copy "
               "of them; spawn them in uwsgi.post_fork_hook if they belong to one worker or hold "
               "what cannot be shared")


def forking_hazards():
    """Sentences about what may not survive the fork of workers as expected."""
    hazards = []
    try:
        hazards.extend(_look_for_hazards())
    except BaseException as error:
        hazards.append("what the application has started while it was loaded cannot be told: "
                       + name_of_class(type(error)))
    return hazards


def freeze():
    """Excludes all loaded objects from garbage collection, so that collections in the workers do
    not write to the shared pages."""
    gc.collect()
    if "greenlet" in sys.modules:
        from greenlet import greenlet

        _frozen[:] = map(weakref.ref, objects_of(greenlet))
    gc.freeze()


_frozen = []  # weak references to greenlets that gc.get_objects() does not list any more


def frozen_greenlets():
    """Greenlets that the application made while it was loaded."""
    found = [reference() for reference in _frozen]
    return [greenlet for greenlet in found if greenlet is not None]


_aside = []   # (identity, thread) of hidden threads that run
_hidden = []  # these threads, and hidden threads that have ended


def set_threads_aside():
    """Called before a fork of ours. In the child the module threading would mark all threads except
    the calling one as ended and renew their locks. Threads that are greenlets go on there, so hide
    them from it; also those that have ended: the hub may be in the midst of notifying greenlets
    that waited for one, which a new lock would break off."""
    _aside[:] = [pair for pair in _threads_besides_main() if _is_greenlet(pair[1])]
    _hidden[:] = [thread for thread in list(threading._dangling)
                  if thread is not threading._main_thread and _is_greenlet(thread)]
    for ident, _ in _aside:
        threading._active.pop(ident, None)
    for thread in _hidden:
        threading._dangling.discard(thread)


def put_threads_back():
    """Called after that fork, in both processes."""
    threading._active.update(_aside)
    threading._dangling.update(_hidden)
    _aside.clear()
    _hidden.clear()


def _known_threads():
    """The kernel's ids of the threads that the module threading knows."""
    return {own_attributes(thread).get("_native_id") for thread in list(threading._active.values())}


def _size_of_threadpool():
    """The size of gevent's thread pool, which starts its threads anew in each process."""
    hub_module = sys.modules.get("gevent._hub_local")
    hub = hub_module.get_hub_if_exists() if hub_module else None
    pool = getattr(hub, "_threadpool", None)
    return pool.size if pool is not None else 0


def _name_of_task(task):
    try:
        file = os.open(f"/proc/self/task/{task}/comm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return "one that has ended"
    try:
        return os.read(file, 64).decode("utf-8", "replace").strip()
    finally:
        os.close(file)


def lost_threads():
    """A list with a sentence about threads of libraries that a fork has lost; forking_hazards() has
    the threads that the module threading knows. Called after a fork: libraries that handle forks
    have ended their threads by then and start them anew in each process."""
    known = _known_threads()
    own, names = _name_of_task(os.getpid()), {}
    for task in map(int, os.listdir("/proc/self/task")):
        if task != os.getpid() and task not in known:
            name = _name_of_task(task)
            names[name] = names.get(name, 0) + 1
    names.pop(_OURS, None)
    nameless = names.pop(own, 0) - _size_of_threadpool()
    texts = [f"{name} ({count} times)" if count > 1 else name for name, count in names.items()]
    if nameless > 0:
        texts.append(f"{nameless} without a name of {'its' if nameless == 1 else 'their'} own")
    if not texts:
        return []
    return [
        f"libraries started threads while the application was loaded ({_some(texts)}): they do "
        "not exist in the workers; start them after the fork, as in uwsgi.post_fork_hook, or set "
        "app.preload: false"
    ]
