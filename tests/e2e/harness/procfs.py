# SPDX-License-Identifier: MIT
"""Facts about processes from /proc."""
import ctypes
import os
import pathlib
import select
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
TICK = os.sysconf('SC_CLK_TCK')


def become_subreaper():
    """Makes orphans of our children our own children, so that none escapes the audit."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def stat_fields(pid):
    text = pathlib.Path(f'/proc/{pid}/stat').read_text()
    return text[text.rindex(')') + 2:].split()


def parent(pid):
    return int(stat_fields(pid)[1])


def cpu_seconds(pid):
    """User and system time that the process has used."""
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_bytes(pid):
    return int(stat_fields(pid)[21]) * os.sysconf('SC_PAGE_SIZE')


def descriptors(pid):
    """{fd: its target} of the process."""
    found = {}
    for fd in os.listdir(f'/proc/{pid}/fd'):
        try:
            found[int(fd)] = os.readlink(f'/proc/{pid}/fd/{fd}')
        except FileNotFoundError:
            pass
    return found


def environ(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/environ').read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b''


def command(pid):
    try:
        return pathlib.Path(f'/proc/{pid}/cmdline').read_bytes().replace(b'\0', b' ').decode()
    except (FileNotFoundError, ProcessLookupError):
        return ''


def all_pids():
    return [int(name) for name in os.listdir('/proc') if name.isdigit()]


def children(pid):
    found = []
    for child in all_pids():
        try:
            if parent(child) == pid:
                found.append(child)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def is_zombie(pid):
    try:
        return stat_fields(pid)[0] == 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_alive(pid):
    return os.path.exists(f'/proc/{pid}') and not is_zombie(pid)


def wait_stopped(pid, timeout):
    """Waits until a process is stopped, as after SIGSTOP, for which there is no event."""
    _wait_state(pid, 'T', timeout)


def wait_asleep(pid, timeout):
    """Waits until a process sleeps in a system call.

    A signal just before the call is handled by CPython after the call only, in python3, too.
    """
    _wait_state(pid, 'S', timeout)


def _wait_state(pid, state, timeout):
    end = time.monotonic() + timeout
    while stat_fields(pid)[0] != state:
        assert time.monotonic() < end, f'process {pid} is {stat_fields(pid)[0]}, not {state}'
        threading.Event().wait(0.01)


def wait_gone(pid, timeout):
    """Waits for the end of any process; a zombie has ended. False on timeout."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        return bool(poller.poll(timeout * 1000))
    finally:
        os.close(fd)
