# SPDX-License-Identifier: MIT
"""What Python does in a process that the application forked from a template or worker.

As with threads, only the caller of fork() goes on there: the calling greenlet and its parents, up
to the hub. The process gets a hub of its own. The former hub, its loop and all other greenlets stay
in memory and never run: a switch to one of them comes back at once.
"""
import os
import signal
import sys
import threading
import traceback
from types import BuiltinFunctionType

import _geventd_end
from _geventd_child_hub import make_hub
from _geventd_foreign import Reference, normalized

_leave = None     # a function: the last step of a process
_prepared = None  # the id of the process for which prepare() was called
_guard = None
_main = None     # the greenlet that ends this process when the forking greenlet has ended
_ending = False


def set_up(leave):
    global _leave
    _leave = leave


def end(error):
    """Ends this process as python3 does after `error`, or after the last line if that is None."""
    global _ending
    _ending = True
    code = _report(error)
    for step in (_finish_threads, _leave):
        try:
            step()
        except BaseException:
            traceback.print_exc()
    if isinstance(error, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code)


def _finish_threads():
    """Waits for threads that this process has started, as python3 does at its end. gevent's own
    code for this does not work if another greenlet than the main one forked."""
    _geventd_end.shut_threading()
    main = threading.main_thread()
    lock = getattr(main, "_tstate_lock", None)
    if lock is not None:
        lock.release()  # threads that join this one wait for the lock
        main._stop()
    while True:
        own = (threading.current_thread(), threading.main_thread())
        left = [thread for thread in threading.enumerate()
                if thread not in own and not thread.daemon]
        if not left:
            return
        for thread in left:
            thread.join()


def _report(error):
    """Prints what python3 prints of an error; returns the exit code."""
    if error is None or type(error).__name__ == "GreenletExit":
        return 0
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xff
        print(error.code, file=sys.stderr)
        return 1
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:
        traceback.print_exception(type(error), error, error.__traceback__)
    return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def prepare():
    """Makes gevent usable in this process, before the application's code goes on."""
    global _prepared
    if _prepared == os.getpid():
        return
    _prepared = os.getpid()
    _geventd_end.forget_end()
    _handle_interrupts()
    pools = sys.modules.get("concurrent.futures.thread")
    getattr(pools, "_threads_queues", {}).clear()  # their threads do not exist in this process
    local = sys.modules.get("gevent._hub_local")
    if local is None or "gevent.hub" not in sys.modules:
        return
    from greenlet import getcurrent

    caller = getcurrent()
    _drop_tasks(caller)
    former = local.get_hub_if_exists()
    if former is not None:
        _replace_hub(local, former, caller)


def _handle_interrupts():
    """Sets python3's own handlers of SIGINT and SIGTERM, unless the application has set others."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler),
                          (signal.SIGTERM, signal.SIG_DFL)):
        handler = signal.getsignal(number)
        if type(handler) is BuiltinFunctionType and handler.__name__ == "left_to_geventd":
            signal.signal(number, usual)


def _replace_hub(local, former, caller):
    global _guard, _main
    if caller is former:
        _guard = _Guard([former], former)
        _end_behind_callback(former)
        _guard.start()
        return
    line, under_hub = _line_of(caller, former)
    last = line[-1]
    _main = _make_main(line) if under_hub else last
    _guard = _Guard(line + [_main], former)
    local.set_loop(None)
    local.set_hub(make_hub(former, _main))
    # The parent's children are not this process' children.
    getattr(sys.modules.get("gevent.os"), "_watched_children", {}).clear()
    if under_hub:
        from gevent import Greenlet

        if isinstance(last, Greenlet):
            last.parent = local.get_hub()  # as gevent's greenlets require
            last.rawlink(_end_after)
        else:
            last.parent = _main
    _guard.start()


def _line_of(caller, former):
    """The caller and its parents, each of which waits for the result of the one before; and whether
    the hub is above them."""
    line = [caller]
    while True:
        parent = line[-1].parent
        if parent is None:
            return line, False
        if parent is former or parent is _main:
            return line, True
        line.append(parent)


def _make_main(line):
    """A started greenlet, the main greenlet of this process: ends the process when the line has
    ended. What gevent throws into a main greenlet, as when SIGINT arrives or a wait cannot end, is
    thrown into the first greenlet of the line that waits."""
    from greenlet import greenlet

    def wait():
        error = _outcome(line[0].switch)
        while error is not None:
            waiting = next((one for one in line if not _is_over(one, error)), None)
            if waiting is None:
                break
            error = _outcome(lambda: greenlet.throw(waiting, error))
        end(error)

    root = line[0]
    while root.parent is not None:
        root = root.parent
    main = greenlet(wait, root)
    main.switch()
    return main


def _is_dead(one):
    from greenlet import greenlet

    return greenlet.__dict__["dead"].__get__(one)


def _is_over(one, error):
    """Whether the greenlet has ended, or is about to end with `error`."""
    from gevent import Greenlet

    return _is_dead(one) or isinstance(one, Greenlet) and one.exception is error


def _outcome(step):
    """The exception that the step raises, without this function in its traceback; or None."""
    try:
        step()
    except BaseException as raised:
        return raised.with_traceback(raised.__traceback__.tb_next)
    return None


def _end_after(greenlet):
    """Called in the hub, which has printed the traceback if there is one."""
    if _ending:
        return
    failed = greenlet.exception is not None and type(greenlet.exception).__name__ != "GreenletExit"
    _main.throw(SystemExit(1 if failed else 0))


def _end_behind_callback(hub):
    """The hub itself has called fork(), in a callback: ends the process after the callback. What
    the callback raises is passed to the hub's handle_error() afterwards."""
    from opcode import opname

    from gevent.hub import Hub

    frame = sys._getframe()
    while frame.f_back is not None and frame.f_back.f_code is not Hub.run.__code__:
        frame = frame.f_back

    def profile(returning, event, result):
        if returning is frame and event == "return":
            code = frame.f_code.co_code
            if opname[code[frame.f_lasti]].startswith("RETURN"):
                end(None)

    def handle_error(context, kind, error, trace):
        end(normalized(kind, error, trace))

    hub.handle_error = handle_error
    sys.setprofile(profile)


def _drop_tasks(caller):
    """Makes a worker of a thread pool end after the task that forked, instead of taking another."""
    queue = getattr(caller, "_task_queue", None)
    if queue is not None and type(caller).__module__ == "gevent.threadpool":
        queue.__init__()
        queue.put(None)
        queue.unfinished_tasks += 1  # the one that forked


class _Identities:
    """A weak set by identity: greenlets of the application's classes may have no hash."""

    def __init__(self, things):
        self._references = {}
        for thing in things:
            self.add(thing)

    def add(self, thing):
        key = id(thing)
        self._references[key] = Reference(thing, lambda _: self._references.pop(key, None))

    def __contains__(self, thing):
        reference = self._references.get(id(thing))
        return reference is not None and reference() is thing


def _waiting_in_background():
    """The background greenlets that have begun. For compiled greenlets, frames do not show that."""
    from greenlet import greenlet

    greenlets = [reference() for reference in list(_geventd_end._background)]
    return [one for one in greenlets if one is not None and greenlet.__bool__(one)]


class _Guard:
    """Lets only these greenlets run: those given, and those that began in this process."""

    def __init__(self, line, former):
        self._known = _Identities(line)
        self._former = former
        waiting = [one for one in _waiting_in_background() if one not in self._known]
        # Greenlets that must not run, by identity, and which greenlet switched to each last.
        self._parked = {id(one): [one, former] for one in waiting}
        self._stopped = _Identities([])  # those of them that are in _park() already

    def start(self):
        from greenlet import settrace

        settrace(self._on_switch)

    def _on_switch(self, event, arguments):
        """Called in the greenlet that has just been switched to."""
        if event not in ("switch", "throw"):
            return
        origin, target = arguments
        if target in self._known:
            return
        parked = self._parked.get(id(target))
        if parked is None and sys._getframe().f_back is None:  # no frames of its own: it begins
            self._known.add(target)
            return
        self._parked[id(target)] = [target, origin]
        if target not in self._stopped:
            self._stopped.add(target)
            self._park(target)

    def _park(self, target):
        from gevent import get_hub
        from greenlet import greenlet

        while True:
            origin = self._parked[id(target)][1]
            if target is self._former or origin not in self._known or _is_dead(origin):
                origin = get_hub()
            try:
                # A hub's own switch() refuses switches from another hub.
                greenlet.switch(origin)
            except BaseException:
                pass  # somebody has thrown an exception into a greenlet that must not run
