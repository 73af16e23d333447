# SPDX-License-Identifier: MIT
"""Other servers in front of or behind geventd, each in a folder of its own."""
import contextlib
import csv
import os
import shutil
import signal
import socket
import subprocess
import time

from .limits import DEADLINE
from .network import free_port


def accepts(address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.connect(address)
            return True
        except OSError:
            return False


@contextlib.contextmanager
def running(arguments, address, folder, user=None, stop=signal.SIGTERM, environment=None):
    """Runs a server until the end of the block, which begins when it accepts at `address`."""
    log = folder / f'{os.path.basename(arguments[0])}.log'
    with open(log, 'ab') as output:
        process = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, user=user, env=environment,
                                   extra_groups=[] if user else None)
    try:
        end = time.monotonic() + DEADLINE
        while not accepts(address):
            assert process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.02)  # polls: no event tells that another server listens
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def wait_text(path, text):
    end = time.monotonic() + DEADLINE
    while text not in path.read_text():
        assert time.monotonic() < end, path.read_text()
        time.sleep(0.02)  # polls: there is no event for a file that grows


def find(name):
    """The path of a program, even if only root has it in the PATH; None if it is missing."""
    return shutil.which(name) or shutil.which(name, path='/usr/sbin:/sbin:/usr/local/sbin')


NGINX = '''
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 0;
    large_client_header_buffers 4 64k;
    {paths}
    {upstream}
    server {{
        listen 127.0.0.1:{port};
{locations}
    }}
}}
'''


@contextlib.contextmanager
def nginx(folder, locations, upstream='', user=None):
    """nginx with the given locations, by default as the present user; its ('host', port)."""
    home = folder / 'nginx'
    home.mkdir()
    port = free_port()
    paths = ' '.join(f'{kind}_temp_path {home}/{kind};'
                     for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    (home / 'nginx.conf').write_text(NGINX.format(
        folder=home, port=port, locations=locations, paths=paths, upstream=upstream,
        user=f'user {user or "root"};' if os.geteuid() == 0 else ''))
    arguments = [find('nginx'), '-p', str(home), '-c', str(home / 'nginx.conf')]
    with running(arguments, ('127.0.0.1', port), home, stop=signal.SIGQUIT):
        yield '127.0.0.1', port


APACHE = '''
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog /dev/stderr
Mutex file:{folder}
DefaultRuntimeDir {folder}
{modules}
{user}
StartServers 1
{directives}
'''


@contextlib.contextmanager
def apache(folder, modules, directives):
    """Apache with these modules besides the necessary ones; its ('host', port)."""
    home = folder / 'apache'
    home.mkdir()
    port = free_port()
    loaded = [f'LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so'
              for name in ('mpm_event', 'authz_core', *modules)]
    (home / 'apache.conf').write_text(APACHE.format(
        folder=home, port=port, modules='\n'.join(loaded), directives=directives,
        user='User www-data\nGroup www-data' if os.geteuid() == 0 else ''))
    home.chmod(0o755)
    arguments = [find('apache2'), '-DFOREGROUND', '-f', str(home / 'apache.conf')]
    with running(arguments, ('127.0.0.1', port), home):
        yield '127.0.0.1', port


class HAProxy:
    """A running HAProxy, asked by its admin socket."""

    def __init__(self, address, admin):
        self.address = address
        self.admin = admin

    def tell(self, command):
        """The answer to a command."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(DEADLINE)
            client.connect(self.admin)
            client.sendall(f'{command}\n'.encode())
            with client.makefile() as answer:
                return answer.read()

    def servers(self):
        """{name: (status, weight)} of the servers of its backends."""
        rows = csv.DictReader(self.tell('show stat').removeprefix('# ').strip().splitlines())
        return {row['svname']: (row['status'], row['weight']) for row in rows
                if row['svname'] not in ('FRONTEND', 'BACKEND')}

    def wait(self, name, status, weight=None):
        """Waits until the server's status begins like this, and it has that weight."""
        end = time.monotonic() + DEADLINE
        while True:
            state = self.servers()[name]
            if state[0].startswith(status) and weight in (None, state[1]):
                return
            assert time.monotonic() < end, f'{name} is {state}, not {status} {weight or ""}'
            time.sleep(0.05)  # polls: HAProxy tells nobody of its checks


@contextlib.contextmanager
def haproxy(folder, address, configuration):
    """HAProxy with this configuration, which listens at ('host', port)."""
    home = folder / 'haproxy'
    home.mkdir()
    admin = str(home / 'admin.sock')
    (home / 'haproxy.cfg').write_text(
        f'global\n    stats socket {admin} mode 600 level admin\n{configuration}')
    # The admin socket gets its name when all addresses are bound.
    with running([find('haproxy'), '-db', '-f', str(home / 'haproxy.cfg')], admin, home):
        yield HAProxy(address, admin)
