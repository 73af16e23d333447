# SPDX-License-Identifier: MIT
"""/stacks.json at the address of metrics: where requests stand."""
import contextlib
import json

import pytest

from harness.apps import HOLD
from harness.client import exchange, open_http
from harness.limits import DEADLINE


def look(running, path):
    with contextlib.closing(open_http(str(running.folder / 'watch.sock'), DEADLINE)) as connection:
        return exchange(connection, 'GET', path)


@pytest.fixture
def watched(server):
    return server(HOLD, {'metrics': {'listen': 'http+unix:watch.sock'}})


def test_a_request_is_shown_where_it_stands(watched):
    with watched.raw() as held:
        held.send(b'GET /hold?password=geheim HTTP/1.1\r\nHost: x\r\n\r\n')
        watched.wait_log('a request is held')
        request, = json.loads(look(watched, '/requests.json').body)['requests']
        answer = look(watched, f'/stacks.json?of={request["id"]}')
        assert watched.get('/release').status == 200
        assert held.read_answer().status == 200
    assert answer.status == 200 and answer.header('content-type') == 'application/json'
    worker, = json.loads(answer.body)['workers']
    greenlet, = worker['found']['greenlets']
    stack = worker['found']['stacks'][greenlet['stack']]
    assert any(call['file'].endswith('app.py') for call in stack)
    assert 'geheim' not in answer.text


def test_without_a_name_all_workers_are_shown(watched):
    worker, = json.loads(look(watched, '/stacks.json').body)['workers']
    assert 'the hub' in {greenlet['name'] for greenlet in worker['found']['greenlets']}


def test_what_has_ended_is_not_found(watched):
    answer = look(watched, '/stacks.json?of=0123456789abcdef')
    assert answer.status == 404 and 'no request in flight called' in answer.text


def test_a_client_that_leaves_while_it_waits_does_no_harm(watched):
    for _ in range(5):
        open_http(str(watched.folder / 'watch.sock'), DEADLINE).close()
        connection = open_http(str(watched.folder / 'watch.sock'), DEADLINE)
        connection.request('GET', '/stacks.json')
        connection.close()
    assert look(watched, '/healthz').status == 200
