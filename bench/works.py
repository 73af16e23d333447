# SPDX-License-Identifier: MIT
"""Throughput benchmarks: the CPU time of all processes of a server per request."""
import dataclasses
import statistics
import tempfile

import alone
import load
import processes
import report
import rounds
import slices


@dataclasses.dataclass(frozen=True)
class Spec:
    title: str
    work: load.Work
    app: str = 'hello:application'
    protocol: str = 'http'
    generator: tuple = ()  # arguments for our own generator, which then makes the load
    files: tuple = ()  # pairs of a name and a size: files that the server itself serves


def file_spec(name, title, size, connections=64):
    return Spec(f'W15 a file of {title}', load.Work(f'/static/{name}', connections),
                files=((name, size),))


WORKS = {
    'hello': Spec('W1 hello, 64 connections kept', load.Work()),
    'close': Spec('W1b hello, one connection a request', load.Work(keep_alive=False)),
    'block': Spec('W2 body of 64 KiB', load.Work('/block')),
    'echo': Spec('W3 POST of 1 KiB, echoed', load.Work('/echo', method='POST', body_size=1024)),
    'upload': Spec('W3 POST of 10 MiB', load.Work('/upload', connections=4, method='POST',
                                                  body_size=10 << 20)),
    'sleep': Spec('W4 500 connections in gevent.sleep(0.01)',
                  load.Work('/sleep?0.01', connections=500)),
    'stream': Spec('W5 100 pieces of 1 KiB', load.Work('/stream')),
    'flask': Spec('W6 Flask hello', load.Work('/'), 'flask_hello:application'),
    'django': Spec('W6 Django hello', load.Work('/'), 'django_hello:application'),
    'uwsgi': Spec('W14 hello over the uwsgi protocol, one connection a request', load.Work(),
                  protocol='uwsgi', generator=('--protocol', 'uwsgi')),
    'file1k': file_spec('1k.txt', '1 KiB', 1 << 10),
    'file64k': file_spec('64k.txt', '64 KiB', 64 << 10),
    'file10m': file_spec('10m.bin', '10 MiB', 10 << 20, connections=8),
}

COLUMNS = (
    report.Column('cpu', 'CPU µs/request', 1e6, '.1f'),
    report.Column('rate', 'requests/s', 1, ',.0f'),
    report.Column('errors', 'errors', 1, '.0f'),
)


class Served(slices.Entrant):
    """A server under load from wrk."""

    def __init__(self, spec, kind):
        self.spec = spec
        self.kind = kind
        self.name = kind.name
        self.closes = not (kind.keep_alive and spec.work.keep_alive)

    def begin(self, stack):
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='geventd-bench-'))
        self.server, port = stack.enter_context(rounds.started(
            self.kind, app=self.spec.app, files=dict(self.spec.files)))
        # Warm up.
        load.run(port, self.spec.work, 1, rounds.LOAD_CORE, self.closes)
        self.before = self.server.cpu_seconds()
        self.load = slices.Load(
            load.command(port, self.spec.work, 100_000, rounds.LOAD_CORE, folder))
        stack.callback(self.load.kill)
        self.load.pause()

    def cpu_seconds(self):
        return self.server.cpu_seconds()

    def sample(self, seconds):
        result = load.result(self.load.end(), self.closes)
        return {'cpu': (self.server.cpu_seconds() - self.before) / max(1, result.requests),
                'rate': result.requests / seconds, 'errors': result.errors}


def measure_generated(spec, kind, seconds):
    """Measures one server under our own generator, which cannot be paused."""
    with rounds.started(kind, app=spec.app) as (server, port):
        load.generate(port, 1, spec.generator)
        before, times = server.cpu_seconds(), processes.cpu_times()
        result = load.generate(port, seconds, spec.generator)
        used = server.cpu_seconds() - before
        busy = processes.busy_seconds(times, processes.cpu_times(), rounds.SERVER_CORE)
    return {'cpu': used / max(1, result.requests), 'rate': result.rate, 'errors': result.errors,
            'stolen': max(0.0, busy - used) / seconds}


def run(name, kinds, plan):
    spec = WORKS[name]
    kinds = (rounds.able_to_serve_files(kinds) if spec.files else
             rounds.able(kinds, name, spec.protocol))
    if spec.generator:
        samples = rounds.in_turns(spec.title, kinds, plan,
                                  lambda kind: measure_generated(spec, kind, plan.seconds), COLUMNS)
        return report.Table(name, spec.title, COLUMNS, samples, 'cpu')
    calls = alone.entrants(spec.app) if name in ('flask', 'django') else []
    samples = slices.in_rounds(spec.title, [*(Served(spec, kind) for kind in kinds), *calls], plan,
                               COLUMNS)
    called = {entrant.name: samples.pop(entrant.name) for entrant in calls}
    facts = {name: statistics.median(sample['cpu'] for sample in found)
             for name, found in called.items() if found}
    notes = [f'The application itself takes {_calls(facts, "")}, with the newest framework '
             f'{_calls(facts, ", newest")}.'] if facts else []
    return report.Table(name, spec.title, COLUMNS, samples, 'cpu', notes, facts)


def _calls(facts, suffix):
    loop, greenlet = (f'{facts[key + suffix] * 1e6:.1f} µs' if key + suffix in facts else '–'
                      for key in ('loop', 'greenlet'))
    return f'{loop} called in a loop and {greenlet} in fresh greenlets'
