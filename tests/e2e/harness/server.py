# SPDX-License-Identifier: MIT
"""A geventd and its folder."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time
from signal import SIGTERM

from . import client, procfs
from .limits import DEADLINE, GEVENTCTL, GEVENTD, SANITIZED
from .log import Log

READY = (r'geventd \S+ ready: (?P<workers>\d+) workers?, (?P<cores>\d+) cores? each, '
         r'(?P<addresses>.+)$')
QUOTED_QUANTITY = re.compile(r': "(\d+(?:ms|[smh]|B|[KMG]iB))"')  # geventd wants no quotes here
MARKER = 'GEVENTD_TEST'  # in the environment of every process of a test


def merge(base, changes):
    """`changes` merged over `base`, section by section; None removes a key."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def to_yaml(config):
    """JSON is YAML; only sizes and durations lose their quotes, as people write them."""
    return re.sub(r'"(\d+(?:ms|s|m|h|KiB|MiB|GiB))"', r'\1', json.dumps(config, indent=1))


class Server:
    """Writes configuration and application into `folder`, starts geventd there, and can talk to it.
    Test functions get it from the `server` fixture, which audits what is left behind."""

    def __init__(self, folder, marker):
        self.folder = pathlib.Path(folder)
        self.marker = marker
        self.process = None
        self.successor = None  # the new master's pid after an upgrade
        self.log = None
        self.addresses = []
        self.expected_exit = 0
        self._exit = None
        self.expected_errors = []

    # --- files ---------------------------------------------------------------------------------

    @property
    def config_path(self):
        return self.folder / 'server.yaml'

    @property
    def control_path(self):
        return self.folder / 'ctl'

    def write_app(self, source, name='app.py'):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Python takes a compiled module for up to date if second and size are the same.
        shutil.rmtree(path.parent / '__pycache__', ignore_errors=True)
        path.write_text(source)

    def edit_app(self, old, new, name='app.py'):
        """Replaces `old`, which must occur, in the present application."""
        source = (self.folder / name).read_text()
        assert old in source, f'{name} does not hold {old!r}'
        self.write_app(source.replace(old, new), name)

    def default_config(self):
        return {
            'listen': 'http://127.0.0.1:0',
            'app': {'module': 'app:application', 'chdir': str(self.folder)},
            'workers': {'processes': 1, 'cores': 20},
            'control': str(self.control_path),
        }

    def write_config(self, config=None):
        """A dict is merged over the defaults; a text is written unchanged."""
        if not isinstance(config, str):
            config = to_yaml(merge(self.default_config(), config or {}))
            config = QUOTED_QUANTITY.sub(r': \1', config)
        self.config_path.write_text(config)

    # --- starting and stopping -----------------------------------------------------------------

    def environment(self, extra=None):
        environment = {**os.environ, MARKER: self.marker, **(extra or {})}
        for name in list(environment):  # Python variables of this shell are not for servers
            if name.startswith('PYTHON') or name in ('NOTIFY_SOCKET', 'VIRTUAL_ENV'):
                if name not in (extra or {}):
                    del environment[name]
        if SANITIZED:
            for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS'):
                environment[name] = f'{os.environ[name]}:log_path={self.folder}/sanitizer'
        return environment

    def start(self, arguments=None, environment=None, wait=True, cwd=None, wrapper=(),
              program=GEVENTD, stdin=subprocess.DEVNULL):
        if arguments is None:
            arguments = ['-c', str(self.config_path)]
        self.process = subprocess.Popen(
            [*wrapper, str(program), *arguments], cwd=cwd or self.folder,
            env=self.environment(environment), stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.log = Log(self.process.stdout)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, since=0, timeout=DEADLINE):
        match = self.log.wait(READY, since=since, timeout=timeout)
        self.take_addresses(match)
        return match

    def take_addresses(self, ready):
        """From the ready line, a match of READY. In brackets: who may connect to a unix socket,
        the Python, the number of the generation."""
        self.addresses = re.sub(r' \([^)]*\)', '', ready['addresses']).split(', ')

    @property
    def pid(self):
        return self.successor or self.process.pid

    def follow(self, count, timeout=DEADLINE):
        """Waits for the end of the upgrade, successful or not. The master that then answers
        becomes the one that signals go to; returns its status."""
        former = self.pid
        status = self.wait_status(
            lambda s: s['upgrade']['count'] >= count and s['upgrade']['result'] == (
                'failed' if s['pid'] == former else 'done'), timeout)
        if status['pid'] != self.process.pid:
            self.successor = status['pid']
        return status

    def signal(self, number):
        os.kill(self.pid, number)

    def start_in_vain(self, why):
        """Starts a server that cannot serve: it says so in a sentence, `why`, and ends with 1."""
        self.expected_exit = 1
        self.expect_error('.')
        self.start(wait=False)
        assert self.wait_exit() == 1
        self.wait_log(why)
        assert 'Traceback' not in self.log.text()

    def wait_exit(self, timeout=DEADLINE):
        if self.successor:
            gone = procfs.wait_gone(self.successor, timeout)
        else:
            gone = True
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            gone = False
        if not gone:
            raise AssertionError(f'geventd did not leave in {timeout} s; its log:\n'
                                 + self.log.text()) from None
        self.log.wait_last_words()  # survivors, as of a killed master, keep the pipe open
        return self._successors_exit() if self.successor else code

    def _successors_exit(self):
        try:  # orphans of the former master have become children of this process
            status = os.waitpid(self.successor, 0)[1]
            self._exit = os.waitstatus_to_exitcode(status)
        except ChildProcessError:  # reaped before, or by the former master while it drained
            stopped = rf'master\[{self.successor}\]: geventd \S+ has stopped'
            if self._exit is None and re.search(stopped, self.log.text()):
                self._exit = 0
        return self._exit

    def is_running(self):
        if self.successor:
            return procfs.is_alive(self.successor)
        return self.process is not None and self.process.poll() is None

    def stop(self, number=SIGTERM):
        if self.is_running():
            self.signal(number)
        return self.wait_exit()

    # --- log and status ------------------------------------------------------------------------

    def wait_log(self, pattern, **options):
        return self.log.wait(pattern, **options)

    def expect_error(self, pattern):
        """Allows, but does not require, error lines in the log that match."""
        self.expected_errors.append(re.compile(pattern))

    def ctl(self, *arguments, timeout=DEADLINE):
        """Runs geventctl; returns the finished process with its output."""
        return subprocess.run([str(GEVENTCTL), '-c', str(self.config_path), *arguments],
                              capture_output=True, text=True, timeout=timeout,
                              env=self.environment(), cwd=self.folder)

    def stacks(self, *arguments, timeout=DEADLINE):
        """Runs geventctl stacks; repeats it if a worker does not answer, since geventctl waits only
        a moment, which may be too short on a busy machine."""
        end = time.monotonic() + timeout
        while True:
            result = self.ctl('stacks', *arguments)
            if 'it does not answer' not in result.stdout or time.monotonic() >= end:
                return result

    def status(self):
        result = self.ctl('status', '--json')
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout)

    def wait_status(self, predicate, timeout=DEADLINE):
        """The first status for which `predicate` is true. Polls, since the status is no stream of
        events."""
        end = time.monotonic() + timeout
        while True:
            status = self.status()
            if predicate(status):
                return status
            assert time.monotonic() < end, f'never seen, last: {json.dumps(status, indent=1)}'

    def wait_control(self, timeout=DEADLINE):
        """Until the control socket answers, which is before any worker is ready."""
        end = time.monotonic() + timeout
        while self.ctl('status').returncode != 0:
            assert time.monotonic() < end and self.is_running(), self.log.text()

    def wait_serving(self, timeout=DEADLINE):
        """For servers whose ready line does not come through the pipe."""
        end = time.monotonic() + timeout
        while True:
            result = self.ctl('status', '--json')
            if result.returncode == 0 and any(
                    generation['state'] == 'serving'
                    for generation in json.loads(result.stdout)['generations']):
                return
            assert time.monotonic() < end and self.is_running(), self.log.text()

    def wait_file(self, path, text='', timeout=DEADLINE):
        """Waits until the file contains `text`, and is not empty."""
        end = time.monotonic() + timeout
        while not path.exists() or not path.stat().st_size or text not in path.read_text():
            assert time.monotonic() < end and self.is_running(), f'no {text!r} in {path}'
            threading.Event().wait(0.01)

    def workers(self, state='ready'):
        """Pids of the workers in that state."""
        return [worker['pid'] for worker in self.status()['workers'] if worker['state'] == state]

    def wait_gone(self, pids):
        """Waits until none of these workers is there."""
        self.wait_status(lambda status: not set(pids) & {w['pid'] for w in status['workers']})

    def wait_workers(self, count, without=(), generation=None):
        """Waits until `count` workers are ready, none of which has a pid in `without`."""
        def fits(status):
            pids = [w['pid'] for w in status['workers'] if w['state'] == 'ready'
                    and (generation is None or w['generation'] == generation)]
            return len(pids) == count and not set(pids) & set(without)
        return [w['pid'] for w in self.wait_status(fits)['workers'] if w['state'] == 'ready']

    # --- talking to it -------------------------------------------------------------------------

    def address(self, index=0):
        """('host', port) or the path of a unix socket."""
        text = self.addresses[index]
        tcp = re.fullmatch(r'\w+://(?:\[([^\]]*)\]|([^:]*)):(\d+)', text)
        if tcp:
            host = tcp[1] if tcp[1] is not None else tcp[2]
            return ({'': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1'}.get(host, host),
                    int(tcp[3]))
        path = re.fullmatch(r'\w+\+unix:(.*)', text)[1]
        return '\0' + path[1:] if path.startswith('@') else str(self.folder / path)

    def port(self, index=0):
        return self.address(index)[1]

    def url(self, path='/', index=0):
        host, port = self.address(index)
        return f'http://{f"[{host}]" if ":" in host else host}:{port}{path}'

    def raw(self, index=0, timeout=DEADLINE):
        return client.RawClient(self.address(index), timeout)

    def http(self, index=0, timeout=DEADLINE):
        """An http.client connection, for a `with` block."""
        return contextlib.closing(client.open_http(self.address(index), timeout))

    def request(self, method, target, body=None, headers=None, index=0):
        with self.http(index) as connection:
            return client.exchange(connection, method, target, body, headers)

    def get(self, target='/', **options):
        return self.request('GET', target, **options)
