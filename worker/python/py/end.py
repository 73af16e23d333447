# SPDX-License-Identifier: MIT
"""Ends a process in Python: as CPython does, but within time limits.

Waits for greenlets, joins threads and pools, calls atexit functions. What does not end in time is
named in the log and left behind. All of this runs in the main greenlet, as CPython's own end does.
Embedded in geventd-worker.
"""
import atexit
import os
import sys
import threading
import time

from _geventd_alarm import NEVER, Alarm, Cut, native
from _geventd_foreign import Reference
from _geventd_fork import name_of_greenlet
from _geventd_handed_over import hand_to, take_back
from _geventd_hooks import exit_hook

GRACE = 0.5  # seconds that each step has, even when all limits have passed
MOST_NAMED = 10

_init_of_thread = threading.Thread.__init__.__code__

_background = set()  # references to greenlets
_background_until = 0.0  # when the time of background greenlets is over
_end_until = None  # when the whole end must be done; None: it has not begun
_process = None  # the process whose end has begun
_exit_hooks_called = set()  # their names


def _traceback():
    import traceback

    return traceback.format_exc().rstrip()


def _is_forked():
    """Whether this is a child that an application's function has forked: exceptions end it."""
    return os.getpid() != _process


def _ends_already(text):
    native().warn(f"what would end a program was raised while this process ends already:\n{text}")


def _undisturbed(step):
    """Decorates a step of the end: exceptions of Python's Unix signal handlers do not end it."""

    def call(*arguments):
        for _ in range(10):
            try:
                return step(*arguments)
            except BaseException as error:
                if _is_forked():
                    raise
                if isinstance(error, (SystemExit, KeyboardInterrupt)):
                    continue  # the process ends already
                native().error(f"the end of this process goes on:\n{_traceback()}")

    return call


def track_background():
    """From now on remembers the greenlets that the application spawns, while they live, in order
    to drain them. Returns a set of references to them. Excludes threads of a patched `threading`,
    which end as threads do."""
    import gevent

    forget = _background.discard

    def remember(greenlet):
        frame = sys._getframe().f_back
        while frame is not None and frame.f_globals.get("__name__") == "gevent.greenlet":
            frame = frame.f_back  # only in a gevent that is not compiled
        if frame is None or frame.f_globals.get("__name__") != "gevent.thread":
            _background.add(Reference(greenlet, forget))

    gevent.Greenlet.add_spawn_callback(remember)
    _start_no_daemons_unasked()
    return _background


def _start_no_daemons_unasked():
    """By default, a new thread is a daemon if the thread that makes it is one. gevent's stand-in
    for the thread of a request's greenlet is a daemon, so all threads that requests make would be
    daemons, unlike in python3. So the stand-in is not a daemon when Thread.__init__ asks."""
    stand_in = getattr(sys.modules.get("gevent.threading"), "_DummyThread", None)
    if stand_in is not None:
        stand_in.daemon = property(
            lambda self: sys._getframe(1).f_code is not _init_of_thread,
            threading.Thread.daemon.fset)


def _alive(greenlets):
    """Those greenlets that have not ended. Their classes may be the application's."""
    from gevent import Greenlet
    from greenlet import greenlet

    def is_dead(thing):
        cls = Greenlet if issubclass(type(thing), Greenlet) else greenlet
        return cls.__dict__["dead"].__get__(thing)

    return [thing for thing in greenlets if thing is not None and not is_dead(thing)]


@_undisturbed
def begin_end(times):
    """Begins the end. `times`: seconds for background greenlets, and seconds for the whole end.
    From now on, exceptions that gevent would throw into the main greenlet are only logged."""
    global _background_until, _end_until, _process
    _process = os.getpid()
    background, whole = times
    now = time.monotonic()
    _background_until = now + background
    _end_until = now + whole
    hand_to(_ends_already)


def forget_end():
    """In a child that the application forks: the end of its parent does not concern it."""
    global _end_until
    _end_until = None
    take_back()


def _described(thing):
    """A greenlet's name, and the application's innermost line in its stack."""
    from greenlet import greenlet

    try:
        frame = greenlet.__dict__["gr_frame"].__get__(thing)
        while frame is not None and "/gevent/" in frame.f_code.co_filename:
            frame = frame.f_back
        place = f" at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
        return name_of_greenlet(thing) + place
    except Exception:
        return "one that cannot be named"


def _listed(names):
    more = len(names) - MOST_NAMED
    return "; ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _kill(greenlets):
    """Ends greenlets with GreenletExit. Logs the names of those that survive it."""
    import gevent

    for greenlet in greenlets:
        if issubclass(type(greenlet), gevent.Greenlet):
            gevent.Greenlet.kill(greenlet, block=False)
        else:
            gevent.kill(greenlet)
    until = time.monotonic() + GRACE
    pause = 0
    while (left := _alive(greenlets)) and time.monotonic() < until:
        gevent.sleep(pause)
        pause = min(pause + 0.001, 0.02)
    if left:
        names = sorted(_described(greenlet) for greenlet in left)
        native().warn(f"greenlets survive GreenletExit and are left behind: {_listed(names)}")


@_undisturbed
def end_requests(greenlets):
    """Ends the request greenlets that are still running with GreenletExit."""
    _kill(greenlets)


def _background_alive():
    return _alive([reference() for reference in list(_background)])


@_undisturbed
def drain_background():
    """Waits for background greenlets, then ends those that are left with GreenletExit."""
    import gevent

    while (left := _background_alive()) and (seconds := _background_until - time.monotonic()) > 0:
        gevent.joinall(left, timeout=seconds)
    if left := _background_alive():
        names = sorted(_described(greenlet) for greenlet in left)
        native().warn(
            f"{len(left)} background greenlets did not end within limits.drain-background and are "
            f"ended: {_listed(names)}"
        )
        _kill(left)


def _within(seconds, step):
    """Does a step of the end; a failure of it is only logged. Returns False when the step was cut.
    `seconds` None: no limit."""
    if seconds is None:
        step()
        return True
    alarm = Alarm(seconds)
    try:
        try:
            alarm.start()
            step()
        finally:
            alarm.due = NEVER  # before any call, because Python handles signals at calls
            alarm.stop()
    except Cut:
        alarm.stop()  # again, in case Cut was raised before that assignment
        return False
    except BaseException:
        if _is_forked():
            raise
        native().error(f"the end of this process goes on:\n{_traceback()}")
    return True


def _rest():
    return None if _end_until is None else max(_end_until - time.monotonic(), GRACE)


@_undisturbed
def _run_exit_hook(name, hook):
    def call():
        if name in _exit_hooks_called:
            return  # an interrupted end is repeated from its last step on
        _exit_hooks_called.add(name)
        try:
            hook()
        except Cut:
            raise
        except BaseException as error:
            if _is_forked():
                sys.modules["_geventd_forked"].end(error)
            native().error(f"{name} failed:\n{_traceback()}")
        if _is_forked():
            sys.modules["_geventd_forked"].end(None)

    if not _within(max(_rest() - 2 * GRACE, GRACE), call):
        native().warn(f"{name} did not end within the time to drain and is cut off")


def run_exit_hooks():
    """Calls uwsgi.atexit and hooks.worker-exit, if there are such; each once, however often this is
    called."""
    for name, hook in (("uwsgi.atexit", getattr(sys.modules.get("uwsgi"), "atexit", None)),
                       ("hooks.worker-exit", exit_hook())):
        if callable(hook):
            _run_exit_hook(name, hook)


class _Unraisable:
    """Replaces sys.unraisablehook, to which CPython passes exceptions of its own steps of the end.
    Notes which were cut off, for one log line."""

    def __init__(self):
        self.hook = sys.unraisablehook
        self.cut = []

    def __call__(self, unraisable):
        if unraisable.exc_type is Cut:
            name = getattr(unraisable.object, "__qualname__", None)
            self.cut.append(name or (unraisable.err_msg or "").rpartition("callback ")[2])
        else:
            self.hook(unraisable)


def _quietly(step):
    """Does a step; prints its failure, as CPython does, and goes on."""
    try:
        step()
    except Cut:
        raise
    except BaseException:
        print(f"Exception ignored on threading shutdown:\n{_traceback()}", file=sys.stderr)


def shut_threading():
    """What CPython does first at its end: lets pools finish what was submitted, and joins threads
    that are not daemons. Some versions of gevent join threads before they tell the pools to end,
    so the pools come first here."""
    threading._SHUTTING_DOWN = True
    calls = getattr(threading, "_threading_atexits", [])
    while calls:
        _quietly(calls.pop())
    _quietly(threading._shutdown)


def _living_threads():
    main = threading.main_thread()
    return sorted(
        thread.name
        for thread in list(threading._active.values())
        if thread is not main and not thread.daemon  # is_alive() is wrong after a cut join
    )


@_undisturbed
def _join_threads(seconds):
    seen = sys.unraisablehook = _Unraisable()
    ended = _within(seconds, shut_threading)
    sys.unraisablehook = seen.hook
    if not ended or seen.cut:
        try:
            names = _listed(_living_threads())
        except BaseException:
            names = "(they cannot be named)"
        native().warn(f"threads did not end in time and are cut off: {names or 'they just ended'}")


def _call_exit_functions():
    try:
        atexit._run_exitfuncs()
    except Cut:
        raise
    except BaseException:
        pass  # CPython before 3.10 raises the last exception again after it has printed it


@_undisturbed
def _run_exit_functions():
    seen = sys.unraisablehook = _Unraisable()
    ended = _within(_rest(), _call_exit_functions)
    sys.unraisablehook = seen.hook
    if seen.cut or not ended:
        names = [name for name in seen.cut if name] or ["a traceback tells where"]
        native().warn(f"atexit functions did not end in time and are cut off: {_listed(names)}")


def leave():
    """The last Python code of a process: ends threads, calls atexit functions, flushes streams. A
    process that never served (--check, a child that the application forked) has no limits here and
    does not wait for threads: such a child has done that before."""
    if _end_until is not None:
        _join_threads(max(_background_until - time.monotonic(), GRACE))
    _run_exit_functions()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
