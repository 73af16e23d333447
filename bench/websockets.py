#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""./bench/websockets.py: the CPU time of a server per echoed WebSocket message of 1 KiB.

One process makes the load: each of its connections sends a message when it has the echo of the last
one. Servers take turns; the median of the rounds counts. Peers come from the virtual environment
that GEVENTD_PEERS names (gevent-websocket, flask-sock, gunicorn, uwsgi); those that are missing are
said to be.
"""
import argparse
import json
import os
import pathlib
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BENCH = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get('GEVENTD_BUILD', BENCH.parent / 'build'))
PEERS = pathlib.Path(os.environ.get('GEVENTD_PEERS', '/usr'))
TICK = os.sysconf('SC_CLK_TCK')
SIZE = 1024
MASK = b'\x12\x34\x56\x78'
MESSAGE = bytes(97 + at % 26 for at in range(SIZE))
FRAME = (b'\x81\xfe' + SIZE.to_bytes(2, 'big') + MASK
         + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(MESSAGE)))
ECHO = 4 + SIZE
REQUEST = (b'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
           b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')


def geventd(face):
    def command(folder, port):
        config = {'listen': f'http://127.0.0.1:{port}', 'control': f'{folder}/control',
                  'app': {'module': f'websocket_echo:{face}', 'chdir': str(BENCH / 'apps')},
                  'workers': {'processes': 1}}
        (folder / 'server.yaml').write_text(json.dumps(config))
        return [str(BUILD / 'geventd'), '-c', str(folder / 'server.yaml')]
    return command


def gunicorn(worker, app):
    def command(folder, port):
        return [str(PEERS / 'bin/python3'), '-m', 'gunicorn', '-k', worker, '-w', '1',
                '--worker-connections', '20000', '--chdir', str(BENCH / 'apps'),
                '-b', f'127.0.0.1:{port}',
                f'websocket_echo:{app}']
    return command


def uwsgi(folder, port):
    return ['uwsgi', '--plugin', 'python3,gevent_python3', '--http-socket', f'127.0.0.1:{port}',
            '--http-websockets', '--gevent', '2000', '--gevent-monkey-patch', '--master',
            '--processes', '1', '--chdir', str(BENCH / 'apps'), '--disable-logging',
            '--module', 'websocket_echo:uwsgi_functions']


SERVERS = {
    'geventd, geventd.websocket()': geventd('native'),
    'geventd, uwsgi.websocket_*': geventd('uwsgi_functions'),
    'geventd, wsgi.websocket': geventd('gevent_websocket'),
    'geventd, flask-sock': geventd('flask_sock'),
    'gunicorn, gevent-websocket': gunicorn('geventwebsocket.gunicorn.workers.GeventWebSocketWorker',
                                           'gevent_websocket'),
    'gunicorn -k gevent, flask-sock': gunicorn('gevent', 'flask_sock'),
    'uWSGI --gevent': uwsgi,
}


def tree(pid):
    yield pid
    try:
        children = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    except OSError:
        return
    for child in children:
        yield from tree(int(child))


def fields(pid):
    return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()


def cpu_seconds(pid):
    return sum(int(fields(each)[11]) + int(fields(each)[12]) for each in tree(pid)) / TICK


def private_bytes(pid):
    total = 0
    for each in tree(pid):
        for line in pathlib.Path(f'/proc/{each}/smaps_rollup').read_text().splitlines():
            if line.startswith('Pss:'):
                total += int(line.split()[1]) * 1024
    return total


def connect(port):
    client = socket.create_connection(('127.0.0.1', port), 10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(REQUEST)
    head = b''
    while b'\r\n\r\n' not in head:
        piece = client.recv(4096)
        assert piece, head
        head += piece
    assert head.startswith(b'HTTP/1.1 101'), head
    client.setblocking(False)
    return client


def echo(clients, seconds):
    """How many messages came back."""
    poll = select.epoll()
    waiting = {}
    for client in clients:
        poll.register(client, select.EPOLLIN)
        waiting[client.fileno()] = [client, ECHO]
        client.send(FRAME)
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for fd, _ in poll.poll(1):
            entry = waiting[fd]
            entry[1] -= len(entry[0].recv(ECHO))
            if entry[1] == 0:
                entry[1] = ECHO
                done += 1
                entry[0].send(FRAME)
    return done


def start(command, folder, port):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=open(folder / 'log', 'w'), start_new_session=True)
    end = time.monotonic() + 20
    while True:
        try:
            connect(port).close()
            return process
        except (OSError, AssertionError):
            if process.poll() is not None or time.monotonic() > end:
                os.killpg(process.pid, signal.SIGKILL)
                raise RuntimeError((folder / 'log').read_text()[-300:]) from None
            threading.Event().wait(0.1)


def measure(name, connections, seconds):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix='geventd-bench-') as path:
        folder = pathlib.Path(path)
        process = start(SERVERS[name](folder, port), folder, port)
        try:
            empty = private_bytes(process.pid)
            clients = [connect(port) for _ in range(connections)]
            memory = (private_bytes(process.pid) - empty) / connections
            echo(clients, 0.5)
            for client in clients:
                client.close()
            clients = [connect(port) for _ in range(connections)]
            before = cpu_seconds(process.pid)
            done = echo(clients, seconds)
            return (cpu_seconds(process.pid) - before) / max(done, 1), done / seconds, memory
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--connections', type=int, default=100)
    parser.add_argument('--seconds', type=float, default=4)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    names = [name for name in SERVERS if not options.names
             or any(part in name for part in options.names)]
    results = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            try:
                results[name].append(measure(name, options.connections, options.seconds))
            except (RuntimeError, OSError, AssertionError) as error:
                print(f'not run: {name}: {error}', file=sys.stderr)
    print('| server | CPU µs/message | messages/s | KiB/connection |\n| --- | --- | --- | --- |')
    for name, rows in results.items():
        if rows:
            cpu, rate, memory = (statistics.median(column) for column in zip(*rows))
            print(f'| {name} | {cpu * 1e6:.1f} | {rate:,.0f} | {memory / 1024:.1f} |')


if __name__ == '__main__':
    main()
