# SPDX-License-Identifier: MIT
"""Breaks off a step of the end in Python when its time is over. Embedded in geventd-worker."""
import os
import sys
import time

NEVER = float("inf")
AGAIN = 0.1  # seconds until Cut is raised again in a step that survived it

_failures = []  # errors of the kernel's timer


def native():
    return sys.modules["_geventd_worker"]


class Cut(BaseException):
    """Raised in the main greenlet when the time for a step of the end is over."""

    def __str__(self):
        return "the time for this step of the process' end is over"


def usable_hub():
    """This thread's gevent hub, if there is one and it still runs callbacks."""
    module = sys.modules.get("gevent._hub_local")
    hub = module.get_hub_if_exists() if module else None
    return hub if hub is not None and hub.loop is not None and not hub.dead else None


class Alarm:
    """Raises Cut in the main greenlet, which makes this object, when the seconds are over, and
    again every AGAIN: both while the greenlet waits in gevent and while its thread is blocked."""

    def __init__(self, seconds):
        greenlet = sys.modules.get("greenlet")  # an application that cannot be loaded may lack it
        self.current = greenlet.getcurrent if greenlet else lambda: None
        self.main = self.current()
        self.seconds = max(seconds, 0.001)
        self.due = time.monotonic() + self.seconds
        self.timer = None
        self.process = os.getpid()

    def start(self):
        import signal

        signal.signal(native().ALARM, self.on_signal)
        try:
            native().start_alarm(self.seconds, AGAIN)
        except OSError as error:
            if not _failures:
                _failures.append(error)
                native().warn("what blocks the thread at the end of this process cannot be cut, as "
                              f"there is no timer for that: {error}")
        hub = usable_hub()
        if hub is not None:
            self.timer = hub.loop.timer(self.seconds, AGAIN)
            self.timer.start(self.on_timer, update=True)

    def stop(self):
        self.due = NEVER
        native().stop_alarm()
        if self.timer is not None and os.getpid() == self.process:
            try:
                self.timer.close()
            except ValueError:
                pass  # the step has destroyed the hub

    def on_timer(self):
        """Called in the hub."""
        if time.monotonic() >= self.due:
            self.main.throw(Cut)

    def on_signal(self, number, frame):
        if time.monotonic() >= self.due and self.current() is self.main:
            raise Cut
