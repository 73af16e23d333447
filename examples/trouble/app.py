# SPDX-License-Identifier: MIT
"""An application with all kinds of trouble; docs/operating.md shows how to find each."""
import os

import gevent
import geventd


def report():
    gevent.sleep(3600)


def search(words):
    while words.count('needle') == 0 and not os.access('found', os.F_OK):
        continue


def watch_the_order():
    gevent.sleep(3600)


def app(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/report':
        report()
    elif path == '/search':
        search('hay' * 100_000)
    elif path == '/order':
        gevent.spawn(watch_the_order)
    elif path == '/basket':
        return {}['total']
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'ok\n']


def build_index(number):
    raise OSError('there is no index server')


geventd.register(17, '', build_index)
