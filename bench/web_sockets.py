# SPDX-License-Identifier: MIT
"""WebSockets: the CPU time of a server per echoed message, the memory of connections that are
silent, and how long a broadcast takes to reach all."""
import json
import tempfile

import footprint
import load
import processes
import report
import rounds
import servers
import slices

SIZE = 1024  # bytes of an echoed message
IDLE = 10_000
LISTENERS = 5_000
LINE = 128  # bytes of a message that goes to all, as in a chat

ECHO_COLUMNS = (
    report.Column('cpu', 'CPU µs/message', 1e6, '.1f'),
    report.Column('rate', 'messages/s', 1, ',.0f'),
    report.Column('errors', 'errors', 1, '.0f'),
)
IDLE_COLUMNS = (
    report.Column('each', 'KiB each', 1, '.2f'),
    report.Column('base', 'base PSS MiB', 1 / 1024, '.1f'),
)
BROADCAST_COLUMNS = (
    report.Column('p50', 'p50 ms', 1e3, ',.1f'),
    report.Column('p99', 'p99 ms', 1e3, ',.1f'),
    report.Column('max', 'worst ms', 1e3, ',.1f'),
    report.Column('cpu', 'CPU µs/message', 1e6, '.1f'),
    report.Column('errors', 'errors', 1, '.0f'),
)


def command(port, mode, connections, size, *more):
    return ['taskset', '-c', str(rounds.LOAD_CORE), str(servers.BUILD / 'bench' / 'websockets'),
            str(port), mode, '--connections', str(connections), '--size', str(size), *more]


def started_load(port, *arguments):
    """The load, when all its connections are open."""
    made = slices.Load(command(port, *arguments))
    if made.line() != 'ready\n':
        raise RuntimeError(made.rest())
    return made


class Echoed(slices.Entrant):
    """A server that echoes messages."""

    def __init__(self, kind, connections):
        self.kind = kind
        self.name = kind.name
        self.connections = connections

    def begin(self, stack):
        self.folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='geventd-bench-'))
        self.server, port = stack.enter_context(rounds.started(
            self.kind, app='websocket_echo', connections=self.connections + 100))
        self.load = started_load(port, 'echo', self.connections, SIZE)
        self.before = self.server.cpu_seconds()
        self.load.pause()
        stack.callback(self.load.kill)

    def cpu_seconds(self):
        return self.server.cpu_seconds()

    def sample(self, seconds):
        seen = json.loads(self.load.end())
        return {'cpu': (self.server.cpu_seconds() - self.before) / max(1, seen['requests']),
                'rate': seen['requests'] / seconds, 'errors': seen['errors']}


def idle(kind):
    """Each connection has echoed one message before."""
    with rounds.started(kind, app='websocket_echo', connections=IDLE + 1000) as (server, port):
        started_load(port, 'echo', 100, SIZE).kill()  # warm up
        base = footprint.pss(server)
        held = started_load(port, 'idle', IDLE, SIZE)
        try:
            return {'each': (footprint.pss(server) - base) / IDLE, 'base': base}
        finally:
            held.kill()


def broadcast(kind, seconds):
    with rounds.started(kind, app='websocket_broadcast', connections=LISTENERS + 1000) as (
            server, port):
        made = started_load(port, 'broadcast', LISTENERS, LINE, '--seconds', str(seconds))
        before, times = server.cpu_seconds(), processes.cpu_times()
        seen = json.loads(made.rest())
        used = server.cpu_seconds() - before
        busy = processes.busy_seconds(times, processes.cpu_times(), rounds.SERVER_CORE)
    return {'p50': seen['p50'], 'p99': seen['p99'], 'max': seen['max'], 'errors': seen['errors'],
            'cpu': used / max(1, seen['requests']), 'stolen': max(0.0, busy - used) / seconds}


TITLES = {
    'ws100': 'W16 WebSockets: 1 KiB echoed, 100 connections',
    'ws1000': 'W16 WebSockets: 1 KiB echoed, 1,000 connections',
    'wsidle': 'W17 memory of 10,000 silent WebSockets',
    'wsbroadcast': 'W18 a message to 5,000 WebSockets, until each has it',
}
WORKS = tuple(TITLES)


def run(name, kinds, plan):
    title = TITLES[name]
    kinds = rounds.able(kinds, name, 'websocket')
    load.allow_connections()
    if name == 'wsidle':
        samples = rounds.in_turns(title, kinds, plan, idle, IDLE_COLUMNS)
        return report.Table(name, title, IDLE_COLUMNS, samples, 'each')
    if name == 'wsbroadcast':
        samples = rounds.in_turns(title, kinds, plan, lambda kind: broadcast(kind, plan.seconds),
                                  BROADCAST_COLUMNS)
        return report.Table(name, title, BROADCAST_COLUMNS, samples, 'p99')
    entrants = [Echoed(kind, int(name[len('ws'):])) for kind in kinds]
    samples = slices.in_rounds(title, entrants, plan, ECHO_COLUMNS)
    return report.Table(name, title, ECHO_COLUMNS, samples, 'cpu')
