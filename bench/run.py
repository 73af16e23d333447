#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./dev bench: geventd beside its peers, on the same work, in turns, in one run.

Counted is the CPU time of all processes of a server for a request, which drifts far less than
throughput; medians of the rounds are compared. What other works showed in earlier runs stays in the
report, with its date.
"""
import argparse
import os
import pathlib
import sys

import footprint
import goals
import latency
import peers
import report
import rounds
import servers
import signals
import works

ALL = [*works.WORKS, *latency.WORKS, *footprint.WORKS, 'signals']


def _means(name, kind):
    """A complete name selects that server only, a part of a name all that contain it."""
    return name == kind.name or (name in kind.name
                                 and all(name != other.name for other in servers.SERVERS))


def chosen_servers(names):
    """(servers that can run, a line for each that cannot)."""
    kinds, not_run = [], []
    others = [servers.other_build(name) for name in names if '@' in name]
    for kind in [*servers.SERVERS, *others]:
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
    module = next(module for module in (works, latency, footprint) if name in module.WORKS)
    return module.run(name, kinds, plan).result()


def main():
    parser = argparse.ArgumentParser(prog='./dev bench', description=__doc__.splitlines()[0])
    parser.add_argument('works', nargs='*', metavar='WORK',
                        help=f'of {", ".join(ALL)}; all without any')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=int, default=4, help='of load in each round')
    parser.add_argument('--tries', type=int, default=3, help='of a round that others disturb')
    parser.add_argument('--servers', type=lambda text: text.split(','), default=[],
                        help='names or parts of names, with commas between them; geventd@FOLDER '
                             'is the one that was built there, a former one say')
    parser.add_argument('--output', type=pathlib.Path, default=servers.BENCH / 'results')
    arguments = parser.parse_args()
    unknown = set(arguments.works) - set(ALL)
    if unknown:
        parser.error(f'no such work: {", ".join(sorted(unknown))}')
    if os.cpu_count() < 2:
        parser.error('two cores are needed: one for the server, one for the load')
    peers.install(servers.PYTHON)
    kinds, not_run = chosen_servers(arguments.servers)
    for name in arguments.works or ALL:
        plan = rounds.Plan(arguments.rounds, arguments.seconds, arguments.tries)
        report.keep(run_work(name, kinds, plan), arguments.output)
    results = report.known(arguments.output, ALL)
    report.write(results, goals.judge(results), peers.versions(), arguments.output, not_run)


if __name__ == '__main__':
    sys.exit(main())
