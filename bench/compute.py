# SPDX-License-Identifier: MIT
"""Latency of hello at a fixed rate, counted from when a request was due: alone, and beside one
request after another that computes; and how long two that compute at the same time take."""
import concurrent.futures
import contextlib
import http.client
import statistics
import threading
import time

import load
import report
import rounds
import servers

RATE, CONNECTIONS = 50, 200
LONG, SHORT = 2, 1  # seconds of computing: beside the hellos; of each of two at the same time

WORKS = {name: f'W19 50 hellos a second beside a request that computes 2 s: {what}'
         for name, what in zip(servers.COMPUTE, ('a loop in Python', 'lists of dicts',
                                                 'sorting by a key', 'regular expressions'))}

COLUMNS = (
    report.Column('p50', 'p50 ms', 1e3, ',.1f'),
    report.Column('p99', 'p99 ms', 1e3, ',.1f'),
    report.Column('quiet', 'p99 alone ms', 1e3, ',.1f'),
    report.Column('slices', 'more than alone, in slices', 1, ',.1f'),
    report.Column('one', 'the 2 s took s', 1, '.2f'),
    report.Column('two', 'two of 1 s took s', 1, '.2f'),
    report.Column('errors', 'errors', 1, '.0f'),
)


def ask(port, kind, seconds):
    """How long a request that computes took."""
    began = time.monotonic()
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    with contextlib.closing(connection):
        connection.request('GET', f'/{kind}?{seconds}')
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f'{answer.status} {answer.reason}')
    return time.monotonic() - began


class Computing:
    """Asks for one such request after another until the block ends."""

    def __init__(self, port, kind):
        self.times = []
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(port, kind))

    def _run(self, port, kind):
        while not self.ends.is_set():
            self.times.append(ask(port, kind, LONG))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *raised):
        self.ends.set()
        self.thread.join()
        if not self.times:
            raise RuntimeError('the request that computes failed')


def ask_two(port, kind):
    """How long the later one of two took."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return max(pool.map(lambda seconds: ask(port, kind, seconds), (SHORT, SHORT)))


def measure(server, kind, seconds):
    with rounds.started(server, app='compute:application') as (_, port):
        steady = ['--rate', str(RATE), '--connections', str(CONNECTIONS),
                  *([] if server.keep_alive else ['--close'])]
        load.generate(port, 1, steady)
        quiet = load.generate(port, seconds, steady)
        with Computing(port, kind) as computing:
            beside = load.generate(port, seconds, steady)
        two = ask_two(port, kind)
    return {'p50': beside.p50, 'p99': beside.p99, 'quiet': quiet.p99,
            'slices': (beside.p99 - quiet.p99) / servers.TIME_SLICE,
            'one': statistics.median(computing.times), 'two': two,
            'errors': quiet.errors + beside.errors}


def run(name, kinds, plan):
    title = WORKS[name]
    kind = name.partition('-')[2]
    samples = rounds.in_turns(title, rounds.able(kinds, name), plan,
                              lambda server: measure(server, kind, plan.seconds), COLUMNS)
    return report.Table(name, title, COLUMNS, samples, 'p99')
