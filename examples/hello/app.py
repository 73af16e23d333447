# SPDX-License-Identifier: MIT
"""The smallest application: one answer for every request."""


def application(environ, start_response):
    body = b'Hello from geventd!\n'
    start_response('200 OK', [
        ('Content-Type', 'text/plain; charset=utf-8'),
        ('Content-Length', str(len(body))),
    ])
    return [body]
