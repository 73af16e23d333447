# SPDX-License-Identifier: MIT
"""The four ways by which an application uses a WebSocket, behind one interface."""

FACES = ('geventd', 'uwsgi', 'wsgi.websocket', 'gunicorn.socket')

# Goes in front of an application that speaks on gunicorn.socket itself.
HANDSHAKE = '''
import base64
import hashlib

GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'


def handshake(environ, sock):
    key = (environ['HTTP_SEC_WEBSOCKET_KEY'] + GUID).encode()
    accept = base64.b64encode(hashlib.sha1(key).digest())
    sock.send(b'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n'
              b'Connection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + b'\\r\\n\\r\\n')
'''

# Goes in front of an application: opened(environ) opens the WebSocket of a request in the way that
# its path names, and returns (receive, send). receive() waits for a message, and returns None at
# the end; send() takes bytes.
OPENED = '''
import geventd
import uwsgi


def native(environ):
    ws = geventd.websocket(environ)
    ws.accept()
    return lambda: next(ws, None), ws.send


def functions(environ):
    uwsgi.websocket_handshake()

    def receive():
        try:
            return uwsgi.websocket_recv()
        except OSError:
            return None

    return receive, uwsgi.websocket_send_binary


def gevent_websocket(environ):
    ws = environ['wsgi.websocket']
    return ws.receive, ws.send


def library(environ):
    """Makes frames itself, and understands those of less than 126 bytes."""
    sock = environ['gunicorn.socket']
    sock.send(b'HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n')

    def take(count):
        got = b''
        while len(got) < count:
            more = sock.recv(count - len(got))
            if not more:
                return b''
            got += more
        return got

    def receive():
        head = take(2)
        mask = take(4)
        payload = take(head[1] & 0x7f) if mask else b''
        payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        if head[:1] == b'\\x88':
            sock.send(b'\\x88' + bytes([len(payload)]) + payload)
        return None if head[:1] in (b'', b'\\x88') else payload

    def send(message):
        size = len(message)
        length = bytes([size]) if size < 126 else b'\\x7f' + size.to_bytes(8, 'big')
        sock.send(b'\\x82' + length + message)

    return receive, send


def opened(environ):
    ways = {'/geventd': native, '/uwsgi': functions, '/wsgi.websocket': gevent_websocket,
            '/gunicorn.socket': library}
    return ways[environ['PATH_INFO']](environ)
'''

# /page: a page; the other paths name a way, and echo.
ECHOES = OPENED + '''

def echo(environ):
    receive, send = opened(environ)
    while (message := receive()) is not None:
        send(message)
    return []


def application(environ, start_response):
    if environ['PATH_INFO'] != '/page':
        return echo(environ)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'a page']
'''
