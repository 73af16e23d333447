# SPDX-License-Identifier: MIT
"""Latency of hello at a fixed rate, counted from when a request was due: alone, and beside other
load that should not affect it, in turns of a second. A disturbance of the machine for a second
affects both or neither; the result is the median over the seconds."""
import statistics

import load
import report
import rounds

RATE, CONNECTIONS = 2000, 400

WORKS = {
    'latency': ('W7 hello at 2,000/s while 5 % of the requests sleep 50 ms',
                ('--slow-path', '/sleep?0.05', '--slow-every', '20')),
    'slowheads': ('W13 hello at 2,000/s beside 1,000 clients that send a byte of a head a second',
                  ('--slow-heads', '1000')),
}

COLUMNS = (
    report.Column('p50', 'p50 µs', 1e6, ',.0f'),
    report.Column('p99', 'p99 µs', 1e6, ',.0f'),
    report.Column('max', 'worst µs', 1e6, ',.0f'),
    report.Column('quiet', 'p99 alone µs', 1e6, ',.0f'),
    report.Column('worse', 'p99 to alone', 1, '.2f'),
    report.Column('errors', 'errors', 1, '.0f'),
)


def measure(kind, disturbance, seconds):
    with rounds.started(kind) as (_, port):
        steady = ['--rate', str(RATE), '--connections', str(CONNECTIONS),
                  *([] if kind.keep_alive else ['--close'])]
        load.generate(port, 1, steady)
        quiet, beside = [], []
        for _ in range(seconds):
            quiet.append(load.generate(port, 1, steady))
            beside.append(load.generate(port, 1, [*steady, *disturbance]))
    if not any(result.p99 for result in beside):
        raise RuntimeError('no request is answered beside it')
    alone = statistics.median(result.p99 for result in quiet)
    p99 = statistics.median(result.p99 for result in beside)
    return {'p50': statistics.median(result.p50 for result in beside), 'p99': p99,
            'max': max(result.worst for result in beside), 'quiet': alone,
            'worse': p99 / alone if alone else 0,
            'errors': sum(result.errors for result in beside)}


def run(name, kinds, plan):
    title, disturbance = WORKS[name]
    samples = rounds.in_turns(title, rounds.able(kinds, name), plan,
                              lambda kind: measure(kind, disturbance, plan.seconds), COLUMNS)
    return report.Table(name, title, COLUMNS, samples, 'p99')
