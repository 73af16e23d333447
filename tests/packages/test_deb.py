# SPDX-License-Identifier: MIT
"""The Debian packages in a clean root: installed, served, upgraded under load, removed, purged."""
import os
import pathlib
import shutil
import subprocess

import pytest

from root import Root

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CONFIGURATION = '''
listen:
  - http://127.0.0.1:18072
  - {address: "uwsgi+unix:/run/geventd/hello/web.sock", mode: "0666"}
app: {module: "app:application", chdir: /usr/share/doc/geventd/examples/hello}
workers: {processes: 2}
'''
NGINX = '''
server { listen 127.0.0.1:18073; location / {
  include uwsgi_params; uwsgi_pass unix:/run/geventd/hello/web.sock; } }
'''
# One line for each request of the load until the file is gone: its status.
LOAD = '''
while [ -e /run/load ]; do
    for port in 18072 18073; do
        curl -sS -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:$port/ || echo failed
    done
done
'''
# What dpkg, apt and shadow keep about any package.
BOOKKEEPING = r'^/(var/(lib/(dpkg|apt|systemd|ucf)|cache|log)|etc/(passwd|group|shadow|gshadow)-$)'
LISTING = ('find / -xdev -not -type d -printf "%p %m %u %g %s\\n" -o -xdev -type d '
           f'-printf "%p %m %u %g\\n" | grep -vE "{BOOKKEEPING}" | sort')


def build(folder, version):
    """The packages of what is committed, under another number."""
    tree = folder / f'tree-{version}'
    subprocess.run(['git', 'clone', '-q', REPOSITORY, tree], check=True)
    text = (tree / 'meson.build').read_text()
    (tree / 'meson.build').write_text(text.replace("version: '0.1.0'", f"version: '{version}'"))
    subprocess.run(['git', '-c', 'user.name=t', '-c', 'user.email=t@t.invalid', 'commit', '-qam',
                    version, '--allow-empty'], cwd=tree, check=True)
    subprocess.run(['./dev', 'package', 'deb', folder / version], cwd=tree, check=True,
                   env={**os.environ, 'GEVENTD_BUILD': 'build', 'DEB_BUILD_OPTIONS': 'nocheck'})
    return folder / version


@pytest.fixture(scope='module')
def packages(tmp_path_factory):
    """Folders with two versions; $GEVENTD_PACKAGES_OLD and _NEW name ones that are built."""
    if 'GEVENTD_PACKAGES_OLD' in os.environ:
        return [pathlib.Path(os.environ[f'GEVENTD_PACKAGES_{age}']) for age in ('OLD', 'NEW')]
    folder = tmp_path_factory.mktemp('packages')
    return [build(folder, version) for version in ('0.1.0', '0.1.1')]


@pytest.fixture
def root(tmp_path):
    root = Root('bookworm', tmp_path / 'root')
    yield root
    root.close()


def install(root, folder):
    shutil.copytree(folder, root.path / 'srv' / folder.name)
    root.run(f'apt-get install -y -qq --no-install-recommends /srv/{folder.name}/*.deb'
             f' && rm -r /srv/{folder.name}')


def test_from_installing_to_purging(root, packages):
    old, new = packages
    root.run('apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light '
             'python3-gevent libyaml-cpp0.7 libspdlog1.10 libpython3.11 netbase')
    before = root.run(LISTING).splitlines()
    install(root, old)
    (root.path / 'etc/geventd/hello.yaml').write_text(CONFIGURATION)
    root.run('systemctl enable --now geventd@hello')
    site = root.path / 'etc/nginx/sites-enabled/hello'
    site.write_text(NGINX)
    root.run('systemctl restart nginx')
    for port in (18072, 18073):
        assert 'Hello from geventd' in root.run(f'curl -sS http://127.0.0.1:{port}/')
    root.run('systemctl reload geventd@hello')
    assert root.run('ps -o user= -C geventd-worker | sort -u').strip() == 'geventd'

    root.run('touch /run/load')
    load = root.popen(LOAD, stdout=subprocess.PIPE)
    pid = root.run('systemctl show -P MainPID geventd@hello').strip()
    install(root, new)
    root.run('rm /run/load')
    statuses = load.communicate()[0].split()
    assert len(statuses) > 20 and set(statuses) == {'200'}, statuses
    assert root.run('systemctl show -P MainPID geventd@hello').strip() != pid
    assert root.run('systemctl is-active geventd@hello').strip() == 'active'
    assert '0.1.1' in root.run('geventctl --socket /run/geventd/hello/geventd-hello.ctl status')
    assert root.run('systemctl show -P NRestarts geventd@hello').strip() == '0'

    root.run('apt-get remove -y -qq geventd geventd-python3.11')
    assert root.run('pgrep geventd || true').strip() == ''
    root.run('apt-get purge -y -qq geventd geventd-python3.11')
    site.unlink()
    after = root.run(LISTING).splitlines()
    different = set(before) ^ set(after)
    assert not {line for line in different if 'geventd' in line}, different
