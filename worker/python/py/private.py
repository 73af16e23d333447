# SPDX-License-Identifier: MIT
"""What the application has made while it was loaded and only one process can use, though no
descriptor shows that: both ends of its pipes are in this process.

Embedded in geventd-worker. Nothing of the application runs because it is looked at.
"""
import sys

from _geventd_foreign import objects_of, own_attributes

# The module, its class, an attribute that says that the thing is over, and what the thing is.
_KINDS = (
    ("concurrent.futures.process", "ProcessPoolExecutor", "_shutdown_thread",
     "a ProcessPoolExecutor"),
    ("asyncio.base_events", "BaseEventLoop", "_closed", "an event loop of asyncio"),
    ("uvloop", "Loop", None, "an event loop of uvloop"),
)


def private_things():
    """The names of what there is, each once."""
    found = []
    for module, name, over, text in _KINDS:
        cls = getattr(sys.modules.get(module), name, None)
        if isinstance(cls, type) and any(
                not (over and own_attributes(thing).get(over)) for thing in objects_of(cls)):
            found.append(text)
    return found
