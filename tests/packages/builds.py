# SPDX-License-Identifier: MIT
"""Packages of the committed sources. Debian's are built in a clean root by a user who has only the
build dependencies: once as distributions do, with the unit tests; again in another folder, for the
same bytes; and with a higher version."""
import os
import pathlib
import re
import shutil
import subprocess

from root import CACHE, Root

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# Of /usr/bin/python3 there.
PYTHONS = {'bullseye': '3.9', 'bookworm': '3.11', 'trixie': '3.13', 'forky': '3.14'}
VERSION = re.search(r"version: '(.*)'", (REPOSITORY / 'meson.build').read_text())[1]
NEWER = f'{VERSION}.1'
BUILD = '''
install -d -o builder $0 && cd $0
runuser -u builder -- dpkg-source -x /srv/$1/*.dsc package >/dev/null && cd package
runuser -u builder -- env HOME=/nonexistent PATH=/usr/lib/ccache:$PATH CCACHE_DIR=/srv/ccache \
    DEB_BUILD_OPTIONS=$2 dpkg-buildpackage -us -uc -b >../log 2>&1 || { tail -n 60 ../log; exit 1; }
'''


def tree(folder, version):
    """A clone with this version number."""
    clone = folder / f'tree-{version}'
    shutil.rmtree(clone, ignore_errors=True)
    subprocess.run(['git', 'clone', '-q', REPOSITORY, clone], check=True)
    if version != VERSION:
        text = (clone / 'meson.build').read_text()
        (clone / 'meson.build').write_text(text.replace(f"'{VERSION}'", f"'{version}'", 1))
        subprocess.run(['git', '-c', 'user.name=t', '-c', 'user.email=t@t.invalid', 'commit',
                        '-qam', version], cwd=clone, check=True)
    return clone


def package(folder, kind, version, **environment):
    """Runs `./dev package KIND` in a clone with this version; returns the folder of its results."""
    subprocess.run(['./dev', 'package', kind, folder / version], check=True,
                   cwd=tree(folder, version), stdout=subprocess.DEVNULL,
                   env={**os.environ, 'GEVENTD_BUILD': 'build', **environment})
    return folder / version


class Builds:
    """Folders of packages: `old`, `again` of the same version, `new`; `sources` for Debian's."""

    def __init__(self, folder):
        self.old = folder / VERSION
        self.again = folder / 'again'
        self.new = folder / NEWER
        self.sources = folder / 'sources' / VERSION


def debs(folder, suite):
    builds = Builds(folder)
    if builds.new.exists():
        return builds
    root = Root(suite, folder / 'root')
    try:
        for version in (VERSION, NEWER):
            sources = package(folder / 'sources', 'dsc', version, PYVER=PYTHONS[suite])
            shutil.copytree(sources, root.path / f'srv/{version}')
        root.install('dpkg-dev')
        root.run(f'apt-get build-dep -y -qq --no-install-recommends /srv/{VERSION}/*.dsc '
                 '&& useradd builder')
        build(root, '/srv/once', VERSION, '', builds.old)
        root.install('ccache')  # for the third build
        root.run('install -d -o builder /srv/ccache')
        build(root, '/srv/again/elsewhere', VERSION, 'nocheck', builds.again)
        root.run('rm -r /srv/again')
        build(root, '/srv/again/elsewhere', NEWER, 'nocheck', builds.new)
    finally:
        root.close()
    return builds


def wheels(folder, pythons, **environment):
    """For these interpreters. $GEVENTD_WHEELS is a folder that has them already."""
    if 'GEVENTD_WHEELS' in os.environ:
        return pathlib.Path(os.environ['GEVENTD_WHEELS'])
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / VERSION).exists():
        package(folder, 'wheel', VERSION, GEVENTD_PYTHONS=' '.join(map(str, pythons)),
                **environment)
    return folder / VERSION


def debian_python(suite):
    """The interpreter of another suite, made to run here; kept beside the roots."""
    return subprocess.run(
        [REPOSITORY / 'packaging/wheel/debian_python.sh', suite, CACHE / f'{suite}-python'],
        check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


# What Fedora has instead of Debian's libev.a: libev's source.
FEDORA = r'''
cd /srv
sed -i 's/^Types: deb$/Types: deb deb-src/' /etc/apt/sources.list.d/*.sources || true
sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list || true
apt-get update -qq && apt-get source -qq libev >/dev/null 2>&1
install -D -t /usr/share/libev-source libev-*/*.[ch]
apt-get remove -y -qq libev-dev node-llhttp
'''
RPMBUILD = '''
cd /srv/tree-$0 && git config --global --add safe.directory '*'
export PATH=/usr/lib/ccache:$PATH TMPDIR=$1
export CCACHE_DIR=/srv/ccache CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=/
mkdir -p $1
{
    [ -d build ] || meson setup build -Dtests=disabled
    packaging/build.sh rpm build $2
} >/srv/log 2>&1 || { tail -n 60 /srv/log; exit 1; }
'''


def rpms(folder):
    """Built on Debian, with Fedora's package libev-source imitated."""
    builds = Builds(folder)
    if builds.new.exists():
        return builds
    root = Root('bookworm', folder / 'root')
    try:
        sources = package(folder / 'sources', 'dsc', VERSION)
        shutil.copytree(sources, root.path / 'srv/sources')
        root.install('dpkg-dev rpm git ccache file xz-utils')
        root.run('apt-get build-dep -y -qq --no-install-recommends /srv/sources/*.dsc')
        root.run(FEDORA)
        for version in (VERSION, NEWER):
            shutil.copytree(tree(folder, version), root.path / f'srv/tree-{version}')
        for results in (builds.old, builds.again, builds.new):
            version = NEWER if results == builds.new else VERSION
            root.run(f'bash -ec {quoted(RPMBUILD)} {version} /srv/{results.name} /srv/out')
            shutil.copytree(root.path / 'srv/out', results)
            root.run('rm -r /srv/out')
            if results == builds.old:
                root.run('rm -r /srv/ccache')  # compile again, for the comparison
    finally:
        root.close()
    return builds


def build(root, where, version, options, results):
    root.run(f'bash -ec {quoted(BUILD)} {where} {version} {quoted(options)}')
    fresh = results.with_suffix('.part')
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for built in (root.path / where.lstrip('/')).iterdir():
        if built.is_file():
            shutil.copy(built, fresh)
    fresh.rename(results)


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"
