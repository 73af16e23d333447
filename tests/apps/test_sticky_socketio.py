# SPDX-License-Identifier: MIT
"""Socket.IO over four workers, with its own server and clients, and a reload between: 200 clients,
half of them upgrade to WebSocket."""
import json
import re
import signal
import subprocess

import pytest

from harness.limits import DEADLINE
from harness.virtualenv import make_virtualenv

PACKAGES = ['python-socketio', 'aiohttp']
APP = '''
import os

import socketio

sio = socketio.Server(cors_allowed_origins='*', ping_interval=5, ping_timeout=300)
application = socketio.WSGIApp(sio)


@sio.event
def where(sid, data):
    return os.getpid()
'''
# Says "ready" when all are connected, goes on asking until it is told to stop, and tells what has
# happened: how many calls failed, which workers have answered whom, and how often who connected.
CLIENT = '''
import asyncio
import json
import sys

import socketio

url, count = sys.argv[1], int(sys.argv[2])
stop = asyncio.Event()
clients = []


class Client:
    def __init__(self, transports):
        self.transports = transports
        self.pids = []
        self.failed = []
        self.connects = 0
        self.sio = socketio.AsyncClient(reconnection_delay=0.2, reconnection_delay_max=1)
        self.sio.on('connect', self.connected)

    async def connected(self):
        self.connects += 1

    async def start(self):
        await self.sio.connect(url, transports=self.transports, wait_timeout=60)
        await self.ask()

    async def ask(self):
        pid = await self.sio.call('where', 'me', timeout=20)
        if pid not in self.pids:
            self.pids.append(pid)

    async def stay(self):
        more = 3  # after the end was asked for
        while more > 0:
            more -= stop.is_set()
            try:
                await self.ask()
            except Exception as error:
                if self.transports == ['polling']:  # the others are closed by the reload
                    self.failed.append(repr(error))
            await asyncio.sleep(0.5)
        return {'transport': self.sio.transport(), 'pids': self.pids, 'failed': self.failed,
                'connects': self.connects}


async def main():
    for i in range(count):
        clients.append(Client(['polling'] if i % 2 else ['polling', 'websocket']))
    for i in range(0, count, 20):
        await asyncio.gather(*(client.start() for client in clients[i:i + 20]))
    print('ready', flush=True)
    asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline).add_done_callback(
        lambda _: stop.set())
    told = await asyncio.gather(*(client.stay() for client in clients))
    await asyncio.gather(*(client.sio.disconnect() for client in clients))
    print(json.dumps(told), flush=True)

asyncio.run(main())
'''
COUNT = 200


@pytest.fixture(scope='module')
def libraries(tmp_path_factory):
    return make_virtualenv(tmp_path_factory.mktemp('socketio') / 'venv', PACKAGES)


def config(libraries, **more):
    return {'app': {'virtualenv': str(libraries)}, 'workers': {'processes': 4, 'cores': 500},
            'log': {'access': '${status} ${method} ${uri}'},
            'limits': {'drain-websockets': '10m'}, **more}


class Crowd:
    def __init__(self, running, virtualenv):
        self.process = subprocess.Popen(
            [virtualenv / 'bin/python', '-c', CLIENT, running.url(''), str(COUNT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def wait_ready(self):
        assert self.process.stdout.readline() == 'ready\n'

    def stop(self):
        out, _ = self.process.communicate('\n', timeout=4 * DEADLINE)
        assert self.process.returncode == 0
        return json.loads(out)


def test_two_hundred_clients_and_a_reload(server, libraries):
    running = server(APP, config(libraries, sticky={'query': 'sid'}))
    old = set(running.workers())
    crowd = Crowd(running, libraries)
    crowd.wait_ready()
    running.signal(signal.SIGHUP)
    new = set(running.wait_workers(4, without=old))
    # Those with a WebSocket are sent away, and come back to the new workers.
    running.wait_status(lambda status: sum(
        worker['websockets'] for worker in status['workers'] if worker['pid'] in new)
        >= COUNT // 2, timeout=4 * DEADLINE)
    told = crowd.stop()
    upgraded = [client for client in told if client['transport'] == 'websocket']
    polling = [client for client in told if client['transport'] == 'polling']
    assert (len(upgraded), len(polling)) == (COUNT // 2, COUNT // 2)
    assert {client['connects'] for client in upgraded} == {2}
    assert {client['connects'] for client in polling} == {1}  # their sessions went on
    assert [client['failed'] for client in polling if client['failed']] == []
    assert all(len(client['pids']) == 1 and client['pids'][0] in old for client in polling)
    assert len({client['pids'][0] for client in told}) == 4
    # The old workers need not wait for their time: all sessions have ended.
    running.wait_status(lambda status: not old & {worker['pid'] for worker in status['workers']})
    assert re.findall(r'400 \S+ \S*sid=\S*', running.log.text()) == []


def test_without_the_setting_the_log_names_it(server, libraries):
    running = server(APP, config(libraries))
    assert 'set sticky' not in running.log.text()  # a client alone needs nothing
    for _ in range(200):
        assert running.get('/socket.io/?EIO=4&transport=polling').status == 200
        if 'set sticky' in running.log.text():
            break
    running.wait_log(r'has sessions of engineio \(Socket.IO\), each of which lives in one worker, '
                     r'and there are 4: set sticky: \{query: sid\}')
    assert running.log.text().count('set sticky') == 1
