#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./dev bench reload: what clients notice of reloads, by server.

The same load (new and kept connections, uploads of 10 MiB, streams) runs on each server twice:
undisturbed, then with a reload every few seconds. Counts the requests without the right response,
and compares the longest time of each kind of client.
"""
import argparse
import os
import pathlib
import signal
import socket
import sys
import tempfile
import time

import processes
import servers

sys.path.insert(0, str(servers.ROOT / 'tests' / 'e2e'))
from harness.steady_load import SteadyLoad  # noqa: E402

NAMES = ('geventd', 'gunicorn -k gevent', 'uwsgi --gevent')
NOT_HERE = ('signal', 'behind nginx', 'kept behind nginx', 'upload behind nginx',
            'stream behind nginx')
ALL_CORES = range(os.cpu_count())


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def master_of(server):
    """The pid to signal: taskset executes the server, so it is the process itself."""
    return server.process.pid


def load(port, seconds, disturb, period):
    """The load's ledger; `disturb` is called once per period."""
    address = ('127.0.0.1', port)
    with SteadyLoad(address, address, 2, NOT_HERE) as ledger:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(period)
            disturb()
    return ledger


def measure(kind, seconds, period, number):
    """(undisturbed, disturbed) ledgers of one server."""
    with tempfile.TemporaryDirectory(prefix='gd-bench-') as folder:
        setup = servers.Setup(port=free_port(), folder=pathlib.Path(folder), workers=2, slots=100,
                              app='steady:application')
        server = processes.Server(kind.command(setup), ALL_CORES, cwd=folder)
        try:
            processes.wait_for_port(
                lambda: socket.create_connection(('127.0.0.1', setup.port), 5).close(), server)
            time.sleep(1)
            quiet = load(setup.port, seconds, lambda: None, period)
            return quiet, load(setup.port, seconds,
                               lambda: os.kill(master_of(server), number), period)
        finally:
            server.stop()


def show(kind, quiet, disturbed):
    print(f'\n{kind.name}\n{"clients":16}{"answered":>10}{"failed":>8}'
          f'{"worst, alone":>14}{"worst, reloaded":>17}')
    for name, seen in disturbed.kinds.items():
        print(f'{name:16}{seen.answered:10}{len(seen.faults):8}'
              f'{quiet.kinds[name].worst * 1000:11.0f} ms{seen.worst * 1000:14.0f} ms')
    for fault in sorted({fault.split(' at ')[0] for fault in disturbed.faults})[:6]:
        print('   ', fault[:110])
    if quiet.faults:
        print(f'    left alone: {len(quiet.faults)} failed, such as {quiet.faults[0][:90]}')


def main():
    parser = argparse.ArgumentParser(prog='./dev bench reload', description=__doc__)
    parser.add_argument('--seconds', type=float, default=20, help='seconds of each of the two runs')
    parser.add_argument('--period', type=float, default=2, help='seconds between two reloads')
    parser.add_argument('--servers', nargs='*', default=NAMES, choices=NAMES)
    options = parser.parse_args()
    for kind in servers.SERVERS:
        if kind.name in options.servers:
            if kind.missing():
                print(f'{kind.name}: left out: {kind.missing()}')
                continue
            show(kind, *measure(kind, options.seconds, options.period, signal.SIGHUP))


if __name__ == '__main__':
    main()
