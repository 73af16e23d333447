# SPDX-License-Identifier: MIT
"""Mercurial's own web application: clone and push with its own client."""
import os
import pathlib
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

FOLDER = pathlib.Path(__file__).parent / 'hgweb'
MIB = 1 << 20
CLONES = 6
SETTINGS = '[web]\npush_ssl = no\nallow_push = *\nname = test\n'


def hg(*arguments, cwd):
    result = subprocess.run(
        ['/usr/bin/hg', *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
        env={**os.environ, 'HGRCPATH': '', 'HGUSER': 'tester', 'HGPLAIN': '1'})
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def running(make_server):
    """Serves a repository with two changesets, one of them large."""
    made = make_server()
    for path in FOLDER.glob('*.py'):
        made.write_app(path.read_text(), path.name)
    repository = made.folder / 'repository'
    repository.mkdir()
    hg('init', cwd=repository)
    (repository / '.hg' / 'hgrc').write_text(SETTINGS)
    (repository / 'large').write_bytes(random.Random(1).randbytes(8 * MIB))
    hg('commit', '--addremove', '-m', 'a large file', cwd=repository)
    (repository / 'small').write_text('small\n')
    hg('commit', '--addremove', '-m', 'a small file', cwd=repository)
    made.write_config({'workers': {'processes': 2, 'cores': 20}})
    return made.start()


def log(repository):
    return hg('log', '--template', '{node} {desc}\n', cwd=repository).splitlines()


def test_clones_are_whole(running):
    origin = running.folder / 'repository'

    def clone(number):
        hg('clone', running.url(), f'clone{number}', cwd=running.folder)
        copy = running.folder / f'clone{number}'
        hg('verify', cwd=copy)
        assert log(copy) == log(origin)
        assert (copy / 'large').read_bytes() == (origin / 'large').read_bytes()

    with ThreadPoolExecutor(CLONES) as pool:
        list(pool.map(clone, range(CLONES)))


def test_a_push_arrives_and_is_pulled_by_others(running):
    one, two = running.folder / 'one', running.folder / 'two'
    for copy in (one, two):
        hg('clone', running.url(), copy.name, cwd=running.folder)
    for number, size in enumerate((1, 100_000, 12 * MIB)):
        (one / f'pushed{number}').write_bytes(random.Random(number).randbytes(size))
        hg('commit', '--addremove', '-m', f'pushed {number}', cwd=one)
        hg('push', cwd=one)
    hg('verify', cwd=running.folder / 'repository')
    assert log(running.folder / 'repository') == log(one)
    hg('pull', '--update', cwd=two)
    for number in range(3):
        assert (two / f'pushed{number}').read_bytes() == (one / f'pushed{number}').read_bytes()


def test_pages(running):
    assert 'a large file' in running.get('/log').text
    assert running.get('/raw-file/tip/small').body == b'small\n'
    assert running.get('/file/tip/nothing').status == 404
