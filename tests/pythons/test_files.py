# SPDX-License-Identifier: MIT
"""What a wheel consists of, without running it."""
import re
import subprocess
import zipfile

import pytest

from conftest import REPOSITORY, WHEELS, interpreters

SYSTEM = {'libc.so.6', 'libm.so.6', 'libgcc_s.so.1',
          'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'}
LIBRARIES = ('libev', 'libwslay', 'fmt', 'spdlog', 'libyaml-cpp-dev', 'libncurses-dev',
             'zlib1g-dev', 'libssl-dev', 'libboost-dev', 'libstdc++')


@pytest.fixture(params=sorted(WHEELS.glob('*.whl')), ids=lambda path: path.name)
def content(request, tmp_path):
    """{name: path} of the unpacked wheel, by the names behind the last folder."""
    with zipfile.ZipFile(request.param) as wheel:
        wheel.extractall(tmp_path)
    return {path.name: path for path in tmp_path.rglob('*') if path.is_file()}


def test_the_pattern_of_the_manual_names_one_file_for_each_interpreter():
    installing = (REPOSITORY / 'docs/installing.md').read_text()
    assert 'pip install dist/geventd-*-cp311-*.whl\n' in installing
    for name in interpreters().keys() - {'debian', 'oldest'}:
        assert len(list(WHEELS.glob(f'geventd-*-cp{name.replace(".", "")}-*.whl'))) == 1, name


def binaries(content):
    found = [path for path in content.values() if path.read_bytes()[:4] == b'\x7fELF']
    assert len(found) == 3  # geventd, geventctl and the module
    return found


def read(option, path):
    return subprocess.run(['readelf', '--wide', option, path], check=True, capture_output=True,
                          text=True).stdout


def test_only_the_systems_libraries_are_needed(content):
    for path in binaries(content):
        needed = {line.split('[')[1].rstrip(']') for line in read('--dynamic', path).splitlines()
                  if '(NEEDED)' in line}
        assert needed <= SYSTEM, path.name


def test_the_c_library_may_be_as_old_as_the_name_tells(request, content):
    promised = re.search(r'-manylinux_(\d+)_(\d+)_', request.node.callspec.id).groups()
    for path in binaries(content):
        needed = re.findall(r'\bName: GLIBC_(\d+)\.(\d+)', read('--version-info', path))
        assert needed
        newest = max(tuple(map(int, version)) for version in needed)
        assert newest <= tuple(map(int, promised)), path.name


def test_no_symbol_is_seen_outside(content):
    """gevent has a libev of its own, and other modules have C++ runtimes."""
    for path in binaries(content):
        defined = {fields[7] for fields in map(str.split, read('--dyn-syms', path).splitlines()[4:])
                   if len(fields) > 7 and fields[6] != 'UND'}
        expected = {'PyInit__worker'} if path.suffix == '.so' else set()
        leaked = {name for name in defined - expected if '@' not in name}
        assert not leaked, (path.name, sorted(leaked)[:9])


def test_nothing_tells_where_it_was_built(content):
    for path in content.values():
        for folder in (b'/wheel/geventd-', b'/.pyenv/', b'/site-packages/greenlet/'):
            assert folder not in path.read_bytes(), (path.name, folder)


def test_the_licences_of_what_it_holds(content):
    text = content['LICENSE.bundled'].read_text()
    assert content['LICENSE'].read_text().strip()
    for library in LIBRARIES:
        assert f'\n==== {library}' in text
