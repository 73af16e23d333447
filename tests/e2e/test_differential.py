# SPDX-License-Identifier: MIT
"""Requests made by chance out of the corpus, read by geventd and by the parsers that come with
Python: what geventd serves, they understand in the same way. (What they take and geventd refuses
is no difference: they are not strict.)"""
import contextlib
import http.client
import http.server
import io
import json
import random
import re
import socket
import urllib.parse

import pytest

from harness import corpus
from harness.client import RawClient

APP = '''
import json


def application(environ, start_response):
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    told['body'] = environ['wsgi.input'].read().decode('latin-1')
    text = json.dumps(told).encode()
    start_response('200 OK', [('X-Served', 'yes'), ('Content-Length', str(len(text)))])
    return [text] if environ['REQUEST_METHOD'] != 'HEAD' else []
'''
ROUNDS = 1500
SEEDS = 4  # so that the processes of the test run share the work
CASES = [case.data for kind in ('valid', 'invalid') for case in corpus.read(f'http/{kind}')
         if len(case.data) < 2000]
WORDS = [b'\r\n', b'\n', b'\r', b' ', b'\t', b':', b',', b';', b'\0', b'\x85', b'%2f', b'%00',
         b'//', b'?', b'#', b'chunked', b'Content-Length: 5\r\n', b'Transfer-Encoding: chunked\r\n',
         b'Host: y\r\n', b'Connection: close\r\n', b'0\r\n\r\n', b'5\r\nhello\r\n', b'HTTP/1.0',
         b'Cookie: a=b\r\n', b'X-Y: z\r\n', b'\xe9']


def mutate(chooser, data):
    """Makes one to three small changes, mostly in the head."""
    for _ in range(chooser.randint(1, 3)):
        at = chooser.randrange(min(len(data), 200) + 1)
        kind = chooser.randrange(5)
        if kind == 0:
            data = data[:at] + chooser.choice(WORDS) + data[at:]
        elif kind == 1:
            data = data[:at] + data[at + 1:]
        elif kind == 2:
            data = data[:at] + bytes([chooser.randrange(256)]) + data[at + 1:]
        elif kind == 3:
            other = chooser.choice(CASES)
            data = data[:at] + other[chooser.randrange(len(other) + 1):]
        else:
            lines = data.split(b'\r\n')
            lines.insert(chooser.randrange(len(lines)), chooser.choice(lines))
            data = b'\r\n'.join(lines)
    return data


class PythonsReading(http.server.BaseHTTPRequestHandler):
    """Parses the first request in some bytes like http.server."""

    protocol_version = 'HTTP/1.1'

    def __init__(self, data):
        self.refusal = None
        self.rfile, self.wfile = io.BytesIO(data), io.BytesIO()
        self.raw_requestline = self.rfile.readline()
        while self.raw_requestline == b'\r\n':  # RFC 9112 2.2 lets a server skip empty lines
            self.raw_requestline = self.rfile.readline()
        self.fine = self.parse_request()

    def send_error(self, code, message=None, explain=None):
        self.refusal = f'{code} {message}'

    def handle_expect_100(self):
        return True

    def values(self):
        """{lower-case name: its values joined}, as environ has them."""
        found = {}
        for name, value in self.headers.items():
            found.setdefault(name.lower(), []).append(value.strip(' \t'))
        return {name: ('; ' if name == 'cookie' else ', ').join(values)
                for name, values in found.items()}

    def body(self):
        rest = self.rfile.read()
        if 'transfer-encoding' not in self.headers:
            return rest[:int(self.headers.get('content-length', 0))]
        ours, theirs = socket.socketpair()
        with contextlib.closing(ours), contextlib.closing(theirs):
            ours.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' + rest)
            ours.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(theirs)
            response.begin()
            return response.read()


def path_of(method, target):
    """PATH_INFO according to urllib; * when OPTIONS asks about the whole server."""
    if not target.startswith(('/', '*')):
        target = urllib.parse.urlsplit(target).path or ('*' if method == 'OPTIONS' else '/')
    return urllib.parse.unquote_to_bytes(target.partition('?')[0].encode('latin-1'))


def served(running, data):
    """What the application received of the first request; None if it was refused."""
    with RawClient(running.address()) as client, contextlib.suppress(
            AssertionError, ConnectionError):
        with contextlib.suppress(ConnectionError):
            client.send(data)
            client.finish_sending()
        answer = client.read_answer()
        while answer.status == 100:
            answer = client.read_answer()
        return json.loads(answer.body) if answer.header('x-served') else None
    return None


# http.server splits the request line as text, where these bytes are white space.
PYTHONS_SPACE = re.compile(rb'[\x85\xa0]')


def compare(told, data):
    reading = PythonsReading(data)
    if reading.refusal == '431 Too many headers':  # http.server's limit is lower
        return
    assert reading.fine, f'Python refuses it: {reading.refusal}'
    target = told['REQUEST_URI']
    assert told['REQUEST_METHOD'] == reading.command
    # http.server merges several slashes at the beginning into one.
    assert target == reading.path or '/' + target.lstrip('/') == reading.path
    assert told['QUERY_STRING'] == target.partition('?')[2]
    assert told['PATH_INFO'].encode('latin-1') == path_of(reading.command, target)
    assert reading.request_version.startswith('HTTP/1')
    values = reading.values()
    for name, value in values.items():
        variable = name.upper().replace('-', '_')
        if '_' in name or name in ('content-length', 'content-type', 'transfer-encoding', 'proxy',
                                   'host'):
            continue
        assert told[f'HTTP_{variable}'] == value, name
    for variable in told:
        if variable.startswith('HTTP_') and variable != 'HTTP_HOST':  # may come from the target
            assert variable[5:].lower().replace('_', '-') in values, variable
    assert told['body'].encode('latin-1') == reading.body()


@pytest.mark.parametrize('seed', range(SEEDS))
def test_what_is_served_is_what_python_reads(module_server, seed):
    running = module_server(APP)
    chooser = random.Random(seed)
    count = 0
    for _ in range(ROUNDS):
        data = mutate(chooser, chooser.choice(CASES))
        if PYTHONS_SPACE.search(data.partition(b'\n')[0]):
            continue
        told = served(running, data)
        if told is None or told['REQUEST_METHOD'] == 'HEAD':
            continue
        count += 1
        try:
            compare(told, data)
        except Exception as error:
            raise AssertionError(f'{data!r}\n{error}\n{told}') from error
    assert count > ROUNDS / 20
