# SPDX-License-Identifier: MIT
"""The life of an installed geventd in a root, for all kinds of packages."""
import pathlib
import re
import shutil
import subprocess

import builds

INSTALLING = pathlib.Path(__file__).resolve().parents[2] / 'docs/installing.md'
HELLO = '''
listen:
  - http://127.0.0.1:18072
  - {address: "uwsgi+unix:/run/geventd/hello/web.sock", mode: "0666"}
app: {module: "app:application", chdir: EXAMPLES/hello}
workers: {processes: 2}
'''
# A second instance, whose socket systemd opens.
SECOND = '''
listen:
  - {address: "http+unix:/run/geventd/second.sock", systemd: web}
app: {module: "app:application", chdir: EXAMPLES/hello}
log: {file: /var/log/geventd/second/geventd.log}
'''
NGINX = '''
server { listen 127.0.0.1:18073; location / {
  include uwsgi_params; uwsgi_pass unix:/run/geventd/hello/web.sock; } }
'''
# Writes the status of each request of the load on a line, until the file is gone.
LOAD = '''
while [ -e /run/load ]; do
    for port in 18072 18073; do
        curl -sS -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:$port/ || echo failed
    done
    curl -sS -o /dev/null -w '%{http_code}\\n' --unix-socket /run/geventd/second.sock http://s/ ||
        echo failed
done
'''
# Files that package managers, systemd and shadow keep for any package, and traces of nginx.
BOOKKEEPING = (r'^/(var/(lib/(dpkg|apt|rpm|systemd|ucf|nginx|logrotate)|cache|log/(?!geventd))'
               r'|etc/(passwd|group|shadow|gshadow|subuid|subgid)-? |etc/ld.so.cache|srv|root'
               r'|etc/nginx|etc/\.pwd\.lock)')
LISTING = ('find / -xdev -type d -printf "%p %m %u %g\\n" -o -xdev -printf "%p %m %u %g %s %l\\n" '
           f"| grep -vP '{BOOKKEEPING}' | sort")


def copy(root, folder, pattern):
    target = root.path / 'srv/packages'
    target.mkdir()
    for file in folder.glob(pattern):
        shutil.copy(file, target)


def listing(root):
    """Every file with its mode, owner and size, and every user."""
    return root.run(LISTING + '; getent passwd; getent group').splitlines()


def serve(root, examples='/usr/share/doc/geventd/examples'):
    """Two instances side by side: hello by HTTP and by nginx, second by a socket of systemd's."""
    etc = root.path / 'etc/geventd'
    (etc / 'hello.yaml').write_text(HELLO.replace('EXAMPLES', examples))
    (etc / 'second.yaml').write_text(SECOND.replace('EXAMPLES', examples))
    (root.path / 'etc/nginx/sites-enabled/hello').write_text(NGINX)
    root.run('systemctl enable --now -q geventd@hello geventd@second.socket geventd@second '
             '&& systemctl restart nginx')
    for url in ('http://127.0.0.1:18072/', 'http://127.0.0.1:18073/',
                '--unix-socket /run/geventd/second.sock http://s/'):
        assert 'Hello from geventd' in root.run(f'curl -sS {url}')
    root.run('systemctl reload geventd@hello')
    assert root.run('ps -o user= -C geventd-worker | sort -u').strip() == 'geventd'
    root.run('test -s /var/log/geventd/second/geventd.log')
    # As root, whose Python writes bytecode beside it.
    root.run(f'cd {examples}/hello && python3 -c "import app"')
    root.run(f'test -d {examples}/hello/__pycache__')


def the_manual_is_right(root):
    """The commands and the configuration of docs/installing.md, on a running instance."""
    example = re.search('```yaml\n(.*?)```', INSTALLING.read_text(), re.S)[1]
    (root.path / 'etc/geventd/manual.yaml').write_text(example)
    root.run('runuser -u geventd -- geventd -c /etc/geventd/manual.yaml --check && '
             'rm /etc/geventd/manual.yaml')
    assert ' ready: 2 workers' in root.run('journalctl --no-pager -u geventd@hello')
    listed = root.run('/usr/libexec/geventd/instances list').split()
    units = ('geventd@hello', 'geventd@second')
    assert sorted(listed) == sorted(main_pid(root, unit) for unit in units)


def units_are_sound(root):
    said = root.run('systemd-analyze verify --man=no geventd@hello.service geventd@second.socket')
    assert said.strip() == '', said
    root.run('systemd-analyze security --offline=true --threshold=30 --no-pager '
             '$(systemctl show -P FragmentPath geventd@hello)')


def upgrade_under_load(root, upgrade, version):
    units = ('geventd@hello', 'geventd@second')
    masters = [main_pid(root, unit) for unit in units]
    root.run('touch /run/load')
    load = root.popen(LOAD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        upgrade()
    finally:
        root.run('rm /run/load')
        answers = load.communicate()[0].split()
    assert len(answers) > 30 and set(answers) == {'200'}, answers
    for unit, old in zip(units, masters):
        assert main_pid(root, unit) != old
        assert root.run(f'systemctl is-active {unit}').strip() == 'active'
        assert root.run(f'systemctl show -P NRestarts {unit}').strip() == '0'
    for name in ('hello', 'second'):
        status = root.run(f'geventctl --socket /run/geventd/{name} status')
        assert f'geventd {version} ' in status, status


def main_pid(root, unit):
    return root.run(f'systemctl show -P MainPID {unit}').strip()


def stop_and_leave_the_rest(root):
    """Rotates logs; stops one instance by hand, and leaves the other to the package."""
    root.run('logrotate --force /etc/logrotate.d/geventd && test -e /var/log/geventd/second/*.1')
    root.run('systemctl stop geventd@hello')
    assert 'Hello' in root.run('curl -sS --unix-socket /run/geventd/second.sock http://s/')


def nothing_runs(root):
    assert root.run('pgrep -l geventd || true').strip() == ''
    assert root.run('systemctl list-units --no-legend --state=active "geventd*"').strip() == ''


def nothing_is_left(root, before):
    """Cleans up, except the folder that enabling a socket created, which belongs to systemd."""
    root.run('rm -f /etc/nginx/sites-enabled/hello; cd /etc/systemd/system; '
             '[ ! -d sockets.target.wants ] || rmdir --ignore-fail-on-non-empty *.wants')
    different = sorted(set(listing(root)) ^ set(before))
    assert not different, '\n'.join(different)


def in_service(root, upgrade):
    """Runs an installed package until its removal; `upgrade` installs the newer one."""
    serve(root)
    units_are_sound(root)
    the_manual_is_right(root)
    upgrade_under_load(root, upgrade, builds.NEWER)
    stop_and_leave_the_rest(root)
