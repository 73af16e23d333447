#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""clang-tidy over every source of the product, fast enough to be run always.

Most of clang-tidy's time goes into the system's headers, again for each source. So the sources of
a folder are first examined together, as one file with all their texts. (If that file included them,
the analyzer would treat them as headers, and to check these it would have to go through the
system's as well, which takes twice as long.) Only if this fails (because of a fault, or because two
sources use one name for different things) each source is examined by itself, and that result
counts. Unit tests are left to the compiler's warnings: GoogleTest's headers alone would take most
of the time.

What has passed is remembered, as ccache remembers objects, under a hash of everything that was
read: the tool's version, the rules, the compiler's arguments, the source and all its project
headers.
"""

import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') \
    / 'geventd-tidy'
REMEMBERED_FOR = 30 * 86400  # seconds
TOGETHER = 8
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)
# The analyzer's deep mode takes ten times as long and has found nothing more here.
ARGUMENTS = ['-Wno-unknown-warning-option', '-Xclang', '-analyzer-config', '-Xclang',
             'mode=shallow']


def included_files(path, roots, seen):
    """The file and all project files that it includes, directly or indirectly."""
    if path in seen:
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        for root in (path.parent, *roots):
            candidate = root / os.fsdecode(name)
            if candidate.is_file():
                included_files(candidate.resolve(), roots, seen)
                break


def rules_of(path):
    """Contents of each .clang-tidy that applies to the file."""
    return [(folder / '.clang-tidy').read_bytes()
            for folder in path.parents if (folder / '.clang-tidy').is_file()]


def arguments_of(entry):
    """The compiler's arguments without compiler, source and output, all paths absolute."""
    words = iter(shlex.split(entry['command']))
    kept = []
    for word in words:
        if word in ('-o', '-MF', '-MQ', '-MT'):
            next(words)
        elif word.startswith('-I'):
            kept.append('-I' + os.path.normpath(os.path.join(entry['directory'], word[2:])))
        elif word.startswith('-') and word not in ('-c', '-MD'):
            kept.append(word)
    return kept


def fingerprint(arguments, source, build, tool):
    files = set()
    included_files(source, (ROOT, ROOT / 'src', build, build / 'src'), files)
    digest = hashlib.sha256(tool)
    digest.update(' '.join(arguments + ARGUMENTS).replace(str(ROOT), '.').encode())
    for rules in rules_of(source):
        digest.update(rules)
    for path in sorted(files):
        digest.update(os.path.relpath(path, ROOT).encode() + b'\0' + path.read_bytes() + b'\0')
    return digest.hexdigest()


def run_tidy(source, arguments, *options):
    result = subprocess.run(
        ['clang-tidy', '--quiet', *options, str(source), '--', *arguments, *ARGUMENTS],
        capture_output=True, text=True, cwd=ROOT)
    return result.returncode, result.stdout + (result.stderr if result.returncode > 1 else '')


def examine(sources, arguments):
    """{source: complaints} for the sources that fail."""
    if len(sources) > 1:
        # In the same folder as the sources, so that the same .clang-tidy applies.
        with tempfile.NamedTemporaryFile(
                'w', suffix='.cpp', prefix='.tidy-', dir=sources[0].parent) as together:
            together.writelines(f'#line 1 "{source}"\n{source.read_text()}' for source in sources)
            together.flush()
            code, _ = run_tidy(together.name, arguments, '--checks=-readability-duplicate-include')
        if code == 0:
            return {}
    complaints = {}
    for source in sources:
        code, output = run_tidy(source, arguments)
        if code != 0:
            complaints[source] = output
    return complaints


def batches(pending):
    """Groups sources of one folder with the same arguments, a few at a time."""
    groups = collections.defaultdict(list)
    for source, (_, arguments) in sorted(pending.items()):
        groups[source.parent, tuple(arguments)].append(source)
    for (_, arguments), sources in groups.items():
        for start in range(0, len(sources), TOGETHER):
            yield sources[start:start + TOGETHER], list(arguments)


def find_pending(build):
    """{source: (mark, arguments)} of sources that have not passed in this state, and the total."""
    tool = subprocess.run(['clang-tidy', '--version'], capture_output=True, check=True).stdout
    pending, count = {}, 0
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        source = (pathlib.Path(entry['directory']) / entry['file']).resolve()
        if source.suffix != '.cpp' or ROOT not in source.parents or build in source.parents \
                or ROOT / 'tests' in source.parents:
            continue
        count += 1
        arguments = arguments_of(entry)
        mark = CACHE / fingerprint(arguments, source, build, tool)
        if mark.exists():
            mark.touch()
        else:
            pending[source] = (mark, arguments)
    return pending, count


def forget_old_marks():
    for mark in CACHE.iterdir():
        if mark.stat().st_mtime < time.time() - REMEMBERED_FOR:
            mark.unlink(missing_ok=True)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    CACHE.mkdir(parents=True, exist_ok=True)
    pending, count = find_pending(build)
    started = time.monotonic()
    faults = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = list(batches(pending))
        for (sources, _), complaints in zip(work, pool.map(lambda b: examine(*b), work)):
            faults.update(complaints)
            for source in sources:
                if source not in complaints:
                    pending[source][0].touch()
    for output in faults.values():
        print(output.replace(f'{ROOT}/', ''))
    forget_old_marks()
    print(f'clang-tidy: {count} sources, {len(pending)} examined in '
          f'{time.monotonic() - started:.0f} s, {len(faults)} with faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
