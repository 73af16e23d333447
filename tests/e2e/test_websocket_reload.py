# SPDX-License-Identifier: MIT
"""A reload while 2,000 WebSockets are open: they come back one after the other, and the requests
beside them notice nothing."""
import asyncio
import resource
import signal

import pytest

from harness.steady_load import SteadyLoad
from harness.websockets import request

CLIENTS = 2000
OTHERS = ('behind nginx', 'kept behind nginx', 'upload', 'upload behind nginx', 'stream',
          'stream behind nginx', 'signal')
APP = '''
import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    if ws is None:
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'hello']
    ws.accept()
    for message in ws:
        ws.send(message)
    return []
'''


class Crowd:
    """Clients that connect again when they are told that the server restarts."""

    def __init__(self, address):
        self.address = address
        self.codes = []
        self.connected = 0
        self.returned = asyncio.Event()
        self.tasks = []

    async def connect(self):
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(request())
        await reader.readuntil(b'\r\n\r\n')
        self.connected += 1
        return reader, writer

    async def stay(self, reader, writer):
        while True:
            head = await reader.readexactly(2)
            payload = await reader.readexactly(head[1])
            if head[0] != 0x88:
                continue
            self.codes.append(int.from_bytes(payload[:2], 'big'))
            writer.write(b'\x88\x82\0\0\0\0' + payload[:2])
            await reader.read()
            writer.close()
            self.connected -= 1
            reader, writer = await self.connect()
            if len(self.codes) == CLIENTS and self.connected == CLIENTS:
                self.returned.set()

    async def come(self):
        for _ in range(CLIENTS):
            self.tasks.append(asyncio.create_task(self.stay(*await self.connect())))


@pytest.mark.slow
def test_two_thousand_come_back(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    running = server(APP, {'workers': {'processes': 2}, 'limits': {'drain-websockets': '10s'}})

    async def reload():
        crowd = Crowd(running.address())
        await crowd.come()
        old = await asyncio.to_thread(running.workers)
        load = SteadyLoad(running.address(), None, without=OTHERS)
        with load:
            running.signal(signal.SIGHUP)
            await asyncio.wait_for(crowd.returned.wait(), 60)
        assert set(crowd.codes) == {1012} and len(crowd.codes) == CLIENTS
        await asyncio.to_thread(running.wait_gone, old)
        status = await asyncio.to_thread(running.status)
        assert sum(worker['websockets'] for worker in status['workers']) == CLIENTS
        assert load.faults == [] and min(load.answered.values()) > 10
        for task in crowd.tasks:
            task.cancel()

    try:
        asyncio.run(reload())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
