# SPDX-License-Identifier: MIT
"""What gevent is for, in one request: a sleep that blocks nobody, a greenlet that is waited for,
pieces of the response that are sent as they are yielded, host names looked up at the same time,
and work that goes on after the response.

    geventd --set listen=http://:8000 --set app=app --set workers.cores=100
    curl -N http://127.0.0.1:8000/

Environment variables make it quicker or quieter: SEED_SLEEP and SEED_PAUSE (seconds), SEED_HOSTS
(names, separated by commas), SEED_PRINTS.
"""
import os

import gevent
import gevent.socket

SLEEP = float(os.environ.get('SEED_SLEEP', '3'))
PAUSE = float(os.environ.get('SEED_PAUSE', '2'))
PRINTS = int(os.environ.get('SEED_PRINTS', '9'))
HOSTS = os.environ.get('SEED_HOSTS', 'www.debian.org,www.python.org,www.gevent.org').split(',')


def count():
    """Yields to other greenlets after each step."""
    for _ in range(9):
        gevent.sleep()


def report():
    """Outlives the request that spawned it."""
    for turn in range(1, PRINTS + 1):
        print(f'background greenlet: {turn} of {PRINTS}', flush=True)
        gevent.sleep(PAUSE)


def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain; charset=utf-8')])
    gevent.spawn(count).join()
    yield b'sleeping for 3 seconds...\n'
    gevent.sleep(SLEEP)
    yield b'done\n'

    yield b'getting some ips...\n'
    lookups = [gevent.spawn(gevent.socket.gethostbyname, host) for host in HOSTS]
    gevent.joinall(lookups, timeout=2)
    for host, lookup in zip(HOSTS, lookups):
        address = lookup.value if lookup.successful() else 'no answer in time'
        yield f'{host}: {address}\n'.encode()
    gevent.killall(lookups, block=False)

    gevent.spawn(report)
    yield b'the background greenlet goes on after this answer\n'
