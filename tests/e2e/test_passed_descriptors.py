# SPDX-License-Identifier: MIT
"""Descriptors that others send to the master: closing them may take as long as the senders like."""
import socket
import struct
import time

import pytest

from harness import client

# A TCP socket whose last close() sleeps in the kernel for a minute.
LINGERING = '''
import array
import os
import socket
import struct

FAR = []


def lingering():
    listener = socket.create_server(('127.0.0.1', 0))
    near = socket.create_connection(listener.getsockname())
    FAR.append(listener.accept()[0])
    near.setblocking(False)
    try:
        while True:
            near.send(bytes(65536))
    except BlockingIOError:
        pass
    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 60))
    return near


def send_along(channel, data, fds):
    rights = array.array('i', [fd.fileno() for fd in fds])
    channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
'''

# Sends one, and one that waits in another socket, to whoever is at the other end of each of its
# channels. The messages before give it time to close its own copy before the other end does.
APP = LINGERING + '''

def send_to(channel):
    direct, nested, (inside, outside) = lingering(), lingering(), socket.socketpair()
    send_along(inside, b'x', [nested])
    nested.close()
    inside.close()
    for _ in range(100):
        channel.send(HELLO)
    send_along(channel, DATA, [direct, outside])
    direct.close()
    outside.close()


def send_to_all():
    sent = 0
    for name in os.listdir('/proc/self/fd'):
        try:
            channel = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        if channel.family == socket.AF_UNIX and channel.type & 15 == socket.SOCK_SEQPACKET:
            send_to(channel)
            sent += 1
    return sent


def application(environ, start_response):
    body = b'' if environ['PATH_INFO'] != '/send' else str(send_to_all()).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

# Hello, the first of all messages (its header is in src/ipc/channel.cpp).
HELLO = struct.pack('10I', 0x67656402, 1, 2, 0, 0, 0, 0, 0, 1, 0)


def is_healthy(running):
    begin = time.monotonic()
    with client.RawClient(str(running.folder / 'watch.sock')) as watcher:
        watcher.send(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        assert watcher.read_answer().status == 200
    return time.monotonic() - begin < 30  # a process that is held up is so for a minute


@pytest.mark.parametrize('data', [HELLO, b'none', b''], ids=['message', 'none', 'empty'])
def test_a_worker_cannot_hold_the_master_by_what_it_sends_along(server, data):
    running = server(f'HELLO, DATA = {HELLO!r}, {data!r}\n' + APP,
                     {'metrics': {'listen': 'http+unix:watch.sock'}})
    running.expect_error('sent an unreadable message')
    assert int(running.get('/send').body) >= 1
    assert is_healthy(running)
    assert running.ctl('reload').returncode == 0  # closes their channels with unread messages
    assert is_healthy(running)


@pytest.mark.parametrize('to, line', [('metrics', b'GET /healthz HTTP/1.1\r\n\r\n'),
                                      ('control', b'{"command": "ping"}\n')],
                         ids=['metrics', 'control'])
@pytest.mark.parametrize('rest', [b'', b'!'], ids=['read', 'unread'])
def test_a_client_cannot_hold_the_master_by_what_it_sends_along(server, to, line, rest):
    running = server(APP, {'metrics': {'listen': 'http+unix:watch.sock'}})
    names = {}
    exec(LINGERING, names)
    with socket.socket(socket.AF_UNIX) as master:
        master.connect(str(running.control_path if to == 'control' else
                           running.folder / 'watch.sock'))
        for data in filter(None, (line[:4], line[4:], rest)):
            near = names['lingering']()
            try:
                names['send_along'](master, data, [near])
            except BrokenPipeError:  # it has answered already
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 0, 0))
            near.close()
    assert is_healthy(running)
    assert running.ctl('status').returncode == 0
