# SPDX-License-Identifier: MIT
"""What a template looks at and does before it forks workers.

Embedded in geventd-worker.
"""
import gc
import sys
import threading


def _live_greenlets():
    """Names of the greenlets that were spawned and have not ended."""
    if "gevent.greenlet" not in sys.modules:
        return []
    from gevent import Greenlet

    return sorted(g.name for g in gc.get_objects() if isinstance(g, Greenlet) and g.started)


def forking_hazards():
    """Sentences about what will not survive the fork of workers."""
    hazards = []
    others = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
    if others:
        hazards.append(
            f"the application started threads while it was loaded ({', '.join(others)}): they do "
            "not exist in the workers; start them after the fork or set app.preload: false"
        )
    if spawned := _live_greenlets():
        hazards.append(
            f"the application spawned greenlets while it was loaded ({', '.join(spawned)}): they "
            "run in every worker; set app.preload: false if they must not"
        )
    return hazards


def freeze():
    """Moves all that was loaded out of the garbage collector's sight, so that collections in the
    workers leave the shared pages alone."""
    gc.collect()
    _note_frozen_greenlets()
    gc.freeze()


_frozen = []  # weak references to greenlets that gc.get_objects() does not tell of


def _note_frozen_greenlets():
    if "greenlet" in sys.modules:
        import weakref

        from greenlet import greenlet

        _frozen[:] = [weakref.ref(o) for o in gc.get_objects() if isinstance(o, greenlet)]


def frozen_greenlets():
    """Greenlets that the application made while it was loaded."""
    return [greenlet for greenlet in (reference() for reference in _frozen) if greenlet]
