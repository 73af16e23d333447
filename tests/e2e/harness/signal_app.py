# SPDX-License-Identifier: MIT
"""An application for the tests of signals, as the text of app.py.

Handlers write lines "NUMBER WORKER PAYLOAD" into the file `ledger`, one write a line. A POST to
/run executes Python in the worker and answers with repr() of `result`; the prelude runs once when
the application is imported.
"""
import ast
import threading
import time

import pytest

DEATHS = 'worker .* died'
PRELOAD = pytest.mark.parametrize('preload', [True, False])

APP = '''
import os
import geventd
import gevent

LEDGER = os.open('ledger', os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def note(*words):
    os.write(LEDGER, (' '.join(map(str, words)) + '\\n').encode())


def worker():
    return geventd.status()['worker']['number']


def record(num):
    note(num, worker(), geventd.signal_info().payload.decode() or '-')


%s

names = dict(globals())


def application(environ, start_response):
    source = environ['wsgi.input'].read().decode()
    try:
        exec(source, names)
        answer = names.pop('result', None)
    except Exception as error:
        answer = (type(error).__name__, str(error))
    body = repr(answer).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def application(prelude=''):
    return APP % prelude


def run(server, source, index=0):
    """Executes Python in a worker; returns its `result`, or (name, text) of an exception."""
    answer = server.request('POST', '/run', body=source.encode(), index=index)
    assert answer.status == 200, server.log.text()
    return ast.literal_eval(answer.body.decode())


def ledger(server):
    """The lines that handlers have written so far, split into words."""
    path = server.folder / 'ledger'
    data = path.read_bytes() if path.exists() else b''
    # A long line may be read while it is being written.
    return [line.split() for line in data[:data.rfind(b'\n') + 1].decode().splitlines()]


def wait_ledger(server, enough, timeout=30):
    """The lines, once `enough(lines)`. Polls, since a file is no stream of events."""
    end = time.monotonic() + timeout
    while True:
        lines = ledger(server)
        if enough(lines):
            return lines
        assert time.monotonic() < end, f'{len(lines)} lines: {lines[-20:]}\n{server.log.text()}'
        threading.Event().wait(0.01)


def start(server, prelude, workers=2, preload=True, **config):
    return server(application(prelude), {'workers': {'processes': workers},
                                         'app': {'preload': preload}, **config})


def figures(running, number):
    entries = [entry for entry in running.status()['signals'] if entry['number'] == number]
    return entries[0] if entries else None


def wait_figures(server, number, /, **wanted):
    return server.wait_status(lambda status: any(
        entry['number'] == number and all(entry[key] == value for key, value in wanted.items())
        for entry in status['signals']))
