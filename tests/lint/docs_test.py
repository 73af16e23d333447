# SPDX-License-Identifier: MIT
"""What the manuals mention exists: lines of the log, settings, commands of geventctl."""
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
MANUALS = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]


def sources(*folders):
    return '\n'.join(path.read_text() for folder in folders
                     for ending in ('*.cpp', '*.py') for path in (ROOT / folder).rglob(ending))


def test_lines_of_the_log_that_the_manual_explains_are_logged():
    table = (ROOT / 'docs/operating.md').read_text().partition('| line contains | means |')[2]
    lines = re.findall(r'^\| `([^`]+)` \|', table, re.M)
    code = re.sub(r'"\s*\n\s*"', '', sources('master', 'worker', 'src'))  # joined literals
    assert len(lines) > 5
    assert [line for line in lines if line not in code] == []


def test_settings_that_the_manuals_name_exist():
    keys = set(re.findall(r'^\| `([a-z.-]+)', (ROOT / 'docs/configuration.md').read_text(), re.M))
    groups = {key.partition('.')[0] for key in keys if '.' in key}
    named = {(path.name, key) for path in MANUALS
             for key in re.findall(r'`([a-z-]+\.[a-z-]+)[`:]', path.read_text())
             if key.partition('.')[0] in groups and not key.endswith('.py')}
    assert len(named) > 40
    assert sorted(entry for entry in named if entry[1] not in keys) == []


def commands():
    return set(re.findall(r'line = \{"([a-z-]+)"', (ROOT / 'master/ctl/verbs.cpp').read_text()))


def test_commands_of_geventctl_that_the_manuals_name_exist():
    known = commands()
    named = {(path.name, command) for path in MANUALS
             for command in re.findall(r'`geventctl (?:-c \S+ )?([a-z-]+)', path.read_text())}
    assert len(named) > 10
    assert sorted(entry for entry in named if entry[1] not in known) == []


def prose(path):
    """(line number, line) outside of code."""
    fenced = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith('```'):
            fenced = not fenced
        yield number, '' if fenced or line.startswith('    ') else line


def test_tables_are_whole():
    faults = []
    for path in MANUALS:
        lines = ['', *(line for _, line in prose(path)), '']
        for number in range(1, len(lines) - 1):
            begins = lines[number].startswith('|') and not lines[number - 1].startswith('|')
            if begins and not lines[number + 1].startswith('| ---'):
                faults.append(f'{path.name}:{number}: a table begins without heads')
    assert faults == []


def test_no_sentence_stands_there_in_two_versions():
    """Two lines that follow one another and begin alike are what a merge has left."""
    faults = []
    for path in MANUALS:
        before = ''
        for number, line in prose(path):
            if len(line) > 40 and line[0] not in '|*-' and line[:18] == before[:18]:
                faults.append(f'{path.name}:{number}: {line}')
            before = line
    assert faults == []
