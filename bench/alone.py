# SPDX-License-Identifier: MIT
"""What the application alone costs, without a server."""
import os

import peers
import processes
import rounds
import servers
import slices

SCRIPT = servers.BENCH / 'apps' / 'call_alone.py'


class Called(slices.Entrant):
    """The application, called again and again, in a loop or in a fresh greenlet for each call
    (without the greenlet's own cost). Keeps another core busy, as a load generator would."""

    def __init__(self, app, name, newest):
        self.app = app
        self.how = name
        self.name = name + newest
        self.newest = newest

    def begin(self, stack):
        python = peers.program('python') if self.newest else servers.PYTHON
        self.load = slices.Load(
            ['taskset', '-c', rounds.SERVER_CORE, python, SCRIPT, self.app,
             servers.BENCH / 'apps', self.how],
            ['taskset', '-c', rounds.LOAD_CORE, servers.PYTHON, '-c', 'while True: pass'],
            environment={**os.environ, **(peers.frameworks() if self.newest else {})})
        stack.callback(self.load.kill)
        ready = self.load.line()
        self.load.pause()
        if not ready:
            raise RuntimeError('it could not be called')

    def cpu_seconds(self):
        return processes.cpu_seconds([self.load.processes[0].pid])

    def sample(self, seconds):
        cpu = float(self.load.end())
        return {'cpu': cpu, 'rate': 1 / cpu, 'errors': 0}


def entrants(app):
    """The applications called `loop` and `greenlet`; with the newest frameworks if pip has them."""
    newest = [', newest'] if peers.frameworks_missing() is None else []
    return [Called(app, name, suffix) for suffix in ['', *newest] for name in ('loop', 'greenlet')]
