# SPDX-License-Identifier: MIT
"""W10: signals from one worker to another, on geventd and on uWSGI."""
import json
import pathlib
import statistics
import tempfile
import time
import urllib.request

import processes
import servers

COUNT, RATE_FOR, BURST = 1500, 3000, 100_000  # signals, milliseconds, signals


def ask(port, path):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=30) as answer:
        return json.load(answer)


def command(port, text):
    """Runs a command; returns the figures once no more signals arrive."""
    ask(port, f'/command?{text}')
    handled = -1
    while True:
        time.sleep(0.3)
        state = ask(port, '/state')
        if state['done'] and state['handled'] == handled:
            return ask(port, '/figures')
        handled = state['handled']


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(kind, port_of):
    """Measures one server: its figures by name."""
    with tempfile.TemporaryDirectory(prefix='geventd-bench-') as folder:
        setup = servers.Setup(port=port_of(), folder=pathlib.Path(folder), workers=2, slots=100,
                              app='signals:application')
        server = processes.Server(kind.command(setup), [0, 1], cwd=folder)
        try:
            processes.wait_for_port(lambda: ask(setup.port, '/state'), server)
            latency = command(setup.port, f'latency,{COUNT}')['latencies']
            rate = command(setup.port, f'rate,{RATE_FOR}')
            burst = command(setup.port, f'burst,{BURST}')
        finally:
            server.stop()
    return {'p50': percentile(latency, 0.5) / 1e3, 'p99': percentile(latency, 0.99) / 1e3,
            'rate': rate['argument'] / (RATE_FOR / 1e3),
            'rate_lost': 1 - rate['handled'] / max(1, rate['sent']),
            'burst_lost': 1 - burst['handled'] / max(1, burst['sent']),
            'burst_refused': burst['refused'] / BURST}


def run(rounds, port_of):
    """The result for the report."""
    kinds = [kind for kind in servers.SERVERS
             if kind.name in ('geventd', 'uwsgi --gevent') and not kind.missing()]
    found = {kind.name: [] for kind in kinds}
    for number in range(rounds):
        for kind in kinds:
            found[kind.name].append(measure(kind, port_of))
            print(f'W10 signals {number + 1}/{rounds} {kind.name}: {found[kind.name][-1]}',
                  flush=True)
    lines = ['## W10 signals, worker to worker', '',
             '| server | p50 µs | p99 µs | handled/s | lost at that rate | '
             '100,000 at once: refused to the sender | lost |',
             '| --- | --- | --- | --- | --- | --- | --- |']
    for name, samples in found.items():
        median = {key: statistics.median(sample[key] for sample in samples)
                  for key in samples[0]}
        lines.append(f'| {name} | {median["p50"]:.0f} | {median["p99"]:.0f} | '
                     f'{median["rate"]:,.0f} | {median["rate_lost"]:.1%} | '
                     f'{median["burst_refused"]:.1%} | {median["burst_lost"]:.1%} |')
    text = '\n'.join([*lines, '', f'Medians of {rounds} rounds.', ''])
    return {'name': 'signals', 'text': text,
            'medians': {name: {key: statistics.median(sample[key] for sample in samples)
                               for key in samples[0]} for name, samples in found.items()}}
