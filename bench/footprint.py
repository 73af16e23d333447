# SPDX-License-Identifier: MIT
"""Memory of idle connections; start-up and memory of workers; balance between two of them."""
import http.client
import socket
import time

import load
import processes
import report
import rounds

CONNECTIONS = 10_000
REQUEST = b'GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

IDLE = (
    report.Column('each', 'KiB each', 1, '.2f'),
    report.Column('base', 'base PSS MiB', 1 / 1024, '.1f'),
    report.Column('held', 'connections', 1, ',.0f'),
)
START = (
    report.Column('first', 'first answer ms', 1e3, '.0f'),
    report.Column('one', 'one worker, PSS MiB', 1 / 1024, '.1f'),
    report.Column('four', 'four preloaded', 1 / 1024, '.1f'),
    report.Column('ratio', 'four to one', 1, '.2f'),
    report.Column('hello', 'largest process, no framework', 1 / 1024, '.1f'),
    report.Column('cores', '1,000 cores more, KiB', 1, '.0f'),
)
BALANCE = (
    report.Column('rate', 'requests/s', 1, ',.0f'),
    report.Column('cpu', 'CPU µs/request', 1e6, '.1f'),
    report.Column('balance', 'most to least', 1, '.2f'),
    report.Column('errors', 'errors', 1, '.0f'),
)


def pss(server):
    return sum(processes.memory(pid)[0] for pid in server.pids())


def ask(port, path='/hello'):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    connection.request('GET', path)
    if connection.getresponse().read() is None:
        raise OSError('no answer')
    connection.close()


def open_kept(port):
    """An idle connection that has had a response; None where the server refuses it."""
    client = socket.create_connection(('127.0.0.1', port), 30)
    client.sendall(REQUEST)
    if not client.recv(4096):
        client.close()
        return None
    return client


def idle(kind):
    with rounds.started(kind, connections=CONNECTIONS + 1000) as (server, port):
        load.run(port, load.Work(), 1, rounds.LOAD_CORE)  # warm up
        base = pss(server)
        clients = []
        try:
            for _ in range(CONNECTIONS):
                client = open_kept(port)
                if client is not None:
                    clients.append(client)
            grown = pss(server) - base
        finally:
            for client in clients:
                client.close()
    return {'each': grown / max(1, len(clients)), 'base': base, 'held': len(clients)}


def first_answer(kind):
    """Seconds from the start of the program to its first answer."""
    begin = time.monotonic()
    with rounds.started(kind) as (server, port):
        while True:
            try:
                ask(port)
                return time.monotonic() - begin
            except OSError:
                if not server.alive():
                    raise RuntimeError(server.words()) from None
                time.sleep(0.001)


def resting_memory(kind, **options):
    """In KiB after some requests: PSS of all processes, of the largest, private memory of all."""
    with rounds.started(kind, cores=(0, 1), **options) as (server, port):
        for _ in range(200):
            ask(port, '/')
        time.sleep(0.5)
        sizes = [processes.memory(pid) for pid in server.pids()]
    shares = [share for share, _ in sizes]
    return sum(shares), max(shares), sum(private for _, private in sizes)


def start(kind):
    django = {'app': 'django_hello:application', 'slots': 100, 'preload': True}
    one, _, _ = resting_memory(kind, **django)
    four, _, _ = resting_memory(kind, **django, workers=4)
    _, hello, few = resting_memory(kind, slots=10)
    _, _, many = resting_memory(kind, slots=1010)
    return {'first': first_answer(kind), 'one': one, 'four': four, 'ratio': four / one,
            'hello': hello, 'cores': many - few}


def balance(kind, seconds):
    with rounds.started(kind, cores=rounds.SERVER_CORES, workers=2) as (server, port):
        load.run(port, load.Work('/pid'), 1, rounds.LOAD_CORE)
        before = server.cpu_seconds()
        result, shares = load.run_counting(port, load.Work('/pid'), seconds, rounds.LOAD_CORE,
                                           not kind.keep_alive)
        used = server.cpu_seconds() - before
    least = min(shares.values()) if len(shares) > 1 else 0
    return {'rate': result.rate, 'cpu': used / max(1, result.requests),
            'balance': max(shares.values()) / least if least else float('inf'),
            'errors': result.errors}


def run(name, kinds, plan):
    load.allow_connections()
    # Servers with a single process can neither have four workers nor be balanced.
    many = [kind for kind in kinds if kind.many_workers]
    title, columns, measure, chosen, key = {
        'idle': ('W8 memory of 10,000 idle connections', IDLE, idle,
                 [kind for kind in kinds if kind.keep_alive], 'each'),
        'start': ('W9 start-up, and memory of a Django application', START, start, many, 'first'),
        'balance': ('W12 two workers, 64 connections kept', BALANCE,
                    lambda kind: balance(kind, plan.seconds), many, 'balance'),
    }[name]
    samples = rounds.in_turns(title, rounds.able(chosen, name), plan, measure, columns)
    return report.Table(name, title, columns, samples, key)


WORKS = ('idle', 'start', 'balance')
