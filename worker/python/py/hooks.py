# SPDX-License-Identifier: MIT
"""The functions that the configuration names under `hooks`, and when they are called. Each is found
when the application is loaded. Embedded in geventd-worker.
"""
import os

from _geventd_alarm import native
from _geventd_application import load_function
from _geventd_handed_over import call_in_main

_functions = {}  # by the names of their keys


def load_hook(names):
    """Finds the function of (name, "module:function"). Returns what is to be called for it."""
    name, spec = names
    _functions[name] = load_function((f"hooks.{name}", spec))
    return _tell_of_death if name == "worker-died" else _functions[name]


def call_post_fork():
    """Calls hooks.post-fork in the main greenlet, before the worker serves."""
    call_in_main(_functions["post-fork"])


def _drain_begins(process):
    try:
        _functions["drain-begins"]()
    except Exception:
        if os.getpid() != process:
            raise  # a child that the hook has forked
        import traceback

        native().error(f"hooks.drain-begins failed:\n{traceback.format_exc().rstrip()}")


def begin_drain():
    """The worker drains: calls hooks.drain-begins in a background greenlet, which has the time that
    such greenlets have. Does not wait."""
    import gevent

    gevent.spawn(_drain_begins, os.getpid())


def exit_hook():
    """What hooks.worker-exit names, or None."""
    return _functions.get("worker-exit")


def _tell_of_death(number):
    """The handler of the signal by which the master tells that a worker has ended."""
    from geventd import signal_info

    pid, _, reason = signal_info().payload.decode("utf-8", "replace").partition(" ")
    _functions["worker-died"](int(pid), reason)
