# SPDX-License-Identifier: MIT
"""environ['wsgi.websocket'], as gevent-websocket gives it to applications. It answers the
handshake when it is first used, so that an application which uses the connection in another way, or
answers the request, is not disturbed.

Embedded in geventd-worker; imported when the first request asks for a WebSocket.
"""
import itertools
import logging
import sys

import _geventd_worker
import geventd

_SOCKET_DEAD = "Socket is dead"
_ALREADY_CLOSED = "Connection is already closed"
_CLOSED = "Connection closed"


class WebSocketError(OSError):
    """That of gevent-websocket, where it is not installed."""


def _error(text):
    exceptions = sys.modules.get("geventwebsocket.exceptions")
    if exceptions is None:
        try:
            from geventwebsocket import exceptions
        except ImportError:
            return WebSocketError(text)
    return exceptions.WebSocketError(text)


class _NoApplication:
    def on_close(self, *args):
        pass


class Client:
    """Somebody who is connected: his address and his WebSocket."""

    def __init__(self, address, ws):
        self.address = address
        self.ws = ws


class _Server:
    """What applications use of the server: the clients of this worker, by address."""

    def __init__(self):
        self.clients = {}
        self.application = _geventd_worker.applications.get("")
        self.logger = logging.getLogger("geventwebsocket")


_server = None
_numbers = itertools.count(1)


def _address_of(environ):
    """What tells a client from the others. One of a unix socket, or behind a trusted proxy, has no
    port, so it gets a number instead."""
    port = environ.get("REMOTE_PORT") or f"#{next(_numbers)}"
    return environ.get("REMOTE_ADDR", ""), port


class _Handler:
    def __init__(self, websocket, environ):
        self.websocket = websocket
        self.environ = environ
        self.client_address = _address_of(environ or {})
        self.server = _server
        self.application = _server.application
        self.logger = _server.logger

    @property
    def active_client(self):
        return self.server.clients.get(self.client_address)


class WebSocket:
    """Each request that asks for a WebSocket has one, most of which nobody uses: so it is small."""

    __slots__ = ("environ", "_closed", "stream", "_socket", "_client", "_handler", "_receives",
                 "_seen_left", "__weakref__")

    OPCODE_CONTINUATION = 0x00
    OPCODE_TEXT = 0x01
    OPCODE_BINARY = 0x02
    OPCODE_CLOSE = 0x08
    OPCODE_PING = 0x09
    OPCODE_PONG = 0x0A

    def __init__(self, environ, socket):
        self.environ = environ
        self._closed = False
        self.stream = None
        self._socket = socket
        self._client = None
        self._handler = None
        self._receives = False
        self._seen_left = False

    @property
    def handler(self):
        if self._handler is None:
            self._handler = _Handler(self, self.environ)
        return self._handler

    def _open(self):
        """Raises a WebSocketError when it cannot be opened, mostly because the client has left."""
        if self._client is None:
            offered = self._socket.offered
            try:
                self._socket.accept(offered[0] if offered else None)
            except geventd.WebSocketClosed:
                self._end()
                raise _error(_SOCKET_DEAD) from None
            self._client = Client(self.handler.client_address, self)
            self.handler.server.clients[self._client.address] = self._client

    def _leave(self):
        """It is no client any more. Another one may have come from the same address meanwhile."""
        if self._client is not None and self.handler.active_client is self._client:
            del self.handler.server.clients[self._client.address]

    @property
    def closed(self):
        """Looking at it answers the handshake: a handler that waits while it is False, and leaves
        the rest to others, uses nothing else."""
        if not self._closed:
            try:
                self._open()
            except (OSError, RuntimeError):  # no client, another answer, or another thread
                return True
        return self._closed or self._socket.ended or self._is_left()

    def _is_left(self):
        """The client is gone, and nobody will take what it has sent: a handler that receives has
        done so before it looks again."""
        if self._receives or self._socket.close_code is None:
            return False
        was_seen, self._seen_left = self._seen_left, True
        return was_seen

    def _end(self):
        self._closed = True
        self.environ = None
        if self._handler is not None:
            self._handler.environ = None
        self._leave()

    @property
    def current_app(self):
        return getattr(self.handler.server.application, "current_app", None) or _NoApplication()

    @property
    def origin(self):
        return self.environ and self.environ.get("HTTP_ORIGIN")

    @property
    def protocol(self):
        return self.environ and self.environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL")

    @property
    def version(self):
        return self.environ and self.environ.get("HTTP_SEC_WEBSOCKET_VERSION")

    @property
    def path(self):
        return self.environ and self.environ.get("PATH_INFO")

    @property
    def logger(self):
        return self.handler.logger

    def receive(self):
        """A str or a bytearray; None when the client has closed."""
        if self._closed:
            self.current_app.on_close(_ALREADY_CLOSED)
            raise _error(_ALREADY_CLOSED)
        self._open()
        self._receives = True
        try:
            message = self._socket.receive()
        except geventd.WebSocketClosed:
            self._end()
            if self._socket.close_code == 1006:
                self.current_app.on_close(_CLOSED)
            return None
        return message if isinstance(message, str) else bytearray(message)

    read_message = receive

    def send(self, message, binary=None):
        if binary is None:
            binary = not isinstance(message, str)
        try:
            self.send_frame(message, self.OPCODE_BINARY if binary else self.OPCODE_TEXT)
        except OSError:
            self._leave()
            self.current_app.on_close(_SOCKET_DEAD)
            raise _error(_SOCKET_DEAD) from None

    def send_frame(self, message, opcode):
        if self._closed:
            self.current_app.on_close(_ALREADY_CLOSED)
            raise _error(_ALREADY_CLOSED)
        self._open()
        try:
            if opcode == self.OPCODE_TEXT:
                if isinstance(message, (bytes, bytearray)):
                    message = bytes(message).decode()
                self._socket.send(message if isinstance(message, str) else str(message or ""))
            elif opcode == self.OPCODE_BINARY:
                self._socket.send(message.encode() if isinstance(message, str) else bytes(message))
            elif opcode == self.OPCODE_PING:
                self._socket.ping(message or b"")
            elif opcode == self.OPCODE_CLOSE:
                self.close(message=message)
            # The server answers pings itself: a pong of the application's has nothing to say.
        except geventd.WebSocketClosed:
            raise _error(_SOCKET_DEAD) from None

    def close(self, code=1000, message=b""):
        if self._closed:
            self.current_app.on_close(_ALREADY_CLOSED)
            return
        reason = message.decode() if isinstance(message, (bytes, bytearray)) else message or ""
        try:
            self._open()
            self._socket.close(code, reason)
        except OSError:
            pass  # it could not even be opened
        finally:
            self._end()


def add_to(environ, socket):
    """Gives the environ of a request, which asks for a WebSocket, the object. Returns it: its
    _end() is to be called when the request has ended."""
    global _server
    if _server is None:
        _server = _Server()
    websocket = WebSocket(environ, socket)
    environ["wsgi.websocket"] = websocket
    environ["wsgi.websocket_version"] = environ.get("HTTP_SEC_WEBSOCKET_VERSION")
    return websocket
