# SPDX-License-Identifier: MIT
"""Database servers from Debian's packages, each with its data and a unix socket in a folder of its
own, run by a user other than root."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from harness import services

CONNECTIONS = 500
POSTGRES = [f'max_connections={CONNECTIONS}', 'listen_addresses=', 'fsync=off',
            'shared_buffers=16MB', 'log_min_messages=fatal']


def user(name):
    """The user that runs a database server: `name`, if this process may choose."""
    return name if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


@contextlib.contextmanager
def home_of(owner):
    home = pathlib.Path(tempfile.mkdtemp(prefix='gd-db-', dir='/tmp'))
    try:
        if os.geteuid() == 0:
            shutil.chown(home, owner)
        yield home
    finally:
        shutil.rmtree(home)


def newest_postgres():
    versions = pathlib.Path('/usr/lib/postgresql').glob('*/bin/postgres')
    return max(versions, key=lambda path: int(path.parents[1].name)).parent


@contextlib.contextmanager
def postgres():
    """Environment variables that connect libpq to the server as its superuser."""
    owner = user('postgres')
    programs = newest_postgres()
    with home_of(owner) as home:
        data = home / 'data'
        subprocess.run([programs / 'initdb', '--pgdata', data, '--auth=trust', '--no-sync',
                        '--username=geventd', '--encoding=UTF8', '--locale=C'], check=True,
                       cwd=home, user=owner, extra_groups=[], capture_output=True)
        arguments = [str(programs / 'postgres'), '-D', str(data), '-k', str(home)]
        for setting in POSTGRES:
            arguments += ['-c', setting]
        with services.running(arguments, str(home / '.s.PGSQL.5432'), home, user=owner,
                              stop=signal.SIGINT):
            yield {'PGHOST': str(home), 'PGUSER': 'geventd', 'PGDATABASE': 'postgres',
                   'PGPORT': '5432'}


@contextlib.contextmanager
def redis():
    """The path of the server's socket."""
    owner = user('redis')
    with home_of(owner) as home:
        path = str(home / 'redis')
        with services.running(
                ['/usr/bin/redis-server', '--port', '0', '--unixsocket', path, '--save', '',
                 '--unixsocketperm', '777', '--dir', str(home)], path, home, user=owner):
            yield path
