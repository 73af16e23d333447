# SPDX-License-Identifier: MIT
"""geventd and its peers. A new one is a function and a line in SERVERS.

Each gets the set-up that its own documentation recommends for speed and that leaves it honest: no
access log, keep-alive where it has any, the same application, the same Python unless it says so.
"""
import dataclasses
import json
import os
import pathlib
import shutil
import typing

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = pathlib.Path(os.environ.get('GEVENTD_BUILD', ROOT / 'build'))
PYTHON = '/usr/bin/python3'


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a server is started for."""
    port: int
    folder: pathlib.Path  # its own, for files that it needs
    workers: int = 1
    cores: int = 1000  # requests at once in each worker
    app: str = 'hello:application'
    app_folder: pathlib.Path = BENCH / 'apps'


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    command: typing.Callable  # Setup → argument list
    missing: typing.Callable = lambda: None  # why it cannot run here, or None
    keep_alive: bool = True
    gevent: bool = True
    protocol: str = 'http'


def without(*programs):
    def missing():
        for program in programs:
            if not shutil.which(program) and not pathlib.Path(program).exists():
                return f'{program} is not installed'
        return None
    return missing


def geventd(setup, scheme='http'):
    config = {
        'listen': [f'{scheme}://127.0.0.1:{setup.port}'],
        'app': {'module': setup.app, 'chdir': str(setup.app_folder)},
        'workers': {'processes': setup.workers, 'cores': setup.cores},
        'limits': {'request-body': '2GiB'},
        'control': str(setup.folder / 'control.sock'),
    }
    path = setup.folder / 'server.yaml'
    path.write_text(json.dumps(config))  # JSON is YAML
    return [str(BUILD / 'geventd'), '-c', str(path)]


def geventd_uwsgi(setup):
    return geventd(setup, 'uwsgi')


def gunicorn(setup):
    return [PYTHON, '-m', 'gunicorn', '-k', 'gevent', '-w', str(setup.workers),
            '--worker-connections', str(setup.cores), '--chdir', str(setup.app_folder),
            '-b', f'127.0.0.1:{setup.port}', '--backlog', '2048', setup.app]


def pywsgi(setup):
    return [PYTHON, str(BENCH / 'apps' / 'serve_pywsgi.py'), str(setup.port), setup.app,
            str(setup.app_folder)]


def _uwsgi(setup, socket, *options):
    return ['uwsgi', '--plugin', 'python3', '--master', '--disable-logging', '--need-app',
            '--processes', str(setup.workers), '--chdir', str(setup.app_folder), '--listen', '1024',
            '--module', setup.app, f'--{socket}', f'127.0.0.1:{setup.port}', '--die-on-term',
            *options]


def uwsgi_gevent(setup):
    return _uwsgi(setup, 'http-socket', '--plugin', 'gevent_python3', '--gevent', str(setup.cores))


def uwsgi_gevent_uwsgi(setup):
    return _uwsgi(setup, 'socket', '--plugin', 'gevent_python3', '--gevent', str(setup.cores))


def uwsgi_sync(setup):
    return _uwsgi(setup, 'http-socket')


SERVERS = [
    Kind('geventd', geventd),
    Kind('gunicorn -k gevent', gunicorn, without('/usr/lib/python3/dist-packages/gunicorn')),
    Kind('gevent.pywsgi', pywsgi),
    Kind('uwsgi --gevent', uwsgi_gevent, without('uwsgi'), keep_alive=False),
    Kind('uwsgi (sync)', uwsgi_sync, without('uwsgi'), keep_alive=False, gevent=False),
    Kind('geventd, uwsgi protocol', geventd_uwsgi, keep_alive=False, protocol='uwsgi'),
    Kind('uwsgi --gevent, uwsgi protocol', uwsgi_gevent_uwsgi, without('uwsgi'), keep_alive=False,
         protocol='uwsgi'),
]
