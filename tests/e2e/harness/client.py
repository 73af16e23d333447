# SPDX-License-Identifier: MIT
"""Clients: raw bytes on a socket, plain HTTP requests, curl."""
import http.client
import os
import select
import socket
import struct
import subprocess
import time

from .limits import DEADLINE


class Answer:
    """A response that was read completely."""

    def __init__(self, status, headers, body, version=None):
        self.status = status
        self.headers = headers  # [(lower-case name, value)]
        self.body = body
        self.version = version

    def header(self, name, default=None):
        for key, value in self.headers:
            if key == name.lower():
                return value
        return default

    @property
    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f'<Answer {self.status} {self.headers} {self.body[:200]!r}>'


class RawClient:
    """A connection whose every byte the test controls. Sends pieces as given; reads until a mark,
    one whole response, or the end. With a small receive buffer, its kernel takes next to nothing
    before it reads. An address with a `context` (tls.SecureAddress) is spoken to by TLS."""

    def __init__(self, address, timeout=DEADLINE, receive_buffer=None):
        family = socket.AF_UNIX if isinstance(address, str) else (
            socket.AF_INET6 if ':' in address[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(address)
        if family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(address, 'context'):
            self.socket = address.context.wrap_socket(self.socket, server_hostname=address[0])
        self._buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Ends the connection in a way that the server cannot take for an orderly one."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.socket.close()

    def send(self, *pieces):
        for piece in pieces:
            self.socket.sendall(piece)

    def finish_sending(self):
        # By a socket of its own: one of TLS would forget how to decrypt what comes.
        with socket.socket(fileno=os.dup(self.socket.fileno())) as plain:
            plain.shutdown(socket.SHUT_WR)

    def _more(self):
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def read_until(self, mark):
        """Everything up to and including `mark`."""
        while mark not in self._buffer:
            if not self._more():
                raise AssertionError(f'closed before {mark!r} came: {self._buffer[-500:]!r}')
        head, _, self._buffer = self._buffer.partition(mark)
        return head + mark

    def read_exactly(self, count):
        pieces, missing = [self._buffer], count - len(self._buffer)
        while missing > 0:
            data = self.socket.recv(min(missing, 1 << 20))
            if not data:
                raise AssertionError(f'closed {missing} bytes too early')
            pieces.append(data)
            missing -= len(data)
        data = b''.join(pieces) if len(pieces) > 1 else self._buffer
        data, self._buffer = data[:count], data[count:]
        return data

    def read_all(self):
        pieces = [self._buffer]
        while data := self.socket.recv(1 << 20):
            pieces.append(data)
        self._buffer = b''
        return b''.join(pieces)

    def dribble(self, seconds):
        """Reads for so long, but less than makes room in the server's kernel. Returns the bytes."""
        begin, got = time.monotonic(), b''
        while time.monotonic() - begin < seconds:
            got += self.read_exactly(4096)
            select.select([], [], [], 0.05)  # a reader's slowness, not a wait for something
        return got

    def is_closed_by_server(self):
        """Waits for the end of the connection; False if more bytes come instead."""
        try:
            return not self._buffer and not self._more()
        except ConnectionResetError:
            return True

    def read_head(self):
        head = self.read_until(b'\r\n\r\n').decode('latin-1')
        status_line, *lines = head.rstrip('\r\n').split('\r\n')
        version, status, _ = (status_line + ' ').split(' ', 2)
        headers = [(name.lower(), value.strip())
                   for name, _, value in (line.partition(':') for line in lines)]
        return version, int(status), headers

    def read_chunk(self):
        """The next chunk of a chunked body; b'' for the last one."""
        size = int(self.read_until(b'\r\n').split(b';')[0], 16)
        data = self.read_exactly(size)
        assert self.read_exactly(2) == b'\r\n'
        return data

    def read_answer(self, method='GET'):
        version, status, headers = self.read_head()
        answer = Answer(status, headers, b'', version)
        if method == 'HEAD' or status in (204, 304) or status < 200:
            return answer
        if answer.header('transfer-encoding') == 'chunked':
            while True:
                data = self.read_chunk()
                if not data:
                    return answer
                answer.body += data
        length = answer.header('content-length')
        answer.body = self.read_all() if length is None else self.read_exactly(int(length))
        return answer


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('localhost', timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)  # waits while the listener's queue is full
        self.sock.settimeout(self.timeout)


def open_http(address, timeout=DEADLINE):
    """An http.client connection to ('host', port), or to the path of a unix socket."""
    if isinstance(address, str):
        return UnixConnection(address, timeout)
    if hasattr(address, 'context'):
        return http.client.HTTPSConnection(*address, timeout=timeout, context=address.context)
    return http.client.HTTPConnection(*address, timeout=timeout)


def exchange(connection, method, target, body=None, headers=None):
    """One request on an open http.client connection."""
    connection.request(method, target, body, headers or {})
    response = connection.getresponse()
    body = response.read()
    return Answer(response.status, [(k.lower(), v) for k, v in response.getheaders()], body)


def curl(*arguments, timeout=DEADLINE):
    """Runs curl; returns its output as bytes. Fails if curl does."""
    result = subprocess.run(['curl', '--silent', '--show-error', *map(str, arguments)],
                            capture_output=True, timeout=timeout)
    assert result.returncode == 0, f'curl: {result.returncode} {result.stderr.decode()}'
    return result.stdout
