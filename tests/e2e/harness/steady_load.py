# SPDX-License-Identifier: MIT
"""Load of every kind on a server for as long as a test lasts; keeps a ledger of the responses.

Each client is a thread that asks one request after the other and notes any that was not answered
as it should: refused, reset, cut off, another status than 200, another body.
"""
import hashlib
import http.client
import socket
import threading
import time

from .client import open_http

MIB = 1 << 20
BLOB = bytes(range(256)) * (10 * MIB // 256)
DIGEST = hashlib.sha256(BLOB).hexdigest().encode()

APP = '''
import hashlib
import os

import geventd
import gevent

LEDGER = os.open('ledger', os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def record(num):
    os.write(LEDGER, geventd.signal_info().payload + b'\\n')


geventd.register(5, '', record)


def pieces(seconds):
    for number in range(int(seconds * 10)):
        yield b'%06d' % number
        gevent.sleep(0.1)


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path.startswith('/stream/'):
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return pieces(float(path[8:]))
    if path == '/upload':
        digest = hashlib.sha256()
        while piece := environ['wsgi.input'].read(65536):
            digest.update(piece)
        body = digest.hexdigest().encode()
    elif path.startswith('/signal/'):
        geventd.signal(5, path[8:].encode())
        body = b'sent'
    else:
        gevent.sleep(0.005)
        body = b'hello'
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''


class Kind:
    """The experience of one kind of client."""

    def __init__(self):
        self.answered = 0
        self.worst = 0.0
        self.faults = []


class SteadyLoad:
    def __init__(self, http_address, other_address, stream_seconds=2, without=()):
        """`without`: kinds of clients to leave out."""
        self.addresses = {'http': http_address, 'other': other_address}
        self.stream_seconds = stream_seconds
        self.without = without
        self.kinds = {}
        self.signals = []
        self._end = threading.Event()
        self._threads = []

    def __enter__(self):
        plan = [
            ('new', 'http', self._new), ('new', 'http', self._new), ('kept', 'http', self._kept),
            ('kept', 'http', self._kept), ('behind nginx', 'other', self._new),
            ('kept behind nginx', 'other', self._kept), ('upload', 'http', self._upload),
            ('upload behind nginx', 'other', self._upload), ('stream', 'http', self._stream),
            ('stream behind nginx', 'other', self._stream), ('signal', 'http', self._signal),
        ]
        for name, where, client in plan:
            if name in self.without:
                continue
            kind = self.kinds.setdefault(name, Kind())
            thread = threading.Thread(target=self._run, args=(kind, self.addresses[where], client))
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    @property
    def faults(self):
        return [f'{name}: {fault}' for name, kind in self.kinds.items() for fault in kind.faults]

    @property
    def answered(self):
        return {name: kind.answered for name, kind in self.kinds.items()}

    @property
    def worst(self):
        return {name: kind.worst for name, kind in self.kinds.items()}

    def _run(self, kind, address, client):
        while not self._end.is_set():
            try:
                client(kind, address)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                moment = time.strftime('%H:%M:%S')
                kind.faults.append(f'{type(error).__name__}: {error} at {moment}')
                if len(kind.faults) > 20:
                    return

    @staticmethod
    def _ask(kind, connection, path, expected, body=None):
        begun = time.monotonic()
        connection.request('POST' if body else 'GET', path, body)
        answer = connection.getresponse()
        text = answer.read()
        assert (answer.status, text) == (200, expected), (path, answer.status, text[:100])
        kind.worst = max(kind.worst, time.monotonic() - begun)
        kind.answered += 1
        return answer

    @staticmethod
    def _connect(address):
        connection = open_http(address, timeout=60)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _once(self, kind, address, path, expected, body=None):
        connection = self._connect(address)
        try:
            self._ask(kind, connection, path, expected, body)
        finally:
            connection.close()

    def _new(self, kind, address):
        self._once(kind, address, '/', b'hello')

    def _kept(self, kind, address):
        """One connection for as long as the server keeps it: it announces the end."""
        connection = self._connect(address)
        try:
            while not self._end.is_set():
                answer = self._ask(kind, connection, '/', b'hello')
                if answer.will_close:
                    return
        finally:
            connection.close()

    def _upload(self, kind, address):
        self._once(kind, address, '/upload', DIGEST, BLOB)

    def _stream(self, kind, address):
        expected = b''.join(b'%06d' % number for number in range(int(self.stream_seconds * 10)))
        self._once(kind, address, f'/stream/{self.stream_seconds}', expected)

    def _signal(self, kind, address):
        name = str(len(self.signals))
        self._once(kind, address, f'/signal/{name}', b'sent')
        self.signals.append(name)
