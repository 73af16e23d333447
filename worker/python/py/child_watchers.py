# SPDX-License-Identifier: MIT
"""Watchers of child processes and Unix signals for gevent's loop in a process that the application
forked. libev watches children in its default loop only, and a signal only in the loop that has
watched it first: both are the loop of the former process, which does not run here.

The watchers have the interface of libev's. Embedded in geventd-worker.
"""
import _signal
import os
import sys

_POLL = 0.05  # seconds, where the kernel does not tell of the end of a child
_MOST_KEPT = 1000  # statuses of children that are reaped


class Children:
    """The child processes that a loop watches. Whichever watcher notices an end reaps the child;
    then all watchers of it are told the status, as libev does."""

    def __init__(self):
        self.watchers = []
        self._reaped = {}  # {pid: status}

    def look(self, pid):
        """Reaps this child, or any for 0, if one has ended. Without a child there is only what is
        known of it; without any, raises ChildProcessError."""
        try:
            ended, status = sys.modules["gevent.os"]._waitpid(pid or -1, os.WNOHANG)
        except ChildProcessError:
            if not pid:
                raise
            self._tell(self._watchers_of(pid), pid, self._reaped.get(pid, 0))
            return
        if ended:
            self._keep(ended, status)
            self._tell(self._watchers_of(ended), ended, status)
            self._tell_who_waits_for_any(ended, status)

    def _watchers_of(self, pid):
        return [watcher for watcher in self.watchers if watcher.pid == pid]

    def _keep(self, pid, status):
        self._reaped.pop(pid, None)
        self._reaped[pid] = status
        if len(self._reaped) > _MOST_KEPT:
            del self._reaped[next(iter(self._reaped))]

    def _tell_who_waits_for_any(self, pid, status):
        waiting = self._watchers_of(0)
        if waiting:  # os.waitpid() must not return the same child a second time
            sys.modules["gevent.os"]._watched_children.pop(pid, None)
            self._tell(waiting, pid, status)

    def _tell(self, watchers, pid, status):
        for watcher in watchers:  # gevent also reads the status of one that it has not waited for
            watcher.rpid, watcher.rstatus = pid, status
        for watcher in watchers:
            watcher.call()


class Child:
    """Watches a child process through its pidfd, or any child for the pid 0."""

    pending = False

    def __init__(self, loop, children, pid, ref):
        self.loop = loop
        self.pid = pid
        self.rpid = 0
        self.rstatus = 0
        self.ref = ref
        self.callback = None
        self.args = ()
        self._children = children
        self._fd = -1
        self._watcher = None

    @property
    def active(self):
        return self._watcher is not None

    def start(self, callback, *args):
        self.stop()
        if self.pid == 0:  # raises ChildProcessError if there is none
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        self.callback, self.args = callback, args
        self._watcher = self._watcher_of_end()
        self._children.watchers.append(self)
        self._watcher.start(self._look)

    def _watcher_of_end(self):
        if self.pid == 0:
            return self.loop.timer(0, _POLL, ref=self.ref)
        try:
            self._fd = os.pidfd_open(self.pid)
            return self.loop.io(self._fd, 1, ref=self.ref)
        except (AttributeError, OSError):
            return self.loop.timer(0, _POLL, ref=self.ref)

    def _look(self):
        try:
            self._children.look(self.pid)
        except ChildProcessError:
            self._watcher.stop()  # the wait for any child cannot end

    def call(self):
        if not self.active:
            return  # the callback of another watcher has stopped this one
        callback, args = self.callback, self.args
        self.stop()
        try:
            callback(*args)
        except BaseException:
            self.loop.handle_error(self, *sys.exc_info())

    def stop(self):
        if self._watcher is not None:
            self._children.watchers.remove(self)
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.callback, self.args = None, ()

    close = stop

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class Signals:
    """The Unix signals that a loop watches: each has a Python handler while it has watchers."""

    def __init__(self):
        self._watchers = {}  # lists, by the numbers of the signals

    def add(self, watcher):
        _signal.signal(watcher.number, self._hear)  # raises in other threads than the main one
        self._watchers.setdefault(watcher.number, []).append(watcher)

    def remove(self, watcher):
        watchers = self._watchers.get(watcher.number, [])
        if watcher in watchers:
            watchers.remove(watcher)
            if not watchers:
                self._leave(watcher.number)

    def leave_all(self):
        """In a process that this one has forked: it has a loop of its own."""
        for number in list(self._watchers):
            self._leave(number)

    def _leave(self, number):
        del self._watchers[number]
        if _signal.getsignal(number) == self._hear:
            _signal.signal(number, _signal.SIG_DFL)  # as libev does

    def _hear(self, number, frame):
        for watcher in self._watchers.get(number, ()):
            watcher.send()


class Signal:
    """Watches a Unix signal. Its callback is called by the loop, as an asynchronous event."""

    def __init__(self, loop, signals, number, ref):
        self.number = number
        self._signals = signals
        self._event = loop.async_(ref=ref)

    def __getattr__(self, name):
        return getattr(self._event, name)  # active, callback, loop and the like

    @property
    def ref(self):
        return self._event.ref

    @ref.setter
    def ref(self, value):
        self._event.ref = value

    def start(self, callback, *args):
        self._signals.remove(self)
        self._signals.add(self)
        self._event.start(callback, *args)

    def stop(self):
        self._signals.remove(self)
        self._event.stop()

    def close(self):
        self.stop()
        self._event.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
