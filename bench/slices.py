# SPDX-License-Identifier: MIT
"""All servers of a work at once, each under its load for a tenth of a second, in turns: a core of a
shared machine can be twice as fast in one second as in the next, and so that meets all alike."""
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
    """Processes that can be made to pause. What the first writes is of interest."""

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
        """The first one's next line."""
        return self.processes[0].stdout.readline()

    def end(self):
        """All else that the first has to say when it is interrupted. Raises RuntimeError."""
        self._tell(signal.SIGINT)
        self.resume()
        text, errors = self.processes[0].communicate(timeout=60)
        if self.processes[0].returncode:
            raise RuntimeError(errors or text)
        return text

    def kill(self):
        self._tell(signal.SIGKILL)
        for process in self.processes:
            process.communicate()


class Entrant:
    """Who is measured. `load`, which begin() makes and pauses, runs in its slices only."""
    name = ''
    load = None

    def begin(self, stack):
        """What `stack` closes goes on until the round's end. Raises RuntimeError and OSError."""
        raise NotImplementedError

    def cpu_seconds(self):
        """Used so far by what is measured."""
        raise NotImplementedError

    def sample(self, seconds):
        """Ends the load: {'cpu': CPU seconds for a request, ...}."""
        raise NotImplementedError


@contextlib.contextmanager
def _failures_told(entrant):
    """One that fails is left out; the others go on."""
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
    """{name: sample} of those that could begin, each under load for so long."""
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
    """{name: samples}. A disturbed round is repeated, and the least disturbed one counts."""
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
