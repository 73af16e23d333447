# SPDX-License-Identifier: MIT
"""Applications that several tests use, as the text of app.py."""

HELLO = '''
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '5')])
    return [b'hello']
'''

# /pid: the worker's pid. /hold: says so in the log, then waits until somebody asks for /release
# of the same worker. Everything else: the path.
HOLD = '''
import os
from gevent.event import Event

released = Event()


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/hold':
        print('a request is held', flush=True)
        released.wait()
    elif path == '/release':
        released.set()
    body = str(os.getpid()).encode() if path == '/pid' else path.encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''

# /SECONDS: sleeps that long and answers with the worker's pid.
SLEEP = '''
import os
import gevent


def application(environ, start_response):
    gevent.sleep(float(environ['PATH_INFO'][1:] or 0))
    body = str(os.getpid()).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''

# Answers with what was sent; /size only with the length, read in pieces.
ECHO = '''
def application(environ, start_response):
    stream = environ['wsgi.input']
    if environ['PATH_INFO'] == '/size':
        size = 0
        while piece := stream.read(65536):
            size += len(piece)
        body = str(size).encode()
    else:
        body = stream.read()
    start_response('200 OK', [('Content-Type', 'application/octet-stream'),
                              ('Content-Length', str(len(body)))])
    return [body]
'''

# Yields the pieces named in the query, one after the other: /?a,b,c
PIECES = '''
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    for piece in environ['QUERY_STRING'].split(','):
        yield piece.encode()
'''

# Says what happens at the end of its process.
BOTH_ENDS = '''
import atexit
import threading
import time

import gevent
import uwsgi

uwsgi.atexit = lambda: print('uwsgi.atexit has run', flush=True)
atexit.register(lambda: print('atexit has run', flush=True))


def answer(start_response):
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']

'''


def assert_end_of_python(running, times=1):
    text = running.log.text()
    assert text.count('uwsgi.atexit has run') == times
    assert text.index('uwsgi.atexit has run') < text.index('atexit has run\n')
    assert 'exited with code 0' in text
