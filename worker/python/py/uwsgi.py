# SPDX-License-Identifier: MIT
"""uWSGI's Python API, as far as geventd offers it.

As in uWSGI, texts that functions return are bytes, the keys of dicts are str, and arguments may be
either. A function of uWSGI that geventd does not offer raises NotImplementedError, which says what
to use instead; uWSGI's functions that wait would block the hub, and raise RuntimeError, which names
gevent's. Names by which libraries detect features (cache_*, spool) do not exist.

Settable: post_fork_hook, called in each worker before it serves; atexit, called when a worker ends;
after_req_hook, called after each request in its greenlet.
"""
import functools as _functools
import os as _os
import socket as _socket
import struct as _struct
import sys as _sys
import types as _types
import weakref as _weakref

import _geventd_not_offered as _not_offered
import _geventd_worker as _native
import geventd as _geventd
from _geventd_worker import (  # noqa: F401: they are the API
    applications, buffer_size, cl, connection_fd, cores, disconnect, get_logvar, is_a_reload, log,
    log_this_request, masterpid, numproc, request_id, set_logvar, setprocname, sockets,
    started_on, version, worker_id,
)

version_info = (*map(int, version.decode().split(".")), 0, b"")
hostname = _os.fsencode(_os.uname().nodename)
opt = _native.options
loop = b"gevent"
has_threads = 1
if hasattr(_native, "pidfile"):  # only a server that has one
    pidfile = _native.pidfile
if hasattr(_native, "websocket_handshake"):  # only a build with it: libraries look for the names
    from _geventd_worker import (  # noqa: F401: they are the API
        request_context, websocket_handshake, websocket_recv, websocket_recv_nb, websocket_send,
        websocket_send_binary,
    )


def _make_magic_table():
    """The placeholders of uWSGI's configuration that mean something here. %p is the file of the
    configuration, %P the same as there are no templates, and so on."""
    table = {b"v": _native.start_folder, b"V": version, b"h": hostname,
             b"t": b"%d" % started_on, b"k": b"%d" % (_os.cpu_count() or 1)}
    for key, number, module, names in (("u", _os.getuid(), "pwd", "getpwuid"),
                                       ("g", _os.getgid(), "grp", "getgrgid")):
        table[key.encode()] = b"%d" % number
        try:
            name = getattr(__import__(module), names)(number)[0]
        except KeyError:  # a number without a name
            continue
        table[key.upper().encode()] = _os.fsencode(name)
    if _native.config_file:
        path = _os.path.normpath(_os.path.join(_native.start_folder, _native.config_file))
        folder, name = _os.path.split(path)
        stem, extension = _os.path.splitext(name)
        for key, value in (
                ("o", _native.config_file), ("p", path), ("s", name), ("n", stem),
                ("d", folder.rstrip(b"/") + b"/"), ("c", _os.path.basename(folder)),
                ("e", extension[1:])):
            table[key.encode()] = table[key.upper().encode()] = value
    return {key: value for key, value in table.items() if value}


magic_table = _make_magic_table()

SPOOL_OK = -2
SPOOL_RETRY = -1
SPOOL_IGNORE = 0

_REMOTE_TIMEOUT = 4  # seconds, uWSGI's socket-timeout
_PAGE = _os.sysconf("SC_PAGESIZE")
_BACKLOG = 24  # offset of tcpi_unacked in struct tcp_info: a listener's waiting connections


# --- processes ------------------------------------------------------------------------------------

def mule_id():
    """0: geventd has no mules."""
    return 0


def ready():
    """True once the server has finished its start, else None."""
    return True if _native.is_ready() else None


def accepting(flag=1):
    """Sets this worker's `accepting` mark, which `geventctl status --json` shows."""
    _native.set_accepting(flag)


def reload():
    """Asks the master for a reload, as SIGHUP does; True. The calling request runs to its end."""
    _geventd.reload()
    return True


def stop():
    """Asks the master to finish what is in flight and to stop, as SIGTERM does; True."""
    _geventd.stop()
    return True


def _memory(pid):
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            size, resident = file.read().split()[:2]
    except OSError:
        return 0, 0
    return int(resident) * _PAGE, int(size) * _PAGE


def mem():
    """(resident, virtual) bytes of this process."""
    return _memory(_os.getpid())


def total_requests():
    """Requests that the present workers have ended."""
    return sum(row["requests"] for row in _native.workers())


def _describe_applications(row):
    rows = []
    for number, (prefix, callable_) in enumerate(applications.items()):
        rows.append({
            "id": number, "modifier1": 0, "mountpoint": prefix.encode(),
            "startup_time": int(_native.startup_times.get(prefix, 0)), "interpreter": 0,
            "callable": id(callable_), "chdir": b"",
        })
    if len(rows) == 1:  # the counters do not tell applications apart
        rows[0].update(requests=row["requests"], exceptions=row["exceptions"])
    return tuple(rows)


def workers():
    """A tuple with a dict for each worker; sizes in bytes, running_time and avg_rt in us."""
    rows = _native.workers()
    for row in rows:
        requests, busy = row["requests"], row.pop("busy")
        row["delta_requests"] = requests
        row["status"] = (b"busy" if busy else b"idle") if row["pid"] else b"cheap"
        row["rss"], row["vsz"] = _memory(row["pid"]) if row["pid"] else (0, 0)
        row["avg_rt"] = row["running_time"] // requests if requests else 0
        row["apps"] = _describe_applications(row)
    return tuple(rows)


def listen_queue(socket=0):
    """How many connections wait in the backlog of the listening socket number `socket`; ValueError
    when there is no such socket, or it is not a TCP socket."""
    try:
        if socket < 0:
            raise IndexError("their numbers begin with 0")
        with _socket.socket(fileno=_os.dup(sockets[socket])) as listener:
            if listener.family == _socket.AF_UNIX:
                raise ValueError(f"socket {socket} is no TCP socket: it does not tell its backlog")
            info = listener.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_INFO, _BACKLOG + 4)
    except (IndexError, OSError) as error:
        raise ValueError(f"there is no listening socket {socket}: {error}") from None
    return _struct.unpack_from("I", info, _BACKLOG)[0]


def set_user_harakiri(seconds):
    """Ends only the calling request, or signal handler, `seconds` from now.

    limits.request-time holds, too; with 0, it alone."""
    _geventd.set_timeout(seconds, extend=False)


# --- the body of a request -----------------------------------------------------------------------

def chunked_read(timeout=None):
    """What has arrived of the request's body, whatever its framing; b"" at its end. Waits while
    that is nothing, for `timeout` seconds at most, and raises OSError then."""
    from gevent import Timeout

    late = OSError(f"uwsgi.chunked_read(): the client has sent nothing in {timeout} s")
    with Timeout(timeout or None, late):
        return _native.read_body(True)


def chunked_read_nb():
    """Like chunked_read(), but does not wait: None when nothing has arrived."""
    return _native.read_body(False)


# --- signals, timers, locks -----------------------------------------------------------------------

_waiting = []  # (number or None, gevent.event.AsyncResult) of each signal_wait()
_received = _weakref.WeakKeyDictionary()  # greenlet: the number of its last signal_wait()


def _observed(handler):
    """Wraps the handler, so that signal_wait() returns after it has run."""

    @_functools.wraps(handler)
    def observed(num):
        try:
            handler(num)
        finally:
            for wanted, result in list(_waiting):
                if wanted is None or wanted == num:
                    result.set(num)

    return observed


def register_signal(num, target, handler):
    """Makes handler(num) run for the signal num, 0 to 255. target: "" or "worker" for any one
    worker, "workerN" for that one, "workers" or "active-workers" for all that are ready. ValueError
    when there is no such number or target, or the number has another target already."""
    if not callable(handler):
        raise TypeError(f"the handler of a signal is called: {handler!r} cannot be")
    _geventd.register(num, target, _observed(handler))


def signal_registered(num):
    """True when this process has a handler for the signal, else None."""
    return True if _geventd.signal_registered(num) else None


def signal(num, node=None):
    """Sends the signal num. Once this has returned, the handler will run, whatever process dies;
    else raises geventd.QueueFull, or ValueError when there is no such number or no handler of it.

    With a node, HOST:PORT or the path of a unix socket, sends it to that uwsgi server: OSError when
    it cannot be reached, ValueError when it refuses. Other greenlets go on meanwhile."""
    if node is not None:
        _signal_node(num, _os.fsdecode(node))
        return
    try:
        _geventd.signal(num)
    except _geventd.NotRegistered as error:
        raise ValueError(str(error)) from None


def _connect(node):
    from gevent import socket

    host, colon, port = node.rpartition(":")
    if colon and "/" not in node and not node.startswith("@"):
        if not port.isdecimal():
            raise OSError(f"{port!r} is no port")
        return socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)),
                                        _REMOTE_TIMEOUT)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_REMOTE_TIMEOUT)
    try:
        connection.connect("\0" + node[1:] if node.startswith("@") else node)
    except BaseException:
        connection.close()
        raise
    return connection


def _signal_node(num, node):
    if not 0 <= num <= 255:
        raise ValueError(f"a signal's number is from 0 to 255, not {num}")
    answer = b""
    try:
        with _connect(node) as connection:
            connection.sendall(_struct.pack("<BHB", 110, 0, num))
            while len(answer) < 4:
                more = connection.recv(4 - len(answer))
                if not more:
                    raise OSError("it closed the connection")
                answer += more
    except OSError as error:
        raise OSError(f"signal {num} cannot be delivered to {node}: {error}") from error
    if answer[3] != 1:
        raise ValueError(f"{node} has refused signal {num}")


def signal_wait(num=None):
    """Waits until this worker has run the handler of signal num, or of any signal if that is None.
    True; signal_received() returns the number. Other greenlets go on meanwhile."""
    from gevent import getcurrent
    from gevent.event import AsyncResult

    if worker_id() == 0:
        raise RuntimeError("uwsgi.signal_wait(): only workers handle signals, and this is none yet")
    entry = (num, AsyncResult())
    _waiting.append(entry)
    try:
        _geventd._handle_signals()
        _received[getcurrent()] = entry[1].get()
    finally:
        _waiting.remove(entry)
    return True


def signal_received():
    """The number that the last signal_wait() of this greenlet waited for; None: there was none."""
    from gevent import getcurrent

    return _received.get(getcurrent())


def add_timer(num, seconds):
    """Sends the signal num every `seconds`, once in the whole server."""
    _geventd.add_timer(num, seconds)


def add_ms_timer(num, milliseconds):
    """Like add_timer(), in milliseconds."""
    _geventd.add_timer(num, milliseconds / 1000)


def add_rb_timer(num, seconds, iterations=0):
    """Like add_timer(), but periods begin with the last tick; ends after `iterations` unless 0."""
    _geventd.add_rb_timer(num, seconds, iterations)


def add_cron(num, minute, hour, day, month, weekday):
    """Sends the signal num in each matching minute: -1 is any, -n every value that n divides."""
    _geventd.add_cron(num, minute, hour, day, month, weekday)


def add_file_monitor(num, path):
    """Sends the signal num when the file, or an entry of the directory, changes."""
    _geventd.add_file_monitor(num, path)


def lock(num=0, timeout=None):
    """Takes the lock num of the server, 0 to signals.locks - 1. Waits in the order of the calls,
    while other greenlets go on. With a timeout in seconds, returns whether it got the lock."""
    held = _geventd.lock(num, timeout)
    return None if timeout is None else held


def unlock(num=0):
    """Frees the lock; RuntimeError when this worker does not hold it."""
    _geventd.unlock(num)


def is_locked(num=0):
    """Whether a worker holds the lock."""
    return _geventd.is_locked(num)


globals().update(_not_offered.functions())


class _Module(_types.ModuleType):
    """Passes the hook to the native side, so that requests need not look for it."""

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "after_req_hook":
            _native.set_after_request(value if callable(value) else None)

    def __delattr__(self, name):
        super().__delattr__(name)
        if name == "after_req_hook":
            _native.set_after_request(None)


_sys.modules[__name__].__class__ = _Module
