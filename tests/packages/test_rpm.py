# SPDX-License-Identifier: MIT
"""The rpms: rpmlint, Fedora's macros, reproducible builds, and their life in a root. The root is
Debian's, so no dependency is resolved against Fedora itself."""
import pathlib
import re
import subprocess

import pytest

import builds
import life
from root import Root

HERE = pathlib.Path(__file__).resolve().parent
PACKAGING = builds.REPOSITORY / 'packaging/rpm'


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def files(folder):
    return {path.name: path for path in folder.glob('*.rpm')}


def test_another_folder_makes_the_same_bytes(rpms):
    again = files(rpms.again)
    assert len(again) == 3
    for name, path in files(rpms.old).items():
        if '.src.' in name:  # its header contains the spec with the folder's name
            assert payload(path) == payload(again[name])
        else:
            assert path.read_bytes() == again[name].read_bytes(), name


def payload(path):
    return subprocess.run(['rpm2cpio', path], check=True, capture_output=True).stdout


def test_rpmlint_has_nothing_to_say(rpms):
    said = subprocess.run(
        ['rpmlint', '-c', PACKAGING / 'rpmlint.toml', *files(rpms.old).values(),
         rpms.old / 'geventd.spec'], capture_output=True, text=True)
    assert said.returncode == 0 and ' 0 errors, 0 warnings' in said.stdout, said.stdout


def test_the_spec_is_understood_with_the_macros_of_fedora(rpms):
    spec = ('rpmspec', '--load', HERE / 'fedora.macros', rpms.old / 'geventd.spec')
    text = output(*spec, '-P').partition('%changelog')[0]
    assert not re.findall(r'%\{.*?\}', text)
    assert '/usr/libexec/geventd/geventd-worker-3.13' in text
    names = output(*spec, '-q', '--queryformat', '%{name} %{release}\n').split('\n')
    assert names[:2] == ['geventd 1.fc42', 'geventd-python3 1.fc42']
    needed = output(*spec, '-q', '--buildrequires').split('\n')
    assert {'libev-source', 'python3-devel'} <= set(needed)
    assert not any('llhttp' in text for text in needed)  # only the tests use it


def test_libev_is_hidden(rpms, tmp_path):
    requires = [output('rpm', '-qp', '--requires', path) for path in files(rpms.old).values()
                if '.src.' not in path.name]
    assert not any('libev' in text or 'llhttp' in text for text in requires)
    for name, path in files(rpms.old).items():
        if '-python3-' in name:
            subprocess.run(f'rpm2cpio {path} | cpio -idm --quiet', shell=True, check=True,
                           cwd=tmp_path)
    worker = next(tmp_path.glob('usr/libexec/geventd/geventd-worker-*'))
    assert ' ev_' not in output('nm', '--dynamic', worker)


class Fedora:
    """Rpm's commands for what `life` needs."""

    def __init__(self, root):
        self.root = root

    def install(self, folder):
        life.copy(self.root, folder, '*.x86_64.rpm')
        self.root.run('rpm --upgrade --nodeps /srv/packages/*.rpm && rm -r /srv/packages')

    def prepare(self):
        self.root.install('rpm nginx-light netbase logrotate python3-gevent libfmt9 libyaml-cpp0.7 '
                          'libspdlog1.10-fmt9 libpython3.11 libncursesw6 '
                          'libwslay1 zlib1g')
        self.root.run('mkdir -p /usr/share/licenses /usr/share/zsh/site-functions '
                      '/usr/share/bash-completion/completions && rpm --initdb')

    def erase(self):
        self.root.run('rpm --erase --nodeps geventd geventd-python3')


@pytest.fixture
def bookworm(tmp_path):
    root = Root('bookworm', tmp_path / 'root')
    yield root
    root.close()


def test_life(bookworm, rpms):
    packages = Fedora(bookworm)
    packages.prepare()
    before = life.listing(bookworm)
    packages.install(rpms.old)
    life.in_service(bookworm, lambda: packages.install(rpms.new))
    packages.erase()
    life.nothing_runs(bookworm)
    assert (bookworm.path / 'etc/geventd/hello.yaml').exists()
    # As usual in Fedora, the administrator's files and the user stay.
    bookworm.run('systemctl disable -q geventd@hello geventd@second geventd@second.socket || true; '
                 'rm -r /etc/geventd /var/*/geventd; userdel geventd')
    life.nothing_is_left(bookworm, before)
