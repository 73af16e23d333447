# SPDX-License-Identifier: MIT
"""Loads all servers of a benchmark in turns of a tenth of a second: a core of a shared machine can
be twice as fast in one second as in the next, and in this way that affects all alike."""
import contextlib
import os
import random
import signal
import subprocess
import time

import processes
import rounds

SLICE = 0.1  # seconds


class Load:
    """Processes that can be paused. Only the output of the first one is used."""

    def __init__(self, *commands, environment=None):
        self.processes = [subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment, start_new_session=True) for command in commands]

    def _tell(self, number):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    def pause(self):
        self._tell(signal.SIGSTOP)

    def resume(self):
        self._tell(signal.SIGCONT)

    def line(self):
        """The next line from the first process."""
        return self.processes[0].stdout.readline()

    def rest(self):
        """The rest of the first's output, when that has ended by itself. Raises RuntimeError."""
        text, errors = self.processes[0].communicate()
        if self.processes[0].returncode:
            raise RuntimeError(errors or text)
        return text

    def end(self):
        """Interrupts the processes; returns the rest of the first's output. Raises RuntimeError."""
        self._tell(signal.SIGINT)
        self.resume()
        text, errors = self._await_end()
        if self.processes[0].returncode:
            raise RuntimeError(errors or text)
        return text

    # Of threads that are stopped, any may take the signal. It ends the load in any case, but wrk
    # leaves only when its main thread is interrupted.
    def _await_end(self):
        for _ in range(60):
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.processes[0].communicate(timeout=1)
            self._tell(signal.SIGINT)
        raise RuntimeError('the load does not end')

    def kill(self):
        self._tell(signal.SIGKILL)
        for process in self.processes:
            process.communicate()


class Entrant:
    """A participant of a round. Its `load`, started paused by begin(), runs in its slices only."""
    name = ''
    load = None

    def begin(self, stack):
        """Starts the server and its load; `stack` ends both after the round. Raises RuntimeError
        and OSError."""
        raise NotImplementedError

    def cpu_seconds(self):
        """CPU seconds that the measured processes have used so far."""
        raise NotImplementedError

    def sample(self, seconds):
        """Ends the load: {'cpu': CPU seconds per request, ...}."""
        raise NotImplementedError


@contextlib.contextmanager
def _failures_told(entrant):
    """Runs one step of an entrant. If it fails the entrant is left out; the others go on."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        print(f'{entrant.name}: failed: {error}', flush=True)


def _begun(entrants, stack):
    found = []
    for entrant in entrants:
        with _failures_told(entrant):
            entrant.begin(stack)
            found.append(entrant)
    return found


def _samples(entrants, seconds, **more):
    found = {}
    for entrant in entrants:
        with _failures_told(entrant):
            found[entrant.name] = {**entrant.sample(seconds), **more}
    return found


def measure(entrants, seconds):
    """{name: sample} of the entrants that could begin, each loaded for that long."""
    with contextlib.ExitStack() as stack:
        entrants = _begun(entrants, stack)
        used = -sum(entrant.cpu_seconds() for entrant in entrants)
        times = processes.cpu_times()
        order = list(entrants)
        for _ in range(round(seconds / SLICE)):
            random.shuffle(order)
            for entrant in order:
                entrant.load.resume()
                time.sleep(SLICE)
                entrant.load.pause()
        busy = processes.busy_seconds(times, processes.cpu_times(), rounds.SERVER_CORE)
        used += sum(entrant.cpu_seconds() for entrant in entrants)
        stolen = max(0.0, busy - used) / (seconds * max(1, len(entrants)))
        return _samples(entrants, seconds, stolen=stolen)


def in_rounds(title, entrants, plan, columns):
    """{name: samples}. A disturbed round is repeated; the least disturbed one counts."""
    samples = {entrant.name: [] for entrant in entrants}
    for number in range(1, plan.rounds + 1):
        best, least = {}, 2.0
        for _ in range(plan.tries):
            measured = measure(entrants, plan.seconds)
            stolen = max((sample['stolen'] for sample in measured.values()), default=0)
            if stolen < least:
                best, least = measured, stolen
            if stolen <= rounds.BUSY:
                break
        for name, sample in best.items():
            samples[name].append(sample)
            print(f'{title} {number}/{plan.rounds} {name}: {rounds.describe(sample, columns)}',
                  flush=True)
    return samples
