# SPDX-License-Identifier: MIT
"""Results: kept as JSON for each benchmark, shown as tables in Markdown and as one picture."""
import dataclasses
import json
import os
import pathlib
import platform
import statistics
import time

import picture

BASES = ('geventd', 'geventd, uwsgi protocol', 'geventd, geventd.websocket()')


@dataclasses.dataclass(frozen=True)
class Column:
    key: str
    heading: str
    scale: float
    format: str

    def text(self, value):
        return format(value * self.scale, self.format)


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    title: str
    columns: tuple
    samples: dict  # name of the server → its samples, each {key: value}
    order: str  # the key by which servers are compared: less is better
    notes: list = dataclasses.field(default_factory=list)
    facts: dict = dataclasses.field(default_factory=dict)

    def medians(self):
        """{server: {key: median}} of the servers that were measured, the best first."""
        found = {name: {column.key: statistics.median(sample[column.key] for sample in samples)
                        for column in self.columns}
                 for name, samples in self.samples.items() if samples}
        return dict(sorted(found.items(), key=lambda item: item[1][self.order]))

    def result(self):
        stolen = [sample['stolen'] for samples in self.samples.values() for sample in samples
                  if 'stolen' in sample]
        rounds = max((len(samples) for samples in self.samples.values()), default=0)
        notes = [f'Medians of {rounds} rounds, {time.strftime("%Y-%m-%d %H:%M")}.', *self.notes]
        if stolen:
            bad = sum(share > 0.05 for share in stolen)
            notes.append(f"Others took at most {max(stolen):.0%} of the server's core in a round"
                         f' ({bad} of {len(stolen)} measurements above 5 %).')
        return {'name': self.name, 'title': self.title, 'order': self.order, 'notes': notes,
                'facts': self.facts,
                'columns': [dataclasses.astuple(column) for column in self.columns],
                'medians': self.medians()}


def markdown(result):
    """The report's section for one benchmark."""
    columns = [Column(*column) for column in result['columns']]
    medians = result['medians']
    base_name = next((name for name in BASES if name in medians), BASES[0])
    own = medians.get(base_name)
    lines = [f'## {result["title"]}', '',
             f'| server | to {base_name} | {" | ".join(column.heading for column in columns)} |',
             '| --- ' * (len(columns) + 2) + '|']
    for name, median in medians.items():
        base = own[result['order']] if own else 0
        ratio = f'{median[result["order"]] / base:.2f}' if base else '–'
        cells = ' | '.join(column.text(median[column.key]) for column in columns)
        lines.append(f'| {name} | {ratio} | {cells} |')
    return '\n'.join([*lines, '', ' '.join(result['notes']), ''])


def heading(versions):
    return (f'# geventd and its peers\n\n{platform.machine()}, {os.cpu_count()} cores, Linux '
            f'{platform.release()}, Python {platform.python_version()}. "newest": {versions}.\n')


def keep(result, folder):
    """Replaces the earlier result of this benchmark."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    (pathlib.Path(folder) / f'{result["name"]}.json').write_text(
        json.dumps(result, indent=1, ensure_ascii=False) + '\n')


def known(folder, names):
    """The results of the benchmarks, from this run or earlier ones."""
    paths = [pathlib.Path(folder) / f'{name}.json' for name in names]
    return {path.stem: json.loads(path.read_text()) for path in paths if path.exists()}


def write(results, goals, versions, folder, not_run):
    """Writes the tables of all benchmarks to `folder`/latest.md, and the picture beside it."""
    sections = [heading(versions), *not_run, goals]
    sections += [result['text'] if 'text' in result else markdown(result)
                 for result in results.values()]
    text = '\n'.join(sections)
    print(f'\n{text}')
    (pathlib.Path(folder) / 'latest.md').write_text(text)
    (pathlib.Path(folder) / 'latest.svg').write_text(picture.draw(results))
