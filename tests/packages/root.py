# SPDX-License-Identifier: MIT
"""A clean Debian, made by debootstrap, with systemd as process 1 in namespaces of its own."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

CACHE = pathlib.Path(os.environ.get('GEVENTD_ROOTS', '/var/cache/geventd-roots'))
MIRROR = 'http://deb.debian.org/debian'
SCRIPTS = pathlib.Path('/usr/share/debootstrap/scripts')
CGROUPS = pathlib.Path('/sys/fs/cgroup')
ENVIRONMENT = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': '/root', 'TERM': 'dumb',
               'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive'}
BOOT = r'''
mount --make-rprivate / && mount --bind "$0" "$0" && cd "$0"
mount -t proc proc proc && mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for d in null zero full random urandom tty; do touch dev/$d && mount --bind /dev/$d dev/$d; done
mkdir dev/pts dev/shm && mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx && mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run && mount -t tmpfs tmpfs tmp
mkdir .old && pivot_root . .old && umount -l /.old && rmdir /.old
exec env -i container=geventd-test PATH="$PATH" /lib/systemd/systemd --log-target=null </dev/null
'''


def base(suite):
    """The cached debootstrap of a suite with systemd; created at the first use."""
    folder = CACHE / suite
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = CACHE / f'{suite}.new'
        shutil.rmtree(fresh, ignore_errors=True)
        known = (SCRIPTS / suite).exists()  # this debootstrap may be older than the suite
        subprocess.run(['debootstrap', '--variant=minbase',
                        '--include=ca-certificates,systemd,dbus,procps,curl', suite, fresh,
                        *([] if known else [MIRROR, SCRIPTS / 'sid'])],
                       check=True, stdout=subprocess.DEVNULL)
        (fresh / 'etc/hosts').write_text('127.0.0.1 localhost\n::1 localhost\n')
        shutil.copy('/etc/resolv.conf', fresh / 'etc/resolv.conf')
        for dates in pathlib.Path('/etc/apt/apt.conf.d').glob('99*'):
            shutil.copy(dates, fresh / 'etc/apt/apt.conf.d')
        fresh.rename(folder)
    return folder


class Root:
    """A booted copy of the base, which `close` removes."""

    def __init__(self, suite, folder):
        self.path = pathlib.Path(folder)
        subprocess.run(['cp', '-a', base(suite), self.path], check=True)
        hierarchy = CGROUPS / 'unified' if (CGROUPS / 'unified').is_dir() else CGROUPS
        self._cgroup = hierarchy / f'geventd-packages-{os.getpid()}'
        self._cgroup.mkdir()
        self._boot = subprocess.Popen(
            ['bash', '-c', f'echo $$ > {self._cgroup}/cgroup.procs && exec unshare --mount --pid '
             '--fork --ipc --uts --cgroup --kill-child bash -ec "$1" "$0"', self.path, BOOT],
            env=ENVIRONMENT)
        self._init = self._find_init()
        self.inside = pathlib.Path(f'/proc/{self._init}/root')  # with what is mounted there
        self._wait_for_systemd()

    def _find_init(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = subprocess.run(['pgrep', '--parent', str(self._boot.pid)],
                                   capture_output=True, text=True).stdout.split()
            if found:
                return int(found[0])
            assert self._boot.poll() is None, 'unshare ended'
            time.sleep(0.05)
        raise TimeoutError('no process 1')

    def _wait_for_systemd(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            state = self.run('systemctl is-system-running', check=False).strip()
            if state in ('running', 'degraded'):
                return
            time.sleep(0.1)
        raise TimeoutError('systemd did not start')

    def popen(self, script, **options):
        return subprocess.Popen(
            ['nsenter', '-t', str(self._init), '-m', '-p', '-u', '-i', '-C', '-r', '-w',
             'bash', '-ec', script], env=ENVIRONMENT, text=True, **options)

    def run(self, script, check=True):
        """The output of a script."""
        process = self.popen(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = process.communicate()
        assert not check or process.returncode == 0, f'{script}: {process.returncode}\n{output}'
        return output

    def install(self, packages):
        self.run(f'apt-get update -qq && apt-get install -y -qq --no-install-recommends {packages}')

    def trust_the_hosts_certificates(self):
        """As the host's package registry may be a mirror."""
        shutil.copy('/etc/ssl/certs/ca-certificates.crt', self.path / 'etc/ssl/certs')
        (self.path / 'etc/pip.conf').write_text(
            '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n')

    def close(self):
        os.kill(self._init, signal.SIGKILL)
        self._boot.wait()
        subprocess.run(['rm', '-rf', '--one-file-system', self.path], check=True)
        end = time.monotonic() + 10
        while self._cgroup.exists() and time.monotonic() < end:
            for folder, _, _ in os.walk(self._cgroup, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    time.sleep(0.05)  # a process is still ending
