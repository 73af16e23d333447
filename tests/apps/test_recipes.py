# SPDX-License-Identifier: MIT
"""The recipes of docs/databases.md that need no framework, exactly as on the page."""
import contextlib
import sqlite3
import time

import psycopg2
import pytest
from redis import Redis

from harness import documents
from harness.limits import DEADLINE

PAGE = documents.examples('docs/databases.md')
GET = b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n'
# Added to an example: /beside answers at once, however long the example's own requests take.
BESIDE = '''
from example import application as example


def application(environ, start_response):
    if environ['PATH_INFO'] != '/beside':
        return example(environ, start_response)
    start_response('200 OK', [('Content-Length', '6')])
    return [b'beside']
'''


@pytest.fixture
def start(make_server):
    def start(name, environment, **config):
        made = make_server()
        made.write_app(PAGE[name], 'example.py')
        made.write_app(BESIDE)
        made.write_config(config)
        return made.start(environment=environment)
    return start


def send(running, count, path=b'/'):
    clients = [running.raw() for _ in range(count)]
    for client in clients:
        client.send(GET % path)
    return clients


def bodies(clients):
    answers = [client.read_answer() for client in clients]
    for client in clients:
        client.close()
    assert {answer.status for answer in answers} == {200}
    return [answer.text for answer in answers]


def test_the_pool_is_shared_and_waited_for(start, postgres):
    running = start('pool.py', postgres)
    for _ in range(2):
        pids = bodies(send(running, 20))
        assert len(set(pids)) == 5  # the size of the pool
        assert all(pids.count(pid) == 4 for pid in set(pids))
    assert set(bodies(send(running, 20))) == set(pids)  # the same connections are used again


def test_a_pool_connection_that_broke_is_replaced(start, postgres):
    running = start('pool.py', postgres)
    running.expect_error('terminating connection|failed')
    pid = running.get('/').text
    with psycopg2.connect(host=postgres['PGHOST'], user=postgres['PGUSER'],
                          dbname=postgres['PGDATABASE']) as connection:
        with connection.cursor() as cursor:
            cursor.execute('SELECT pg_terminate_backend(%s)', (pid,))
    connection.close()
    assert running.get('/').status == 500
    assert len(set(bodies(send(running, 20))) - {pid}) == 5


def test_greenlets_wait_for_redis_together(start, redis):
    running = start('cache.py', {'REDIS_SOCKET': redis})
    clients = send(running, 12)  # five get a connection, the others wait for one
    assert running.get('/beside').text == 'beside'
    with Redis.from_url(f'unix://{redis}') as store:
        end = time.monotonic() + DEADLINE
        while store.info('clients')['blocked_clients'] != 5:  # polled, as there is no event
            assert time.monotonic() < end
            time.sleep(0.02)
        store.rpush('jobs', *range(12))
    assert sorted(map(int, bodies(clients))) == list(range(12))


def test_a_driver_in_a_thread_lets_others_run(start):
    running = start('threadpool.py', {})
    assert running.get('/?7').text == '7'
    long, = send(running, 1, b'/?%d' % steps_of_two_seconds())
    for _ in range(3):
        assert running.get('/beside').text == 'beside'
    assert running.status()['workers'][0]['cores_busy'] == 1  # still counting
    bodies([long])


def steps_of_two_seconds():
    """How far sqlite counts in about two seconds on this machine."""
    statement = PAGE['threadpool.py'].split("'''")[1]
    began = time.monotonic()
    with contextlib.closing(sqlite3.connect(':memory:')) as connection:
        connection.execute(statement, (200_000,)).fetchall()
    return int(400_000 / (time.monotonic() - began))
