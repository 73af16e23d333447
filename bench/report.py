# SPDX-License-Identifier: MIT
"""What was measured as tables in Markdown."""
import dataclasses
import os
import pathlib
import platform
import statistics
import time

import servers


@dataclasses.dataclass(frozen=True)
class Sample:
    """One server, one work, one round."""
    cpu: float  # seconds of CPU for a request, of all the server's processes
    rate: float  # requests a second
    p50: float  # seconds
    p99: float
    errors: int
    stolen: float  # share of the server's core that others used meanwhile


@dataclasses.dataclass(frozen=True)
class Table:
    title: str
    samples: dict  # name of the server → its samples

    def median(self, name, field):
        return statistics.median(getattr(sample, field) for sample in self.samples[name])

    def markdown(self):
        names = [name for name, samples in self.samples.items() if samples]
        own = self.median(servers.SERVERS[0].name, 'cpu') if servers.SERVERS[0].name in names \
            else None
        lines = [f'## {self.title}', '',
                 '| server | CPU µs/request | to geventd | requests/s | p50 ms | p99 ms | errors |',
                 '| --- | --- | --- | --- | --- | --- | --- |']
        for name in sorted(names, key=lambda name: self.median(name, 'cpu')):
            cpu = self.median(name, 'cpu')
            ratio = f'{cpu / own:.2f}' if own else '–'
            lines.append(
                f'| {name} | {cpu * 1e6:.1f} | {ratio} | {self.median(name, "rate"):,.0f} | '
                f'{self.median(name, "p50") * 1e3:.2f} | {self.median(name, "p99") * 1e3:.2f} | '
                f'{sum(sample.errors for sample in self.samples[name])} |')
        stolen = max(sample.stolen for samples in self.samples.values() for sample in samples)
        rounds = max(len(samples) for samples in self.samples.values())
        lines += ['', f'Medians of {rounds} rounds; others took at most {stolen:.0%} of the '
                      "server's core in one.", '']
        return '\n'.join(lines)


def heading():
    return (f'# Measured {time.strftime("%Y-%m-%d %H:%M")} on {platform.machine()}, '
            f'{os.cpu_count()} cores, Linux {platform.release()}\n')


def write(sections, folder):
    """Prints the sections and writes them to `folder`/latest.md."""
    text = '\n'.join([heading(), *sections])
    print(f'\n{text}')
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    (pathlib.Path(folder) / 'latest.md').write_text(text)
