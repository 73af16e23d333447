# SPDX-License-Identifier: MIT
"""The Debian packages: reproducible builds, lintian, autopkgtests, and their life in a root."""
import re
import shutil
import subprocess

import builds
import life


def names(folder):
    return sorted(path.name for path in folder.glob('*.deb'))


def test_another_folder_makes_the_same_bytes(debs):
    assert len(names(debs.old)) == 4
    for name in names(debs.old):
        assert (debs.old / name).read_bytes() == (debs.again / name).read_bytes(), name


def test_lintian_has_nothing_to_say(debs):
    changes = next(debs.old.glob('*.changes'))
    said = subprocess.run(['lintian', '--allow-root', '--display-info', '--pedantic', changes],
                          capture_output=True, text=True)
    assert (said.stdout, said.returncode) == ('', 0), said.stdout


class Debian:
    """Debian's commands for what `life` needs."""

    def __init__(self, root, debs, suite):
        self.root = root
        self.old = debs.old
        self.new = debs.new
        self.worker = f'geventd-python{builds.PYTHONS[suite]}'

    def install(self, folder):
        life.copy(self.root, folder, '*.deb')
        self.root.run('rm -f /srv/packages/*dbgsym* && apt-get install -y -qq '
                      '--no-install-recommends /srv/packages/*.deb && rm -r /srv/packages')

    def prepare(self):
        """Installs all dependencies first, so that the comparison shows what the packages bring."""
        life.copy(self.root, self.old, '*.deb')
        self.root.run('dpkg-deb -f /srv/packages/geventd_*.deb Depends > /srv/depends; '
                      f'dpkg-deb -f /srv/packages/{self.worker}_*.deb Depends >> /srv/depends; '
                      'rm -r /srv/packages')
        depends = (self.root.path / 'srv/depends').read_text().replace('\n', ',')
        packages = {item.split('|')[0].split('(')[0].strip() for item in depends.split(',')}
        packages = sorted(name for name in packages if name and not name.startswith('geventd'))
        self.root.run(f'rm /srv/depends; apt-get install -y -qq --no-install-recommends '
                      f'nginx-light netbase logrotate {" ".join(packages)}')

    def remove(self):
        self.root.run(f'apt-get remove -y -qq geventd {self.worker}')

    def purge(self):
        self.root.run(f'apt-get purge -y -qq geventd {self.worker}')


def test_its_own_tests_pass(root, debs):
    root.install('autopkgtest')
    life.copy(root, debs.old, '*.deb')
    for file in debs.sources.iterdir():
        shutil.copy(file, root.path / 'srv/packages')
    said = root.run('cd /srv/packages && rm *dbgsym* && '
                    'autopkgtest --no-built-binaries *.dsc *.deb -- null 2>&1')
    assert re.search('^seed +PASS', said, re.M), said


def test_life(root, debs, suite):
    packages = Debian(root, debs, suite)
    root.run('apt-get update -qq')
    packages.prepare()
    before = life.listing(root)
    packages.install(packages.old)
    life.in_service(root, lambda: packages.install(packages.new))
    packages.remove()
    life.nothing_runs(root)
    assert (root.path / 'etc/geventd/hello.yaml').exists()
    packages.purge()
    life.nothing_is_left(root, before)
