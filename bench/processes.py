# SPDX-License-Identifier: MIT
"""What a server's processes cost: CPU time, memory and system calls, read from the kernel."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time

TICK = os.sysconf('SC_CLK_TCK')


def children_of(pid):
    """Pids of the living children of a process, in all its threads."""
    found = []
    for task in pathlib.Path(f'/proc/{pid}/task').glob('*/children'):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            pass
    return found


def tree(pid):
    """The process and all its descendants."""
    pids = [pid]
    for parent in pids:
        pids += children_of(parent)
    return pids


def cpu_seconds(pids):
    """User and system time that the processes have used, to the nanosecond where the scheduler
    records it. Counts only threads that are alive."""
    total = 0.0
    for pid in pids:
        for task in pathlib.Path(f'/proc/{pid}/task').glob('*/schedstat'):
            try:
                total += int(task.read_text().split()[0]) / 1e9
            except (OSError, IndexError):
                pass
    return total


def memory(pid):
    """(PSS, private) in KiB."""
    fields = {}
    for line in pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()[1:]:
        name, value = line.split(':')
        fields[name] = int(value.split()[0])
    return fields['Pss'], fields['Private_Clean'] + fields['Private_Dirty']


def cpu_times():
    """For each core (busy, all) in ticks, from /proc/stat."""
    times = {}
    for line in pathlib.Path('/proc/stat').read_text().splitlines():
        words = line.split()
        if words[0].startswith('cpu') and words[0] != 'cpu':
            values = [int(word) for word in words[1:9]]
            times[int(words[0][3:])] = (sum(values) - values[3] - values[4], sum(values))
    return times


def busy_seconds(before, after, core):
    """How long a core was busy between two results of cpu_times()."""
    return (after[core][0] - before[core][0]) / TICK


class Server:
    """A server that was started for a round: a process group of its own, pinned to some cores."""

    def __init__(self, command, cores, cwd, environment=None):
        self.errors = tempfile.TemporaryFile()  # a pipe could fill and stop the server
        self.process = subprocess.Popen(
            ['taskset', '-c', ','.join(map(str, cores)), *command], cwd=cwd,
            env={**os.environ, **(environment or {})}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors)

    def pids(self):
        return tree(self.process.pid)

    def cpu_seconds(self):
        return cpu_seconds(self.pids())

    def alive(self):
        return self.process.poll() is None

    def words(self):
        """What it has written to standard error so far."""
        self.errors.seek(0)
        return self.errors.read().decode(errors='replace')

    def stop(self):
        pids = self.pids()
        self._kill(signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            pass
        for pid in [*pids, self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.errors.close()

    def _kill(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


def wait_for_port(connect, server, seconds=20):
    """Calls `connect` until it succeeds; returns how long that took."""
    start = time.monotonic()
    while True:
        try:
            connect()
            return time.monotonic() - start
        except OSError:
            if not server.alive() or time.monotonic() - start > seconds:
                raise RuntimeError(f'the server did not start: {server.words()}') from None
            time.sleep(0.005)
