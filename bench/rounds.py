# SPDX-License-Identifier: MIT
"""Rounds: each round starts every server anew, in turns, so that disturbances of the machine affect
all of them. The server is pinned to one core and the load to another."""
import contextlib
import dataclasses
import os
import pathlib
import socket
import tempfile

import processes
import servers

SERVER_CORE, LOAD_CORE = 0, 1
# For several workers, without the load's core: a worker that shares it with the load gets less.
SERVER_CORES = tuple(sorted(os.sched_getaffinity(0) - {LOAD_CORE}))
BUSY = 0.05  # share of the server's core taken by others from which a round counts as disturbed


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: int  # of load in each round
    tries: int  # of a round, while others disturb it


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def connect(port):
    socket.create_connection(('127.0.0.1', port), 5).close()


@contextlib.contextmanager
def started(kind, cores=(SERVER_CORE,), files=None, **options):
    """A server and its port. `files`: {name: size} of those to be served."""
    with tempfile.TemporaryDirectory(prefix='geventd-bench-') as folder:
        # A server may run as another user, as nginx's workers do.
        os.chmod(folder, 0o755)
        setup = servers.Setup(port=free_port(), folder=pathlib.Path(folder),
                              files=write_files(folder, files) if files else None, **options)
        server = processes.Server(kind.command(setup), cores, cwd=folder)
        try:
            processes.wait_for_port(lambda: connect(setup.port), server)
            yield server, setup.port
        finally:
            server.stop()


def write_files(folder, sizes):
    """The folder with a file for each of {name: size}."""
    made = pathlib.Path(folder) / 'files'
    made.mkdir()
    for name, size in sizes.items():
        (made / name).write_bytes(os.urandom(size))
    return made


def able_to_serve_files(kinds):
    return [kind for kind in kinds if kind.files]


def able(kinds, name, protocol='http'):
    """The servers that can do this benchmark, which is not one of files."""
    return [kind for kind in kinds
            if kind.protocol == protocol and (not kind.only or name in kind.only)]


def describe(sample, columns):
    return ', '.join(f'{column.heading} {column.text(sample[column.key])}' for column in columns)


def in_turns(title, kinds, plan, measure, columns):
    """{name: samples}. A disturbed measurement is repeated; the least disturbed one counts."""
    samples = {kind.name: [] for kind in kinds}
    for number in range(1, plan.rounds + 1):
        for kind in kinds:
            best = None
            for _ in range(plan.tries):
                try:
                    sample = measure(kind)
                except (RuntimeError, OSError, ValueError) as error:
                    print(f'{title} {number}/{plan.rounds} {kind.name}: failed: {error}',
                          flush=True)
                    break
                if best is None or sample.get('stolen', 0) < best.get('stolen', 0):
                    best = sample
                if best.get('stolen', 0) <= BUSY:
                    break
            if best is None:
                continue
            samples[kind.name].append(best)
            note = f', others took {best["stolen"]:.0%} of the core' \
                if best.get('stolen', 0) > BUSY else ''
            print(f'{title} {number}/{plan.rounds} {kind.name}: {describe(best, columns)}{note}',
                  flush=True)
    return samples
