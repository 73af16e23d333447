# SPDX-License-Identifier: MIT
"""A connection to PostgreSQL that an application opens while it is loaded, as Superset does."""
import threading

# Each worker has one connection, used by one request at a time. /?N: asks for N.
APP = '''
import psycopg2
from gevent.lock import RLock

connection = psycopg2.connect('')
connection.autocommit = True
lock = RLock()


def application(environ, start_response):
    with lock, connection.cursor() as cursor:
        cursor.execute('SELECT %s::text, pg_sleep(0.001), pg_backend_pid()',
                       (environ['QUERY_STRING'],))
        row = cursor.fetchone()
    body = f'{row[0]} {row[2]}'.encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''
CLIENTS = 8
REQUESTS = 40


def test_workers_read_their_own_rows_only(make_server, postgres):
    made = make_server()
    made.write_app(APP)
    made.write_config({'workers': {'processes': 2}})
    running = made.start(environment=postgres)
    said = running.wait_log(r'has opened connections while it was loaded and holds them \((.*?)\)')
    assert said[1] == f"{postgres['PGHOST']}/.s.PGSQL.5432"
    wrong, backends = [], set()

    def visit(client):
        for number in range(REQUESTS):
            mine = f'{client}.{number}'
            answer = running.get(f'/?{mine}')
            row, _, backend = answer.text.partition(' ')
            backends.add(backend)
            if answer.status != 200 or row != mine:
                wrong.append((mine, answer.status, answer.text))

    visitors = [threading.Thread(target=visit, args=(client,)) for client in range(CLIENTS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert not wrong
    assert len(backends) == 2
