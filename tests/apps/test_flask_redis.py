# SPDX-License-Identifier: MIT
"""Flask with its sessions in Redis, and server-sent events that come through Redis."""
import contextlib
import json
import pathlib
import time

import pytest
import requests
from redis import Redis

from harness.limits import DEADLINE

FOLDER = pathlib.Path(__file__).parent / 'flask_chat'
LISTENERS = 150


@pytest.fixture
def store(redis):
    with contextlib.closing(Redis.from_url(f'unix://{redis}')) as store:
        yield store


@pytest.fixture
def start(server, redis):
    def start(**config):
        return server(FOLDER, {'app': {'module': 'app:app', 'environment': {'REDIS_SOCKET': redis}},
                               'workers': {'processes': 2, 'cores': 200}, **config})
    return start


def listen(running, room):
    """A browser that listens to a room; returns once it does."""
    client = running.raw()
    client.send(f'GET /events/{room} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
    _, status, headers = client.read_head()
    assert status == 200 and ('content-type', 'text/event-stream; charset=utf-8') in headers
    assert client.read_chunk() == b'event: ready\ndata:\n\n'
    return client


def heard(client):
    chunk = client.read_chunk()
    assert chunk.startswith(b'data: ') and chunk.endswith(b'\n\n')
    return json.loads(chunk[6:])


def wait_for_listeners(store, room, count):
    """Polls, since Redis reports no event for the end of a subscription."""
    end = time.monotonic() + DEADLINE
    while (there := store.pubsub_numsub(room)[0][1]) != count:
        assert time.monotonic() < end, there
        time.sleep(0.02)


@pytest.mark.parametrize('slices', ['0s', '1ms'])
def test_sessions_are_in_redis_and_seen_by_every_worker(start, store, slices):
    running = start(workers={'processes': 2, 'cores': 200, 'time-slice': slices})
    with requests.Session() as browser:
        assert browser.post(running.url('/name'), data={'name': 'Zoë'}).status_code == 200
    key = browser.cookies['session']
    for number in range(1, 21):  # on new connections, so that both workers get some
        answer = requests.post(running.url('/say'), data={'room': 'nobody', 'text': 'x'},
                               cookies={'session': key})
        assert (answer.status_code, answer.text) == (200, '0')
        assert json.loads(store.get(f'session:{key}')) == {'name': 'Zoë', 'said': number}


def test_every_listener_hears_everything_in_order(start, store):
    running = start()
    room = running.marker
    clients = [listen(running, room) for _ in range(LISTENERS)]
    with requests.Session() as browser:
        browser.post(running.url('/name'), data={'name': 'Zoë'})
        for number in range(1, 6):
            answer = browser.post(running.url('/say'), data={'room': room, 'text': f't{number}'})
            assert answer.text == str(LISTENERS)
            for client in clients:  # received before the next message is sent
                assert heard(client) == {'name': 'Zoë', 'text': f't{number}', 'number': number}
    for client in clients:
        client.close()
    # The server notices that a listener has left only when it sends something.
    requests.post(running.url('/say'), data={'room': room, 'text': 'to nobody'})
    requests.post(running.url('/say'), data={'room': room, 'text': 'to nobody'})
    wait_for_listeners(store, room, 0)


def test_with_cancel_a_subscription_ends_with_its_listener(start, store):
    running = start(**{'on-disconnect': 'cancel'})
    room = running.marker
    clients = [listen(running, room) for _ in range(20)]
    wait_for_listeners(store, room, 20)
    for client in clients[5:]:
        client.close()
    wait_for_listeners(store, room, 5)
    assert requests.post(running.url('/say'), data={'room': room, 'text': 'x'}).text == '5'
    for client in clients[:5]:
        assert heard(client)['text'] == 'x'
        client.close()
    wait_for_listeners(store, room, 0)
