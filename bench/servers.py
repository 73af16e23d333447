# SPDX-License-Identifier: MIT
"""geventd and other servers. A new one is a function and a line in SERVERS.

Each gets the set-up that its own documentation recommends for speed and that leaves it honest: no
access log, keep-alive where it has any, the same application, the same Python unless it says so.
"""
import dataclasses
import json
import os
import pathlib
import shlex
import shutil
import typing

import peers

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = pathlib.Path(os.environ.get('GEVENTD_BUILD', ROOT / 'build'))
PYTHON = '/usr/bin/python3'
NGINX = '/usr/sbin/nginx'
TIME_SLICE = 0.01  # seconds; of the geventd that has them


@dataclasses.dataclass(frozen=True)
class Setup:
    """The circumstances in which a server is started."""
    port: int
    folder: pathlib.Path  # its own, for its files
    workers: int = 1
    slots: int = 1000  # concurrent requests per worker
    connections: int = 10_000  # per worker
    preload: bool = False
    files: typing.Optional[pathlib.Path] = None  # to be served below /static by the server itself
    app: str = 'hello:application'
    app_folder: pathlib.Path = BENCH / 'apps'


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    command: typing.Callable  # Setup → argument list
    missing: typing.Callable = lambda: None  # why it cannot run here, or None
    keep_alive: bool = True
    gevent: bool = True  # a request that waits does not hold up others
    protocol: str = 'http'
    many_workers: bool = True
    only: tuple = ()  # the benchmarks that it can do; empty: all but those of files
    files: bool = False  # whether it serves files, too


def without(*programs):
    def missing():
        for program in programs:
            if not shutil.which(program) and not pathlib.Path(program).exists():
                return f'{program} is not installed'
        return None
    return missing


def geventd(setup, scheme='http', build=BUILD, workers=None, **app):
    config = {
        'listen': [f'{scheme}://127.0.0.1:{setup.port}'],
        'app': {'module': setup.app, 'chdir': str(setup.app_folder), **app},
        'workers': {'processes': setup.workers, 'cores': setup.slots, **(workers or {})},
        'limits': {'request-body': '2GiB', 'connections': setup.connections,
                   'websockets': setup.connections},
        'control': str(setup.folder / 'control.sock'),
    }
    if setup.files:
        config['static'] = [{'path': '/static', 'root': str(setup.files)}]
    path = setup.folder / 'server.yaml'
    path.write_text(json.dumps(config))  # JSON is YAML
    return [str(build / 'geventd'), '-c', str(path)]


def module_of_geventd():
    """The worker as a module of PYTHON, in the build folder; None when it is not built."""
    return next((BUILD / 'worker/package/geventd').glob('_worker.cpython-*.so'), None)


def geventd_module(setup):
    """PYTHON runs the worker, not the program that embeds it: laid out as the packages do."""
    programs = setup.folder / 'programs'
    tag = module_of_geventd().name.split('-')[1]
    if not programs.exists():
        programs.mkdir()
        shutil.copy2(BUILD / 'geventd', programs)
        (programs / f'python{tag[0]}.{tag[1:]}').symlink_to(BUILD / 'worker/package')
    return geventd(setup, build=programs, python=PYTHON)


def geventd_uwsgi(setup):
    return geventd(setup, 'uwsgi')


def geventd_time_slices(setup):
    return geventd(setup, workers={'time-slice': f'{TIME_SLICE * 1000:.0f}ms'})


def limit(setup, protocol='http'):
    return [str(BUILD / 'bench' / 'limit'), protocol, str(setup.port), setup.app,
            str(setup.app_folder)]


def limit_uwsgi(setup):
    return limit(setup, 'uwsgi')


def _with_newest_frameworks(command):
    return ['/usr/bin/env', *(f'{name}={value}' for name, value in peers.frameworks().items()),
            *command]


def geventd_newest(setup, build=BUILD):
    return _with_newest_frameworks(geventd(setup, build=build, virtualenv=str(peers.FOLDER)))


def gunicorn(setup, python=PYTHON):
    # Its two seconds of keep-alive could end during the turns of other servers.
    return [str(python), '-m', 'gunicorn', '-k', 'gevent', '-w', str(setup.workers),
            '--worker-connections', str(max(setup.slots, setup.connections)), '--keep-alive', '60',
            '--chdir', str(setup.app_folder),
            *(['--preload'] if setup.preload else []),
            '-b', f'127.0.0.1:{setup.port}', '--backlog', '2048', setup.app]


def gunicorn_newest(setup):
    return _with_newest_frameworks(gunicorn(setup, peers.program('python')))


def _served_by(script, setup, python=PYTHON):
    return [str(python), str(BENCH / 'apps' / script), str(setup.port), setup.app,
            str(setup.app_folder)]


def pywsgi(setup):
    return _served_by('serve_pywsgi.py', setup)


def pywsgi_newest(setup):
    return _with_newest_frameworks(
        _served_by('serve_pywsgi.py', setup, peers.program('python')))


def bjoern(setup):
    return _served_by('serve_bjoern.py', setup, peers.program('python'))


def whitenoise(setup):
    return ['/usr/bin/env', f'BENCH_FILES={setup.files}',
            *gunicorn(dataclasses.replace(setup, app='serve_whitenoise:application'),
                      peers.program('python'))]


def granian(setup):
    files = ['--static-path-route', '/static', '--static-path-mount',
             str(setup.files)] if setup.files else []
    return [str(peers.program('granian')), '--interface', 'wsgi', '--http', '1', '--no-ws',
            '--workers', str(setup.workers), '--blocking-threads', '1',
            '--working-dir', str(setup.app_folder), '--port', str(setup.port), '--no-log',
            *files, setup.app]


def _uwsgi(setup, socket, *options, program='uwsgi'):
    plugin = ['--plugin', 'python3'] if program == 'uwsgi' else []  # PyPI's has it built in
    return [str(program), *plugin, '--master', '--disable-logging', '--need-app',
            '--processes', str(setup.workers), '--chdir', str(setup.app_folder), '--listen', '1024',
            '--module', setup.app, f'--{socket}', f'127.0.0.1:{setup.port}', '--die-on-term',
            *options]


def uwsgi_gevent(setup, socket='http-socket'):
    return _uwsgi(setup, socket, '--plugin', 'gevent_python3', '--gevent', str(setup.slots))


def uwsgi_gevent_uwsgi(setup):
    return uwsgi_gevent(setup, 'socket')


def uwsgi_newest(setup):
    return _with_newest_frameworks(_uwsgi(setup, 'http-socket', '--gevent', str(setup.slots),
                                          program=peers.program('uwsgi')))


def uwsgi_sync(setup):
    return _uwsgi(setup, 'http-socket')


def _nginx(setup, location, prefix='/'):
    path = setup.folder / 'nginx.conf'
    temporary = ''.join(f'{kind}_temp_path {setup.folder}/{kind};\n' for kind in (
        'client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    path.write_text(f'''
worker_processes {setup.workers}; daemon off; pid {setup.folder}/nginx.pid; error_log stderr;
events {{ worker_connections 20000; }}
http {{
    access_log off; keepalive_requests 1000000000; default_type text/plain;
    client_max_body_size 100m; {temporary}
    server {{ listen 127.0.0.1:{setup.port} backlog=2048; location {prefix} {{ {location} }} }}
}}
''')
    return [NGINX, '-p', str(setup.folder), '-c', str(path), '-e', 'stderr']


def nginx(setup):
    if setup.files:
        return _nginx(setup, f'alias {setup.files}/; sendfile on; tcp_nopush on; '
                             'open_file_cache max=1000;', '/static/')
    return _nginx(setup, 'return 200 "Hello, world!";')


def nginx_uwsgi(setup):
    behind = setup.folder / 'uwsgi.sock'
    front = _nginx(setup, f'include /etc/nginx/uwsgi_params; uwsgi_pass unix:{behind};')
    backend = [*uwsgi_gevent(setup, 'socket'), '--chmod-socket=666']
    backend[backend.index('--socket') + 1] = str(behind)
    wait = f'until [ -S {behind} ]; do read -t 0.01 <> <(:) || :; done'
    return ['bash', '-c', f'{shlex.join(backend)} & {wait}; exec {shlex.join(front)}']


NO_SLEEP = ('hello', 'close', 'block', 'echo', 'upload', 'stream', 'flask', 'django', 'idle',
            'start')  # benchmarks for servers in which a request that waits holds up others
COMPUTE = tuple(f'compute-{kind}' for kind in ('loop', 'dicts', 'sort', 'expression'))

SERVERS = [
    Kind('geventd', geventd, files=True),
    Kind('geventd, module', geventd_module,
         lambda: None if module_of_geventd() else 'the build has no module (-Dhosts=module)'),
    Kind('geventd, time slices', geventd_time_slices, only=COMPUTE),
    Kind('limit', limit, many_workers=False),
    Kind('gunicorn -k gevent', gunicorn, without('/usr/bin/gunicorn')),
    Kind('gevent.pywsgi', pywsgi, many_workers=False),
    Kind('uwsgi --gevent', uwsgi_gevent, without('uwsgi'), keep_alive=False),
    Kind('nginx → uwsgi --gevent', nginx_uwsgi, without('uwsgi', NGINX)),
    Kind('uwsgi (sync)', uwsgi_sync, without('uwsgi'), keep_alive=False, gevent=False,
         only=NO_SLEEP),
    Kind('nginx', nginx, without(NGINX), gevent=False, many_workers=False,
         only=('hello', 'close', 'idle'), files=True),
    Kind('whitenoise, gunicorn -k gevent', whitenoise, peers.missing('whitenoise'), only=('-',),
         files=True),
    Kind('bjoern', bjoern, peers.missing('bjoern'), many_workers=False, gevent=False,
         only=NO_SLEEP),
    Kind('granian', granian, peers.missing('granian'), gevent=False, only=NO_SLEEP, files=True),
    Kind('geventd, newest gevent', geventd_newest, peers.missing('gevent')),
    Kind('gunicorn -k gevent, newest', gunicorn_newest, peers.missing('gunicorn')),
    Kind('gevent.pywsgi, newest', pywsgi_newest, peers.missing('gevent'), many_workers=False),
    Kind('uwsgi --gevent, newest', uwsgi_newest, peers.missing('uwsgi'), keep_alive=False),
    Kind('geventd, uwsgi protocol', geventd_uwsgi, keep_alive=False, protocol='uwsgi'),
    Kind('limit, uwsgi protocol', limit_uwsgi, many_workers=False, keep_alive=False,
         protocol='uwsgi'),
    Kind('uwsgi --gevent, uwsgi protocol', uwsgi_gevent_uwsgi, without('uwsgi'), keep_alive=False,
         protocol='uwsgi'),
]


def folder_of(name):
    """That of `geventd@FOLDER`."""
    return pathlib.Path(name.partition('@')[2]).resolve()


def other_build(name):
    """The Kind of `geventd@FOLDER`: what was built there beside what is built here."""
    folder = folder_of(name)
    return Kind(name, lambda setup: geventd(setup, build=folder), without(folder / 'geventd'),
                files=True)
