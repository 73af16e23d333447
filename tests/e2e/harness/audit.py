# SPDX-License-Identifier: MIT
"""What a test must not leave behind."""
import os
import signal
import stat

from . import procfs
from .limits import DEADLINE


def strays(marker):
    """Living processes of a test, recognised by the mark in their environment or because this
    process inherited them."""
    mark = f'GEVENTD_TEST={marker}'.encode()
    found = {pid for pid in procfs.all_pids() if mark in procfs.environ(pid).split(b'\0')}
    return sorted(pid for pid in found if procfs.is_alive(pid))


def reap_orphans(known):
    """Reaps children that this process inherited; returns their pids."""
    orphans = []
    for pid in procfs.children(os.getpid()):
        if pid in known or not procfs.is_zombie(pid):
            continue
        try:
            os.waitpid(pid, os.WNOHANG)
            orphans.append(pid)
        except ChildProcessError:
            pass
    return orphans


def end_server(server):
    """Stops whatever still runs; returns complaints about how it ended."""
    complaints = []
    if server.process is None:
        return complaints
    try:
        code = server.stop()
        if code != server.expected_exit:
            complaints.append(f'exit code {code}, expected {server.expected_exit}')
    except AssertionError:
        server.process.kill()
        server.process.wait()
        complaints.append(f'geventd did not stop in {DEADLINE} s after SIGTERM')
    if not server.log.wait_end(DEADLINE):
        complaints.append('somebody still holds the log open')
    return complaints


def end_strays(marker):
    complaints = []
    for pid in strays(marker):
        complaints.append(f'process {pid} is left: {procfs.command(pid)}')
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return complaints


def find_leftovers(folder):
    """Complaints about sockets, pidfiles and sanitizer reports left in a server's folder."""
    complaints = []
    for path in folder.rglob('*'):
        if not os.path.lexists(path):
            continue
        if stat.S_ISSOCK(path.lstat().st_mode):
            complaints.append(f'socket {path} is left')
        elif path.suffix == '.pid':
            complaints.append(f'pidfile {path} is left')
        elif path.name.startswith('sanitizer.'):
            complaints.append(f'sanitizer report:\n{path.read_text()}')
    return complaints


def find_unexpected_errors(server):
    if server.log is None:
        return []
    complaints = [f'unexpected error line: {line}' for line in server.log.errors()
                  if not any(expected.search(line) for expected in server.expected_errors)]
    for mark in ('AddressSanitizer', ': runtime error: ', 'LeakSanitizer'):
        if mark in server.log.text():
            complaints.append(f'{mark} in the log')
    return complaints


def audit(server):
    """Ends the server; returns complaints about everything that it leaves."""
    complaints = end_server(server)
    complaints += end_strays(server.marker)
    complaints += find_leftovers(server.folder)
    complaints += find_unexpected_errors(server)
    return complaints
