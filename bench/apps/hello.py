# SPDX-License-Identifier: MIT
"""The WSGI application of the benchmarks, the same under every server: one path per benchmark."""
import os

import gevent

HELLO = b'Hello, world!'
BLOCK = b'x' * (64 << 10)
PIECE = b'y' * 1024


def hello(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '13')])
    return [HELLO]


def block(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'),
                              ('Content-Length', str(len(BLOCK)))])
    return [BLOCK]


def echo(environ, start_response):
    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]


def upload(environ, start_response):
    left = int(environ.get('CONTENT_LENGTH') or 0)
    while left > 0:
        piece = environ['wsgi.input'].read(min(left, 64 << 10))
        if not piece:
            break
        left -= len(piece)
    return hello(environ, start_response)


def sleep(environ, start_response):
    gevent.sleep(float(environ['QUERY_STRING'] or '0.01'))
    return hello(environ, start_response)


def stream(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return (PIECE for _ in range(100))


def pid(environ, start_response):
    text = str(os.getpid()).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(text)))])
    return [text]


PATHS = {'/hello': hello, '/block': block, '/echo': echo, '/upload': upload, '/sleep': sleep,
         '/stream': stream, '/pid': pid}


def application(environ, start_response):
    return PATHS.get(environ['PATH_INFO'], hello)(environ, start_response)
