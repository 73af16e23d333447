# SPDX-License-Identifier: MIT
"""The example that gevent is known for, with a slow name server of the test's own."""
import socket
import subprocess
import threading
import time

import pytest

from harness.limits import EXAMPLES

RESOLVER = '''
import os
from gevent.resolver import ares


class Resolver(ares.Resolver):
    """Asks only the test's name server."""

    def __init__(self, hub=None):
        super().__init__(hub=hub, use_environ=False, servers=['127.0.0.1'],
                         udp_port=int(os.environ['TEST_NAME_SERVER_PORT']))
'''


class NameServer:
    """Answers every question for an A record with 192.0.2.N, counting up N, but only when `count`
    questions wait: lookups made one after the other would never be answered."""

    def __init__(self, count):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.count = count
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        waiting = {}
        while True:
            question, sender = self.socket.recvfrom(512)
            if not question:
                return
            end = question.index(b'\0', 12) + 5
            waiting[question[12:end]] = (question, sender)
            if len(waiting) >= self.count:
                for number, (query, (question, sender)) in enumerate(waiting.items(), 1):
                    answer = (question[:2] + b'\x81\x80\0\1\0\1\0\0\0\0' + query
                              + b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4' + bytes([192, 0, 2, number]))
                    self.socket.sendto(answer, sender)
                waiting.clear()

    def close(self):
        self.socket.sendto(b'', ('127.0.0.1', self.port))


@pytest.fixture
def name_server():
    running = NameServer(3)
    yield running
    running.close()


def start_seed(make_server, name_server, hosts, **environment):
    made = make_server()
    for name in ('app.py', 'server.yaml'):
        made.write_app((EXAMPLES / 'seed' / name).read_text(), name)
    made.write_app(RESOLVER, 'loopback_resolver.py')
    return made.start(
        ['--set', 'listen=http://:0', '--set', 'app=app', '--set', 'workers.cores=100',
         '--set', f'control={made.control_path}'],
        environment={'GEVENT_RESOLVER': 'loopback_resolver.Resolver',
                     'TEST_NAME_SERVER_PORT': str(name_server.port),
                     'PYTHONPATH': str(made.folder),
                     'SEED_HOSTS': hosts, **environment})


def test_curl_sees_each_piece_when_it_is_yielded(make_server, name_server):
    running = start_seed(make_server, name_server, 'a.test,b.test,c.test',
                         SEED_SLEEP='3', SEED_PAUSE='0.05')
    curl = subprocess.Popen(['curl', '-sN', running.url()], stdout=subprocess.PIPE)
    arrivals = [(line, time.monotonic()) for line in curl.stdout]
    assert curl.wait() == 0
    lines = [line for line, _ in arrivals]
    assert lines[:3] == [b'sleeping for 3 seconds...\n', b'done\n', b'getting some ips...\n']
    assert {line.split(b': ')[1] for line in lines[3:6]} == {
        b'192.0.2.1\n', b'192.0.2.2\n', b'192.0.2.3\n'}
    assert arrivals[1][1] - arrivals[0][1] > 0.5  # sent 3 s apart, not together
    running.wait_log('background greenlet: 9 of 9')


def test_lookups_that_get_no_answer_end_after_two_seconds(make_server, name_server):
    running = start_seed(make_server, name_server, 'never.test', SEED_SLEEP='0', SEED_PRINTS='0')
    assert 'never.test: no answer in time' in running.get('/').text


def test_the_background_greenlet_goes_on_after_the_answer(make_server, name_server):
    running = start_seed(make_server, name_server, 'a.test,b.test,c.test',
                         SEED_SLEEP='0', SEED_PAUSE='0.5')
    running.get('/')
    seen = running.log.mark()
    running.wait_log('background greenlet: 9 of 9', since=seen)
