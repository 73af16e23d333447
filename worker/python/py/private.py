# SPDX-License-Identifier: MIT
"""What the application has made while it was loaded and only one process can use, though no
descriptor shows that: both ends of its pipes are in this process.

Embedded in geventd-worker. Nothing of the application runs because it is looked at.
"""
import sys

from _geventd_foreign import objects_of, own_attributes

# The module, its class, a class of it that does not count, whether the thing with these attributes
# is over, and what the thing is.
_KINDS = (
    ("concurrent.futures.process", "ProcessPoolExecutor", None,
     lambda thing: own_attributes(thing).get("_shutdown_thread"), "a ProcessPoolExecutor"),
    ("multiprocessing.pool", "Pool", "ThreadPool",
     lambda thing: own_attributes(thing).get("_state") != "RUN", "a Pool of multiprocessing"),
    ("asyncio.base_events", "BaseEventLoop", None,
     lambda thing: own_attributes(thing).get("_closed"), "an event loop of asyncio"),
    ("uvloop", "Loop", None,
     lambda thing: sys.modules["uvloop"].Loop.is_closed(thing), "an event loop of uvloop"),
)


def private_things():
    """The names of what there is, each once."""
    found = []
    for module, name, besides, is_over, text in _KINDS:
        cls = getattr(sys.modules.get(module), name, None)
        others = getattr(sys.modules.get(module), besides or "", ())
        if isinstance(cls, type) and any(
                not issubclass(type(thing), others) and not is_over(thing)
                for thing in objects_of(cls)):
            found.append(text)
    return found


def silent_pipes():
    """The descriptors by which multiprocessing hears of the ends of its children: nobody reads from
    them, so processes may share them."""
    children = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
    started = [own_attributes(child).get("_popen") for child in list(children)]
    sentinels = [own_attributes(popen).get("sentinel") for popen in started]
    return [fd for fd in sentinels if type(fd) is int]
