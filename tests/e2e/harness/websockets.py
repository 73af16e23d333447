# SPDX-License-Identifier: MIT
"""Clients of WebSockets: one of a library's, and one whose frames a test makes itself."""
import struct

import websocket

from .client import RawClient
from .limits import DEADLINE

KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def connect(server, path='/', index=0, **options):
    """python3-websocket's client, connected."""
    url, context = url_of(server.address(index), path)
    return websocket.create_connection(
        url, timeout=DEADLINE, sslopt={'context': context} if context else None, **options)


def url_of(address, path='/'):
    """The URL for libraries, and the context of TLS or None."""
    context = getattr(address, 'context', None)
    return f'{"wss" if context else "ws"}://{address[0]}:{address[1]}{path}', context


def frame(opcode, payload=b'', first=0x80):
    """A client's frame; its mask changes the payload."""
    head = bytes([first | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 0x10000:
        head += bytes([0x80 | 126]) + struct.pack('>H', len(payload))
    else:
        head += bytes([0x80 | 127]) + struct.pack('>Q', len(payload))
    mask = b'\x12\x34\x56\x78'
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


class RawSocket(RawClient):
    """A connection with a handshake that is done, whose frames the test makes; `early` is sent
    together with it."""

    def __init__(self, address, path='/', headers='', early=b'', **options):
        super().__init__(address, **options)
        self.send(request(path, headers) + early)
        self.head = self.read_until(b'\r\n\r\n').decode()

    def read_frame(self):
        """(opcode, payload) of a frame; the opcode has 0x80 taken away."""
        first, length = self.read_exactly(2)
        if length == 126:
            length = struct.unpack('>H', self.read_exactly(2))[0]
        elif length == 127:
            length = struct.unpack('>Q', self.read_exactly(8))[0]
        return first & 0x7f, self.read_exactly(length)

    def read_close(self):
        """The code of the closing frame; other frames in front of it are passed over."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == CLOSE:
                return struct.unpack('>H', payload[:2])[0]


def assert_echo(client, message=b'still there'):
    """A RawSocket whose application sends back what it gets, as bytes."""
    client.send(frame(BINARY, message))
    assert client.read_frame() == (BINARY, message)


def request(path='/', headers=''):
    return (f'GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
            f'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n').encode()
