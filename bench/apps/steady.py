# SPDX-License-Identifier: MIT
"""The application that the load of `./dev bench reload` requests, from every server."""
import hashlib

import gevent


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
        left = int(environ['CONTENT_LENGTH'])
        while left and (piece := environ['wsgi.input'].read(min(left, 65536))):
            digest.update(piece)
            left -= len(piece)
        body = digest.hexdigest().encode()
    else:
        gevent.sleep(0.005)
        body = b'hello'
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
