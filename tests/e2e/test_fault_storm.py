# SPDX-License-Identifier: MIT
"""Workers, templates and, under a loop that starts it again, the master killed at random under
load: only requests inside the killed process fail, the service is always back, nothing is left.

Every request has a name. The application writes which worker has begun it, so that each failure
can be laid at the door of one kill.
"""
import http.client
import itertools
import os
import random
import signal
import socket
import threading
import time

import pytest

from harness import audit, procfs
from harness.limits import DEADLINE

APP = '''
import os

import gevent

BEGUN = os.open('begun', os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
times = {'quick': 0, 'slow': 0.2}


def application(environ, start_response):
    kind, name = environ['PATH_INFO'][1:].split('/')
    os.write(BEGUN, b'\\n%s %d\\n' % (name.encode(), os.getpid()))
    size = len(environ['wsgi.input'].read())
    gevent.sleep(times[kind])
    body = b'%s %d' % (name.encode(), size)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

SLACK = 0.1  # seconds between an event and its entry in the ledger


class Failure:
    def __init__(self, name, since, error):
        self.name = name
        self.span = (since - SLACK, time.monotonic() + SLACK)
        self.error = error

    def overlaps(self, begin, end):
        return begin <= self.span[1] and self.span[0] <= end


class Clients:
    """Requests on new and on kept connections, with and without bodies, each with its own name."""

    def __init__(self, address):
        self.address = address
        self.answered = 0
        self.failures = []
        self._numbers = itertools.count()
        self._over = threading.Event()
        plans = [('quick', b'', False), ('quick', b'', True), ('slow', b'', True),
                 ('slow', b'', False), ('quick', b'x' * 200_000, False)]
        self._threads = [threading.Thread(target=self._work, args=plan) for plan in plans]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self, kind, body, kept):
        connection, begun = None, 0
        while not self._over.is_set():
            name = f'{kind}-{next(self._numbers)}'
            # A kept connection may have been lost at any time since the previous request.
            since, begun = begun, time.monotonic()
            if connection is None:
                since = begun
            try:
                connection = connection or self._connect()
                connection.request('POST', f'/{kind}/{name}', body)
                answer = connection.getresponse()
                assert (answer.status, answer.read()) == (200, f'{name} {len(body)}'.encode())
                self.answered += 1
                if kept and not answer.will_close:
                    continue
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(Failure(name, since, f'{type(error).__name__}: {error}'))
                self._over.wait(0.01)
            if connection is not None:
                connection.close()
                connection = None

    def _connect(self):
        connection = http.client.HTTPConnection(*self.address, timeout=DEADLINE)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


ROLES = {'worker', 'template', 'spare', 'master'}


class Storm:
    """Kills processes, and records which and when."""

    def __init__(self, running):
        self.running = running
        self.choice = random.Random(23)
        self.deaths = []    # (pid, from, to); a pid may be used again
        self.counts = {}    # role: how many
        self.outages = []   # [from, to] without a master
        self.errors = []    # complaints about the logs of masters that were killed

    def full_strength(self):
        def fits(status):
            generation = status['generations'][-1]
            ready = [w for w in status['workers'] if w['state'] == 'ready']
            return len(ready) == 2 and generation['template_pid'] and generation['spare_pid']
        return self.running.wait_status(fits, timeout=2 * DEADLINE)

    def kill(self, role, pid):
        begin = time.monotonic()
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        assert procfs.wait_gone(pid, DEADLINE)  # until then its connections may take requests
        self.deaths.append((pid, begin, time.monotonic()))
        self.counts[role] = self.counts.get(role, 0) + 1

    def kill_one(self):
        status = self.running.status()
        generation = status['generations'][-1]
        victims = [('worker', worker['pid']) for worker in status['workers']]
        victims += [(role, generation[f'{role}_pid']) for role in ('template', 'spare')]
        victims = [(role, pid) for role, pid in victims if pid]  # others are just starting
        if victims:
            self.kill(*self.choice.choice(victims))

    def kill_master(self):
        former = self.running.log
        begin = time.monotonic()
        self.kill('master', self.running.process.pid)
        self.running.process.wait()
        self.running.start()
        self.outages.append((begin, time.monotonic()))
        assert former.wait_end(2 * DEADLINE), former.text()
        self.errors += [line for line in former.errors()
                        if not any(e.search(line) for e in self.running.expected_errors)]

    def blow(self, seconds):
        end = time.monotonic() + seconds
        for number in itertools.count(1):
            if time.monotonic() > end and self.counts.keys() >= ROLES:
                break  # a slow machine may take longer to kill one of each role
            if number % 10 == 0:
                self.full_strength()
                self.kill_master()
            else:
                self.kill_one()
            if self.choice.random() < 0.5:
                self.full_strength()  # otherwise kills another one at once
        self.full_strength()

    def explains(self, failure, begun_in):
        """Whether a kill explains the failure: of the process that had begun the request, or, if
        none had, of one that had its connection; or the server was away."""
        worker = begun_in.get(failure.name)
        return any(failure.overlaps(begin, end) for pid, begin, end in self.deaths
                   if worker in (None, pid)) or (
            worker is None and any(failure.overlaps(*outage) for outage in self.outages))

    def describe(self, failure, begun_in):
        deaths = sorted(self.deaths, key=lambda death: abs(death[1] - failure.span[0]))
        return (f'{failure.name}: {failure.error}, {failure.span}, begun in '
                f'{begun_in.get(failure.name)}, nearest deaths {deaths[:3]}')


def begun_in(path):
    """{name of a request: pid of the worker that began it}"""
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) == 2}


def storm(make_server, seconds):
    running = make_server()
    running.write_app(APP)
    with socket.create_server(('127.0.0.1', 0)) as probe:
        port = probe.getsockname()[1]
    running.write_config({'listen': f'http://127.0.0.1:{port}',
                          'workers': {'processes': 2, 'cores': 50}})
    # Also for processes killed before they had a name, and when no spare could take over.
    running.expect_error('died: killed by SIGKILL|before it could say its name|is no spare|'
                         'the template that was to fork it has not answered')
    running.start()
    wind = Storm(running)
    with Clients(running.address()) as clients:
        wind.blow(seconds)
        enough = clients.answered + 20
        while clients.answered < enough:
            running.status()
    begun = begun_in(running.folder / 'begun')
    print(f'{clients.answered} answered, {len(clients.failures)} failed; killed: {wind.counts}')
    assert [wind.describe(failure, begun) for failure in clients.failures
            if not wind.explains(failure, begun)] == []
    assert wind.errors == []
    master = running.process.pid
    running.wait_status(lambda _: {master, *procfs.children(master)}  # all dead ones reaped
                        == set(audit.strays(running.marker)))
    assert running.stop() == 0
    with socket.create_server(('127.0.0.1', port)):
        pass  # nobody still listens at the address


def test_a_gust(make_server):
    storm(make_server, 8)


@pytest.mark.slow
def test_ten_minutes(make_server):
    storm(make_server, 600)
