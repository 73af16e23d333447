#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./dev bench: geventd and other servers on the same benchmarks, taking turns, in one run.

The figure that counts is the CPU time of all processes of a server per request, which varies far
less than throughput; medians of the rounds are compared. Results of other benchmarks from earlier
runs stay in the report, with their date.
"""
import argparse
import os
import pathlib
import signal
import sys

import compute
import footprint
import goals
import latency
import peers
import report
import rounds
import servers
import signals
import web_socket_servers
import web_sockets
import works

ALL = [*works.WORKS, *latency.WORKS, *compute.WORKS, *footprint.WORKS, *web_sockets.WORKS,
       'signals']
SERVERS = [*servers.SERVERS, *web_socket_servers.SERVERS]


def _means(name, kind):
    """A complete name selects that server only, a part of a name all that contain it."""
    return name == kind.name or (name in kind.name
                                 and all(name != other.name for other in SERVERS))


def chosen_servers(names):
    """(servers that can run, a line for each that cannot)."""
    kinds, not_run = [], []
    others = [module.other_build(name) for name in names if '@' in name
              for module in (servers, web_socket_servers)]
    for kind in [*SERVERS, *others]:
        if names and not any(_means(name, kind) for name in names):
            continue
        reason = kind.missing()
        if reason:
            not_run.append(f'Not run: {kind.name}: {reason}.\n')
        else:
            kinds.append(kind)
    print(''.join(not_run), end='')
    return kinds, not_run


def run_work(name, kinds, plan):
    if name == 'signals':
        return signals.run(plan.rounds, rounds.free_port)
    module = next(module for module in (works, latency, compute, footprint, web_sockets)
                  if name in module.WORKS)
    return module.run(name, kinds, plan).result()


def main():
    parser = argparse.ArgumentParser(prog='./dev bench', description=__doc__.splitlines()[0])
    parser.add_argument('works', nargs='*', metavar='WORK',
                        help=f'any of {", ".join(ALL)}; default: all')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=int, default=4, help='seconds of load in each round')
    parser.add_argument('--tries', type=int, default=3, help='how often a disturbed round is tried')
    parser.add_argument('--servers', type=lambda text: text.split(','), default=[],
                        help='names or parts of names, separated by commas; geventd@FOLDER is the '
                             'geventd that was built there, such as a former one')
    parser.add_argument('--output', type=pathlib.Path, default=servers.BENCH / 'results')
    arguments = parser.parse_args()
    unknown = set(arguments.works) - set(ALL)
    if unknown:
        parser.error(f'no such work: {", ".join(sorted(unknown))}')
    if os.cpu_count() < 2:
        parser.error('two cores are needed: one for the server, one for the load')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers and loads end with it
    peers.install(servers.PYTHON)
    kinds, not_run = chosen_servers(arguments.servers)
    for name in arguments.works or ALL:
        plan = rounds.Plan(arguments.rounds, arguments.seconds, arguments.tries)
        report.keep(run_work(name, kinds, plan), arguments.output)
    results = report.known(arguments.output, ALL)
    report.write(results, goals.judge(results), peers.versions(), arguments.output, not_run)


if __name__ == '__main__':
    sys.exit(main())
