#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./dev bench: geventd beside its peers, on the same work, in turns, in one run.

The server is pinned to one core and the load to another. Each round starts each server anew, so
that what disturbs the machine meets all of them. Counted is the CPU time of all processes of a
server for a request, which drifts far less than throughput; medians of the rounds are compared.
"""
import argparse
import os
import pathlib
import socket
import sys
import tempfile

import load
import processes
import report
import servers
import signals

SERVER_CORE, LOAD_CORE = 0, 1
BUSY = 0.05  # of the server's core, taken by others: the round counts as disturbed

WORKS = {
    'hello': ('W1 hello, 64 connections kept', load.Work()),
    'close': ('W1b hello, one connection a request', load.Work(keep_alive=False)),
    'block': ('W2 body of 64 KiB', load.Work('/block')),
    'echo': ('W3 POST of 1 KiB, echoed', load.Work('/echo', method='POST', body_size=1024)),
    'upload': ('W3 POST of 10 MiB', load.Work('/upload', connections=4, method='POST',
                                              body_size=10 << 20)),
    'sleep': ('W4 500 connections in gevent.sleep(0.01)',
              load.Work('/sleep?0.01', connections=500)),
    'stream': ('W5 100 pieces of 1 KiB', load.Work('/stream')),
}
ALL = [*WORKS, 'signals']


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def start(kind, folder, cores=(SERVER_CORE,), **options):
    """The server, ready, and its port."""
    setup = servers.Setup(port=free_port(), folder=pathlib.Path(folder), **options)
    server = processes.Server(kind.command(setup), cores, cwd=folder)
    try:
        processes.wait_for_port(
            lambda: socket.create_connection(('127.0.0.1', setup.port), 5).close(), server)
        load.run(setup.port, load.Work(connections=8), 1, LOAD_CORE)
    except Exception:
        server.stop()
        raise
    return server, setup.port


def measure(kind, work, seconds):
    """One server on one work."""
    with tempfile.TemporaryDirectory(prefix='geventd-bench-') as folder:
        server, port = start(kind, folder)
        try:
            before, times = server.cpu_seconds(), processes.cpu_times()
            result = load.run(port, work, seconds, LOAD_CORE)
            used = server.cpu_seconds() - before
            busy = processes.busy_seconds(times, processes.cpu_times(), SERVER_CORE)
        finally:
            server.stop()
    return report.Sample(cpu=used / max(1, result.requests), rate=result.rate, p50=result.p50,
                         p99=result.p99, errors=result.errors,
                         stolen=max(0.0, busy - used) / seconds)


def chosen_servers(names):
    kinds = []
    for kind in servers.SERVERS:
        if kind.protocol != 'http' or (names and not any(name in kind.name for name in names)):
            continue
        reason = kind.missing()
        if reason:
            print(f'not run: {kind.name}: {reason}')
        else:
            kinds.append(kind)
    return kinds


def run_work(name, kinds, rounds, seconds):
    title, work = WORKS[name]
    samples = {kind.name: [] for kind in kinds}
    for number in range(1, rounds + 1):
        for kind in kinds:
            sample = measure(kind, work, seconds)
            samples[kind.name].append(sample)
            note = f', others took {sample.stolen:.0%} of the core' if sample.stolen > BUSY else ''
            print(f'{title} {number}/{rounds} {kind.name}: {sample.cpu * 1e6:.1f} us, '
                  f'{sample.rate:.0f}/s, {sample.errors} errors{note}', flush=True)
    return report.Table(title, samples).markdown()


def main():
    parser = argparse.ArgumentParser(prog='./dev bench', description=__doc__.splitlines()[0])
    parser.add_argument('works', nargs='*', metavar='WORK',
                        help=f'of {", ".join(ALL)}; all without any')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=int, default=4, help='of load in each round')
    parser.add_argument('--servers', type=lambda text: text.split(','), default=[],
                        help='parts of names, with commas between them')
    parser.add_argument('--output', type=pathlib.Path, default=servers.BENCH / 'results')
    arguments = parser.parse_args()
    unknown = set(arguments.works) - set(ALL)
    if unknown:
        parser.error(f'no such work: {", ".join(sorted(unknown))}')
    if os.cpu_count() < 2:
        parser.error('two cores are needed: one for the server, one for the load')
    kinds = chosen_servers(arguments.servers)
    sections = [signals.run(arguments.rounds, free_port) if name == 'signals'
                else run_work(name, kinds, arguments.rounds, arguments.seconds)
                for name in arguments.works or ALL]
    report.write(sections, arguments.output)


if __name__ == '__main__':
    sys.exit(main())
