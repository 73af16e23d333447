# SPDX-License-Identifier: MIT
"""The decorators that uWSGI applications import, on geventd's module `uwsgi`.

Signals: signal, timer, rbtimer, mstimer, cron, filemon. The process: postfork, lock, thread,
harakiri. geventd has no spooler, mules, farms, RPC or Erlang node: the decorators for these can be
imported, but raise NotImplementedError when they are used.
"""
import functools
import threading

import uwsgi

if uwsgi.masterpid() == 0:
    raise Exception("uwsgidecorators works only in an application that geventd serves")

postfork_chain = []


def get_free_signal():
    """The first signal number, 0 to 255, for which this process has no handler."""
    for signum in range(256):
        if not uwsgi.signal_registered(signum):
            return signum
    raise Exception("No free uwsgi signal available: all 256 numbers have a handler")


def signal(num, target=""):
    """Makes the function the handler of signal `num`, called as handler(num).

    `target` says who runs it: "" or "worker": any one worker; "workerN": worker N; "workers" or
    "active-workers": each worker that is ready when the signal is sent.
    """

    def decorate(handler):
        uwsgi.register_signal(num, target, handler)
        return handler

    return decorate


def _source(start, signum, target):
    """Registers the handler under the given number or a free one, then calls start(number)."""

    def decorate(handler):
        num = get_free_signal() if signum is None else signum
        uwsgi.register_signal(num, target, handler)
        start(num)
        return handler

    return decorate


def timer(secs, *, signum=None, target=""):
    """Runs the function every `secs` seconds, in one worker."""
    return _source(lambda num: uwsgi.add_timer(num, secs), signum, target)


def rbtimer(secs, *, signum=None, target="", iterations=0):
    """Like timer, but each period begins with the last tick; ends after `iterations` unless 0."""
    return _source(lambda num: uwsgi.add_rb_timer(num, secs, iterations), signum, target)


def mstimer(msecs, *, signum=None, target=""):
    """Runs the function every `msecs` milliseconds."""
    return _source(lambda num: uwsgi.add_ms_timer(num, msecs), signum, target)


def cron(minute, hour, day, month, dayweek, *, signum=None, target=""):
    """Runs the function when the local time matches: -1 any, -n every value that n divides."""
    return _source(
        lambda num: uwsgi.add_cron(num, minute, hour, day, month, dayweek), signum, target
    )


def filemon(fsobj, *, signum=None, target=""):
    """Runs the function when the file or an entry of the directory `fsobj` changes."""
    return _source(lambda num: uwsgi.add_file_monitor(num, fsobj), signum, target)


def _run_postfork():
    if _earlier_hook is not None:
        _earlier_hook()
    for hook in postfork_chain:
        hook()


# A hook that the application set before this import still runs, before the chain.
_earlier_hook = getattr(uwsgi, "post_fork_hook", None)
if not callable(_earlier_hook):
    _earlier_hook = None
uwsgi.post_fork_hook = _run_postfork


def postfork(target):
    """Runs the function in each worker before it serves (@postfork) or in one (@postfork(2))."""
    if callable(target):
        postfork_chain.append(target)
        return target

    def decorate(hook):
        def run_in_one():
            if uwsgi.worker_id() == target:
                hook()

        postfork_chain.append(run_in_one)
        return hook

    return decorate


def lock(function):
    """Runs the function while this worker holds uwsgi.lock(); the lock is not recursive."""

    @functools.wraps(function)
    def locked(*args, **kwargs):
        uwsgi.lock()
        try:
            return function(*args, **kwargs)
        finally:
            uwsgi.unlock()

    return locked


def thread(function):
    """Each call runs the function in its own daemon thread and returns the function."""

    @functools.wraps(function)
    def started(*args, **kwargs):
        threading.Thread(
            target=function, args=args, kwargs=kwargs, name=function.__name__, daemon=True
        ).start()
        return function

    return started


def harakiri(secs):
    """Ends the request when one call of the function takes more than `secs` seconds."""

    def decorate(function):
        @functools.wraps(function)
        def limited(*args, **kwargs):
            uwsgi.set_user_harakiri(secs)
            try:
                return function(*args, **kwargs)
            finally:
                uwsgi.set_user_harakiri(0)

        return limited

    return decorate


def _absent(name, replacement):
    def decorator(*args, **kwargs):
        raise NotImplementedError(f"uwsgidecorators.{name}: {replacement}")

    decorator.__name__ = decorator.__qualname__ = name
    decorator.__doc__ = f"Not offered: {replacement}."
    return decorator


_NO_SPOOLER = "geventd has no spooler: send a signal with a payload, geventd.signal(num, payload)"
_NO_MULES = "geventd has no mules: use @signal, whose handlers run in a worker beside requests"

spool = _absent("spool", _NO_SPOOLER)
spoolforever = _absent("spoolforever", _NO_SPOOLER)
spoolraw = _absent("spoolraw", _NO_SPOOLER)
mulefunc = _absent("mulefunc", _NO_MULES)
mule = _absent("mule", _NO_MULES)
muleloop = _absent("muleloop", "geventd has no mules: use @timer, or gevent.spawn in @postfork")
mulemsg = _absent("mulemsg", _NO_MULES)
farm = _absent("farm", _NO_MULES)
rpc = _absent("rpc", "geventd has no uWSGI RPC: send a signal with a payload or a request")
erlang = _absent("erlang", "geventd is no Erlang node; there is no replacement")
