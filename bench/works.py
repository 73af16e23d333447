# SPDX-License-Identifier: MIT
"""Works of throughput: what a request costs in CPU time of all the server's processes."""
import contextlib
import dataclasses
import subprocess

import load
import processes
import report
import rounds
import servers


@dataclasses.dataclass(frozen=True)
class Spec:
    title: str
    work: load.Work
    app: str = 'hello:application'
    protocol: str = 'http'
    generator: tuple = ()  # arguments of our own generator, which then makes the load


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
}

COLUMNS = (
    report.Column('cpu', 'CPU µs/request', 1e6, '.1f'),
    report.Column('rate', 'requests/s', 1, ',.0f'),
    report.Column('p50', 'p50 ms', 1e3, '.2f'),
    report.Column('p99', 'p99 ms', 1e3, '.2f'),
    report.Column('errors', 'errors', 1, '.0f'),
)


@contextlib.contextmanager
def busy(core):
    """As a core is that makes load: the server's may share caches and execution units with it."""
    process = subprocess.Popen(
        ['taskset', '-c', str(core), servers.PYTHON, '-c', 'while True: pass'])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def alone(app):
    """Seconds of CPU that a call of the application itself takes, and one in a fresh greenlet."""
    with busy(rounds.LOAD_CORE):
        done = subprocess.run(
            ['taskset', '-c', str(rounds.SERVER_CORE), servers.PYTHON,
             str(servers.BENCH / 'apps' / 'call_alone.py'), app, str(servers.BENCH / 'apps')],
            capture_output=True, text=True, check=True)
    in_loop, in_greenlet = map(float, done.stdout.split())
    return {'alone': in_loop, 'greenlet': in_greenlet}


def measure(spec, kind, seconds):
    """One server on one work."""
    with rounds.started(kind, app=spec.app) as (server, port):
        if spec.generator:
            def make_load(seconds):
                return load.generate(port, seconds, spec.generator)
        else:
            def make_load(seconds):
                return load.run(port, spec.work, seconds, rounds.LOAD_CORE, not kind.keep_alive)
        make_load(1)  # until all that is made once is made
        before, times = server.cpu_seconds(), processes.cpu_times()
        result = make_load(seconds)
        used = server.cpu_seconds() - before
        busy = processes.busy_seconds(times, processes.cpu_times(), rounds.SERVER_CORE)
    return {'cpu': used / max(1, result.requests), 'rate': result.rate, 'p50': result.p50,
            'p99': result.p99, 'errors': result.errors,
            'stolen': max(0.0, busy - used) / seconds}


def run(name, kinds, plan):
    spec = WORKS[name]
    samples = rounds.in_turns(spec.title, rounds.able(kinds, name, spec.protocol), plan,
                              lambda kind: measure(spec, kind, plan.seconds), COLUMNS)
    facts = alone(spec.app) if name in ('flask', 'django') else {}
    notes = [f'A call of the application alone takes {facts["alone"] * 1e6:.1f} µs, one in a fresh '
             f'greenlet {facts["greenlet"] * 1e6:.1f} µs.'] if facts else []
    return report.Table(name, spec.title, COLUMNS, samples, 'cpu', notes, facts)
