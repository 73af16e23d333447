# SPDX-License-Identifier: MIT
"""Signals from worker 2 to worker 1, with the module `uwsgi` of geventd or of uWSGI.

Worker 2 waits for a command in shared memory, carries it out and leaves its figures there; an HTTP
request, answered by either worker, gives commands and reads figures.
"""
import json
import mmap
import struct
import time

import gevent
import uwsgi

NUMBER = 17
SAMPLES = 20000
# command, argument, done, sent, refused, handled, sent_at, latencies...
WORDS = ('command', 'argument', 'done', 'sent', 'refused', 'handled', 'sent_at')
memory = mmap.mmap(-1, 8 * (len(WORDS) + SAMPLES))


def get(name):
    return struct.unpack_from('q', memory, 8 * WORDS.index(name))[0]


def put(name, value):
    struct.pack_into('q', memory, 8 * WORDS.index(name), value)


def handler(number):
    handled = get('handled')
    if handled < SAMPLES:
        latency = time.monotonic_ns() - get('sent_at')
        struct.pack_into('q', memory, 8 * (len(WORDS) + handled), latency)
    put('handled', handled + 1)


uwsgi.register_signal(NUMBER, 'worker1', handler)


def send():
    """True if the signal was accepted. uWSGI never says that it was not."""
    try:
        uwsgi.signal(NUMBER)
    except Exception:
        put('refused', get('refused') + 1)
        return False
    put('sent', get('sent') + 1)
    return True


def latency(count):
    """Sends signals one after the other, on an idle server."""
    for number in range(count):
        put('sent_at', time.monotonic_ns())
        send()
        end = time.monotonic() + 1
        while get('handled') <= number and time.monotonic() < end:
            gevent.sleep(0.0005)


def rate(milliseconds):
    """Sends as many as the receiver takes, retrying refused ones."""
    end = time.monotonic() + milliseconds / 1000
    while time.monotonic() < end:
        for _ in range(50):
            if not send():
                gevent.sleep(0.0005)
        gevent.sleep(0)
    put('argument', get('handled'))  # how many were handled in that time


def burst(count):
    """Sends in a loop that never yields to other greenlets."""
    for _ in range(count):
        send()


COMMANDS = [None, latency, rate, burst]


def obey():
    while True:
        command = get('command')
        if command:
            COMMANDS[command](get('argument'))
            put('command', 0)
            put('done', 1)
        gevent.sleep(0.005)


def start():
    if uwsgi.worker_id() == 2:
        gevent.spawn(obey)


uwsgi.post_fork_hook = start


def figures():
    found = {name: get(name) for name in WORDS}
    count = min(get('handled'), SAMPLES)
    found['latencies'] = struct.unpack_from(f'{count}q', memory, 8 * len(WORDS))
    return found


def application(environ, start_response):
    path, query = environ['PATH_INFO'], environ['QUERY_STRING']
    if path == '/command':
        name, argument = query.split(',')
        for word in WORDS:
            put(word, 0)
        put('argument', int(argument))
        put('command', [f.__name__ if f else '' for f in COMMANDS].index(name))
    body = json.dumps(figures() if path == '/figures' else
                      {word: get(word) for word in WORDS}).encode()
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('Content-Length', str(len(body)))])
    return [body]
