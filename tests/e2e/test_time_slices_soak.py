# SPDX-License-Identifier: MIT
"""Under time slices of a millisecond nothing is lost, stuck or other than without them."""
import concurrent.futures
import re

import pytest

# work() is called here as well, where nothing interrupts it.
WORK = '''
import hashlib
import json
import random
import re
import sqlite3
import ssl


def compute(numbers):
    total = 0
    for number in numbers:
        total = (total * 31 + number) % 1_000_003
    return total


def parts_of(numbers):
    try:
        for at in range(0, len(numbers), 30):
            yield compute(numbers[at:at + 30])
    finally:
        compute(numbers)


def in_a_base(words):
    with sqlite3.connect(':memory:') as base:
        base.execute('create table word (text, size)')
        base.executemany('insert into word values (?, ?)', ((w, len(w)) for w in words))
        return base.execute('select sum(size), count(distinct text) from word').fetchone()


def side_of_tls(protocol):
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers('aNULL:@SECLEVEL=0')  # without certificates
    return context


CLIENT, SERVER = map(side_of_tls, (ssl.PROTOCOL_TLS_CLIENT, ssl.PROTOCOL_TLS_SERVER))


def over_tls(text):
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = CLIENT.wrap_bio(back, there)
    server = SERVER.wrap_bio(there, back, server_side=True)
    for step in (client.do_handshake, server.do_handshake) * 2:
        try:
            step()
        except ssl.SSLWantReadError:
            pass
    client.write(text.encode())
    return server.read().decode()


def caught(numbers):
    try:
        try:
            raise KeyError(compute(numbers))
        except KeyError as error:
            compute(numbers)
            raise ValueError(error.args[0] + 1) from error
    except ValueError as error:
        compute(numbers)
        return error.args[0], error.__cause__.args[0]


def work(n):
    source = random.Random(n)
    numbers = [source.randrange(100_000) for _ in range(300)]
    words = json.loads(json.dumps({'words': [str(number) for number in numbers]}))['words']
    found = re.findall('(?:[135]|7[0-9])+', ' '.join(words))
    ordered = sorted(words, key=lambda word: (len(word), word[::-1]))
    facts = [n, found[:50], ordered[::10], list(parts_of(numbers)), in_a_base(words[:200]),
             caught(numbers), {word: len(word) for word in words}, n % 10 or over_tls(words[0])]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
'''

APP = WORK + '''
import contextvars
import itertools
import logging
import os
import threading

import gevent
import gevent.event
import gevent.local
import geventd
import uwsgi

lock, rlock = threading.Lock(), threading.RLock()
counted, requests = 0, itertools.count()
local, variable = gevent.local.local(), contextvars.ContextVar('number')
log = logging.getLogger('soak')
log.addHandler(logging.FileHandler('lines'))
log.propagate = False
log.setLevel(logging.INFO)


@geventd.register(9)
def handler(number):
    compute(range(20_000))
    with rlock:
        with open('handled', 'a') as file:
            file.write(geventd.signal_info().payload.decode() + '\\n')


def count():
    global counted
    with lock:
        before = counted
        compute(range(2000))
        counted = before + 1


def time_out():
    with gevent.Timeout(0.003, False):
        while True:
            pass


def wait_for_another(numbers):
    event = gevent.event.Event()
    other = gevent.spawn(lambda: (compute(numbers), event.set(), compute(numbers))[0])
    event.wait()
    return other.get()


def beside_the_hub(numbers):
    return gevent.get_hub().threadpool.apply(compute, (numbers,))


def atomically(numbers):
    with geventd.atomic():
        return compute(numbers)


WAYS = (wait_for_another, beside_the_hub, atomically, lambda numbers: (time_out(), 0)[1], compute)


def check(n):
    """What is of this greenlet alone stays its own, however it waits."""
    local.number = n
    variable.set(n)
    numbers = range(n, n + 5000)
    found = WAYS[n % len(WAYS)](numbers)
    assert found in (0, compute(numbers)), (n, found)
    assert (local.number, variable.get()) == (n, n)


def application(environ, start_response):
    n = int(environ['PATH_INFO'][1:])
    number = next(requests)
    check(n)
    body = work(n).encode()
    count()
    log.info('request %d %s', n, 'x' * 100)
    if number % 10 == 0:
        geventd.signal(9, b'%d.%d' % (os.getpid(), number))
        log.info('signal %d.%d', os.getpid(), number)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]


def tell():
    print(f'counted {counted} of {next(requests)}', flush=True)


uwsgi.atexit = tell
'''
KINDS = 200  # of requests
CLIENTS = 8


def answers_here():
    there = {}
    exec(WORK, there)
    return [there['work'](n) for n in range(KINDS)]


def ask(running, numbers, expected):
    """How many answers were as expected; raises AssertionError at the first other one."""
    answered = 0
    for n in numbers:
        answer = running.get(f'/{n}')
        assert (answer.status, answer.text) == (200, expected[n]), n
        answered += 1
    return answered


def soak(server, count, reloads):
    running = server(APP, {'workers': {'processes': 2, 'time-slice': '1ms',
                                       'time-slice-background': True}})
    expected = answers_here()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        asked = [pool.submit(ask, running, [n % KINDS for n in range(first, count, CLIENTS)],
                             expected) for first in range(CLIENTS)]
        for _ in range(reloads):
            running.ctl('reload')
        assert sum(future.result() for future in asked) == count
    assert sum(worker['slices'] for worker in running.status()['workers']) > 0
    running.stop()
    lines = [line.split() for line in (running.folder / 'lines').read_text().splitlines()]
    assert [line[2] for line in lines if line[0] == 'request'] == ['x' * 100] * count
    assert sorted((running.folder / 'handled').read_text().split()) == sorted(
        line[1] for line in lines if line[0] == 'signal')
    counted = re.findall(r'^counted (\d+) of (\d+)$', running.log.text(), re.M)
    assert sum(int(seen) for seen, _ in counted) == count
    assert all(seen == begun for seen, begun in counted)


def test_answers_are_the_same(server):
    soak(server, 800, reloads=1)


@pytest.mark.slow
def test_half_a_million_answers_are_the_same(server):
    soak(server, 500_000, reloads=20)
