# SPDX-License-Identifier: MIT
"""gevent's hub and loop in a process that the application forked from a template or worker.

Embedded in geventd-worker.
"""
from _geventd_child_watchers import Child, Children, Signal, Signals
from _geventd_foreign import own_attributes


def make_hub(former, parent):
    """Makes the hub of this process, with the attributes that the application set on `former`."""
    if hasattr(former.loop, "_geventd_forked"):
        former.loop.leave_to_child()
    loop = _loop_class(former.loop_class)(former.backend, default=False)
    hub = _hub_class(type(former))(loop=loop)
    hub.parent = parent
    for name, value in own_attributes(former).items():
        if not name.startswith("_") and name not in own_attributes(hub):
            setattr(hub, name, value)  # set by the application, such as handle_error
    hub.heed_signals()

    def wait(watcher):
        if not watcher.active:
            watcher.loop = hub.loop
        return hub.wait(watcher)

    # For sockets, locks and the like that refer to the former hub.
    former.loop = hub.loop
    former.wait = wait
    former.handle_error = hub.handle_error
    return hub


def _hub_class(base):
    if hasattr(base, "_geventd_forked"):
        return base

    class Hub(base):
        _geventd_forked = True
        _signal_watchers = ()

        def run(self, *_):
            """Accepts the result of a greenlet that has ended before anything has waited: the
            first switch to the hub, its parent, passes that."""
            super().run()

        def heed_signals(self):
            """Lets Python call its handlers of Unix signals, which gevent does only in the default
            loop: after each wait, and periodically, as a signal may come just before a wait."""
            loop = self.loop
            self._signal_watchers = (loop.check(ref=False), loop.timer(0.3, 0.3, ref=False))
            for watcher in self._signal_watchers:
                watcher.start(_do_nothing)

        def handle_error(self, context, kind, error, trace):
            if _is_of_former_waiter(context, kind):
                return
            if any(context is watcher for watcher in self._signal_watchers):
                context = None  # so that it is thrown into the main greenlet
            super().handle_error(context, kind, error, trace)

    return Hub


def _do_nothing():
    """It is enough that Python code runs: then Python calls its signal handlers."""


def _is_of_former_waiter(context, kind):
    """Whether the error comes from waking a greenlet of the parent process that waits for several
    things, as in gevent.joinall(): its Waiter refuses to be woken by another hub than its own."""
    if kind is not AssertionError or type(context) is not tuple or not context:
        return False
    from gevent import get_hub
    from gevent.hub import Waiter

    waiter = getattr(context[0], "__self__", None)
    return isinstance(waiter, Waiter) and waiter.hub is not get_hub()


def _loop_class(base):
    if hasattr(base, "_geventd_forked"):
        return base

    class Loop(base):
        """Watches child processes and Unix signals, which else only libev's default loop can."""

        _geventd_forked = True

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self._children = Children()
            self._signals = Signals()

        def child(self, pid, trace=0, ref=True):
            return Child(self, self._children, pid, ref)

        def signal(self, number, ref=True, priority=None):
            return Signal(self, self._signals, number, ref)

        def install_sigchld(self):
            """Children are watched without SIGCHLD, whose handler of libev is of no use here."""

        def leave_to_child(self):
            """In a process that this one has forked."""
            self._signals.leave_all()

    return Loop
