#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules of this tree that no ready-made tool knows.

Each check yields (path, line, text). Run without arguments over the repository: prints what is
wrong and exits 1, or one line when all is well.
"""

import itertools
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCT = ('src/', 'config/', 'master/', 'worker/')
MAX_FILE_LINES = 400
MAX_DOC_LINES = 200
MAX_README_LINES = 20

# A library's headers, by the beginning of their names.
LIBRARIES = {
    'expected': ('tl/expected.hpp',),
    'fmt': ('fmt/',),
    'spdlog': ('spdlog/',),
    'libev': ('ev.h', 'ev++.h'),
    'interprocess': ('boost/interprocess/',),
    'json': ('nlohmann/',),
    'cli11': ('CLI/',),
    'yaml-cpp': ('yaml-cpp/',),
    'wslay': ('wslay/',),
    'zlib': ('zlib.h',),
    'openssl': ('openssl/',),
    'curses': ('curses.h', 'ncurses'),
    'python': ('Python.h', 'structmember.h', 'frameobject.h', 'greenlet.h', 'greenlet/'),
}
# Seconds of compile time each: one source of a module may include them, and no header.
HEAVY = ('spdlog', 'interprocess', 'json', 'cli11', 'yaml-cpp', 'curses')
# Forward declarations only: cheap.
LIGHT_HEADERS = ('nlohmann/json_fwd.hpp',)
SYSTEM_FOLDERS = ('sys/', 'net/', 'netinet/', 'arpa/', 'linux/', 'sanitizer/')

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
BANNED = (
    (r'\bTODO\b|\bFIXME\b|\bXXX\b', 'a note to do something later: do it now or file it'),
    (r'\bnew\s+[A-Za-z_:]+\s*[({\[;<]', 'raw new: std::make_unique or a value'),
    (r'(?<!= )\bdelete\s+[A-Za-z_*]|\bdelete\s*\[', 'raw delete: let an owner do it'),
    (r'\b(?:u|nano)?sleep(?:_for|_until)?\s*\(', 'sleeping: wait for an event or a deadline'),
    (r'std::source_location|std::ranges::|std::views::', 'clang 14 cannot read it'),
)
BANNED_IN_PRODUCT = (
    (r'#\s*include\s+<(?:iostream|regex)>', 'this header costs more than it gives'),
)
BANNED_IN_HEADERS = ((r'\busing\s+namespace\b', 'using namespace in a header'),)
# Calls whose text Python formats, up to the end of the statement.
PYTHON_FORMAT_CALL = re.compile(
    r'\bPy(?:Err_(?:Format|WarnFormat)|(?:Unicode|Bytes)_FromFormat)V?\s*\('
    r'(?:"(?:\\.|[^"\\])*"|[^";])*;')
# What PyUnicode_FromFormat of Python 3.9 to 3.11 formats.
KNOWN_FORMATS = re.compile(r'%%|%\d*(?:\.\d+)?(?:[cxpsAUVSR]|(?:ll?|z)?[diu])')
# Names in CPython 3.13's headers that those of 3.9 do not have, and the lines where they may stand.
NEWER_THAN_3_9 = pathlib.Path(__file__).with_name('newer_than_python_3.9.txt')
PYTHON_NAME = re.compile(r'\bPy[A-Za-z]*_\w+')
VERSION_BLOCK = re.compile(r'^\s*#\s*if PY_VERSION_HEX.*?^\s*#\s*endif', re.M | re.S)
# Programs are wiring: free to use all.
PROGRAM = re.compile(r'(master|worker)/main\.cpp|worker/module\.cpp')


def tracked_files(root):
    names = subprocess.run(
        ['git', 'ls-files', '--cached', '--others', '--exclude-standard'],
        cwd=root, check=True, capture_output=True, text=True).stdout.split('\n')
    return sorted(name for name in names if name and (root / name).is_file())


def is_product(name):
    return name.startswith(PRODUCT) and name.endswith(('.h', '.cpp'))


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def without_comments_and_strings(text):
    """The same text, its comments and literals blanked, so that offsets stay."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda m: re.sub(r'[^\n]', ' ', m.group()), text)


def read_module_table(text):
    """{module: (allowed modules, allowed libraries)} from docs/architecture.md."""
    modules = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if line.startswith('|') and len(cells) == 4 and re.fullmatch(r'[a-z/]+', cells[0]) \
                and cells[0] != 'module':
            names = cells[2].split()
            modules[cells[0]] = (
                {name if name.split('/')[0] in ('config', 'master', 'worker') else f'src/{name}'
                 for name in names},
                {name for name in re.split(r'[,\s]+', cells[3]) if name})
    return modules


def module_of(path, modules):
    """The module that a file of the repository belongs to, the innermost one."""
    homes = [name for name in modules if path.startswith(name + '/')]
    return max(homes, key=len) if homes else None


def resolve_include(name, files):
    """The repository's path of a quoted include: there are two roots, `.` and `src`."""
    for candidate in (name, f'src/{name}'):
        if candidate in files:
            return candidate
    return None


def library_of(header):
    for library, prefixes in LIBRARIES.items():
        for prefix in prefixes:
            if header == prefix or (prefix.endswith('/') and header.startswith(prefix)):
                return library
    return None


def check_layers(root, names):
    modules = read_module_table((root / 'docs/architecture.md').read_text())
    if not modules:
        yield 'docs/architecture.md', 1, 'the table of modules is missing'
        return
    files = set(names)
    heavy_users = {}
    for name in filter(is_product, names):
        if PROGRAM.fullmatch(name):
            continue
        home = module_of(name, modules)
        if home is None:
            yield name, 1, 'belongs to no module of docs/architecture.md'
            continue
        if '/' in name[len(home) + 1:] and any(m.startswith(home + '/') for m in modules):
            yield name, 1, f'its folder has no row of its own below that of {home}'
        text = (root / name).read_text()
        allowed, libraries = modules[home]
        for match in INCLUDE.finditer(text):
            line, header = line_of(text, match.start()), match.group(2)
            if match.group(1) == '"':
                target = resolve_include(header, files)
                other = module_of(target, modules) if target else None
                if target is None:
                    continue  # a generated file
                if other != home and other not in allowed:
                    yield name, line, f'{home} may not include {header} (of {other})'
                continue
            library = library_of(header)
            if library is None:
                if '/' in header and not header.startswith(SYSTEM_FOLDERS):
                    yield name, line, f'<{header}> is of no library in tests/lint/rules.py'
            elif library not in libraries:
                yield name, line, f'{home} may not include <{header}>: {library} is not its own'
            elif library in HEAVY and header not in LIGHT_HEADERS:
                heavy_users.setdefault((home, library), set()).add((name, line))
    for (home, library), users in heavy_users.items():
        for name, line in sorted(users):
            if name.endswith('.h'):
                yield name, line, f'{library} is too heavy for a header'
        sources = sorted({name for name, _ in users if name.endswith('.cpp')})
        if len(sources) > 1:
            yield sources[-1], 1, f'{library} is included from {len(sources)} files of {home}: ' \
                f'keep it in one ({", ".join(sources)})'


def check_folder_cycles(root, names):
    """Folders, by what they really include: the table does not name those inside a module."""
    files = set(names)
    arrows = {}
    for name in filter(is_product, names):
        if PROGRAM.fullmatch(name):
            continue
        home = str(pathlib.PurePath(name).parent)
        for match in INCLUDE.finditer((root / name).read_text()):
            target = resolve_include(match.group(2), files) if match.group(1) == '"' else None
            if target:
                arrows.setdefault(home, set()).add(str(pathlib.PurePath(target).parent))
    cycle = find_cycle({home: others - {home} for home, others in arrows.items()})
    if cycle:
        yield cycle[0], 1, 'folders in a circle: ' + ' -> '.join(cycle)


def find_cycle(arrows):
    """A path of names that ends where it begins; None when there is none."""
    done = set()

    def visit(name, path):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return None
        for other in sorted(arrows.get(name, ())):
            cycle = visit(other, path + [name])
            if cycle:
                return cycle
        done.add(name)
        return None

    return next(filter(None, (visit(name, []) for name in sorted(arrows))), None)


def check_cycles(root, _names):
    modules = read_module_table((root / 'docs/architecture.md').read_text())
    cycle = find_cycle({module: allowed for module, (allowed, _) in modules.items()})
    if cycle:
        yield 'docs/architecture.md', 1, 'modules in a circle: ' + ' -> '.join(cycle)


def check_lengths(root, names):
    for name in names:
        bars = []
        if name.endswith(('.h', '.cpp', '.py')):
            bars.append((MAX_FILE_LINES, 'split it by a noun'))
        if name.startswith('docs/') and name.endswith('.md') and name != 'docs/configuration.md':
            bars.append((MAX_DOC_LINES, 'say less'))
        if re.fullmatch(r'(src|config|master|worker|tests|bench|packaging)(/.+)?/README\.md', name):
            bars.append((MAX_README_LINES, 'say less'))
        for bar, advice in bars:
            count = len((root / name).read_text().splitlines())
            if count > bar:
                yield name, bar, f'{count} lines, {bar} at most: {advice}'


def check_repeats(root, names):
    """Prose that stands twice, as a careless edit leaves it."""
    for name in names:
        if not name.endswith(('.md', '.h', '.cpp')):
            continue
        prose = '' if name.endswith('.md') else '//'
        lines = [line.strip() for line in (root / name).read_text().splitlines()]
        for number, (line, after) in enumerate(itertools.pairwise(lines), 2):
            if line == after and len(line) > 20 and line.startswith(prose):
                yield name, number, 'this line stands twice'


def check_first_line(root, names):
    for name in names:
        if name.endswith(('.h', '.cpp')):
            lines = (root / name).read_text().splitlines()
            if not lines or lines[0] != '// SPDX-License-Identifier: MIT':
                yield name, 1, 'the first line names the licence'
            elif name.endswith('.h') and '#pragma once' not in lines[:4]:
                yield name, 2, 'a header has #pragma once on top'
        elif name.endswith('.py') and (root / name).stat().st_size:
            head = (root / name).read_text().splitlines()[:2]
            if '# SPDX-License-Identifier: MIT' not in head:
                yield name, 1, 'the first line names the licence'


def check_banned(root, names):
    for name in names:
        if not (name.endswith(('.h', '.cpp')) and name.startswith(PRODUCT + ('tests/unit/',))):
            continue
        raw = (root / name).read_text()
        bare = without_comments_and_strings(raw)
        rules = BANNED + (BANNED_IN_HEADERS if name.endswith('.h') else ()) \
            + (BANNED_IN_PRODUCT if is_product(name) else ())
        for pattern, why in rules:
            # Notes stand in comments; the rest is looked for in code only.
            text = raw if 'TODO' in pattern else bare
            for match in re.finditer(pattern, text):
                yield name, line_of(text, match.start()), why


def check_python_formats(root, names):
    """Python's own formats: what Python 3.11 does not know there reaches the reader as it is."""
    for name in names:
        if not (name.endswith(('.h', '.cpp')) and is_product(name)):
            continue
        text = (root / name).read_text()
        for call in PYTHON_FORMAT_CALL.finditer(text):
            for literal in re.finditer(r'"((?:\\.|[^"\\])*)"', call.group()):
                if '%' in KNOWN_FORMATS.sub('', literal.group(1)):
                    yield name, line_of(text, call.start()), \
                        f'Python cannot format {literal.group()}'


def check_python_names(root, names):
    """geventd is built for CPython 3.9 too, for which not every commit is compiled."""
    newer = set(NEWER_THAN_3_9.read_text().split())
    for name in names:
        if not (name.endswith(('.h', '.cpp')) and is_product(name)):
            continue
        text = without_comments_and_strings((root / name).read_text())
        text = VERSION_BLOCK.sub(lambda block: '\n' * block.group().count('\n'), text)
        for match in PYTHON_NAME.finditer(text):
            if match.group() in newer:
                yield name, line_of(text, match.start()), f'CPython 3.9 has no {match.group()}'


CHECKS = (check_layers, check_cycles, check_folder_cycles, check_lengths, check_repeats,
          check_first_line, check_banned, check_python_formats, check_python_names)


def main():
    names = tracked_files(ROOT)
    faults = sorted({fault for check in CHECKS for fault in check(ROOT, names)})
    for path, line, text in faults:
        print(f'{path}:{line}: {text}')
    if not faults:
        print(f'{len(names)} files keep the rules')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
