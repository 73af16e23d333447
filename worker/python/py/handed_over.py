# SPDX-License-Identifier: MIT
"""Logs the exceptions that gevent would throw into the main greenlet in order to end a program,
because the main greenlet does something else here. Embedded in geventd-worker."""
import functools
import sys

from _geventd_alarm import Cut, native, usable_hub
from _geventd_foreign import normalized, own_attributes


class _Logger(functools.partial):
    """Replaces a hub's handle_system_error(), and `former`, which the application may have set.
    What a handler of Unix signals raises meanwhile is logged as well."""


def _tell(log, kind, error, trace=None):
    import traceback

    error = normalized(kind, error, trace)
    if isinstance(error, Cut):
        return  # the alarm raises it again, in the right greenlet
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    log("".join(lines).rstrip())


def hand_to(log):
    """From now on calls `log` with the text of such an exception."""
    take_back()
    hub = usable_hub()
    if hub is not None:
        former = own_attributes(hub).get("handle_system_error")
        logger = _Logger(native().insist, functools.partial(_tell, log))
        logger.former = former
        hub.handle_system_error = logger


def take_back():
    hub = usable_hub()
    ours = None if hub is None else own_attributes(hub).get("handle_system_error")
    if type(ours) is _Logger:
        del hub.handle_system_error
        if ours.former is not None:
            hub.handle_system_error = ours.former


def _go_on(text):
    native().error("a greenlet, a callback of gevent's loop or a handler of Unix signals raised "
                   f"what would end a program; this worker goes on:\n{text}")


def call_in_main(hook):
    """Calls a hook that runs before the worker serves, in the main greenlet, which `threading` and
    asyncio take for the main thread."""
    from gevent import get_hub

    get_hub()  # made here, so that its parent is the main greenlet and not one that ends
    hand_to(_go_on)
    try:
        hook()
    finally:
        take_back()


def call_post_fork_hook():
    """Calls what the application has set as uwsgi.post_fork_hook, if it has."""
    hook = getattr(sys.modules.get("uwsgi"), "post_fork_hook", None)
    if callable(hook):
        call_in_main(hook)
