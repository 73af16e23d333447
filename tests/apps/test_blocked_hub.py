# SPDX-License-Identifier: MIT
"""A query through a driver that is not patched blocks the hub: the log shows its line."""
import threading
import time

APP = '''
import psycopg2


def query(seconds):
    with psycopg2.connect('') as connection, connection.cursor() as cursor:
        print('asks the database', flush=True)
        cursor.execute('SELECT pg_sleep(%s)', [seconds])


def application(environ, start_response):
    query(3)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


def test_an_unpatched_query_is_named_and_goes_on(server, postgres):
    running = server(APP, {'workers': {'processes': 1}, 'limits': {'blocked-hub': '1s'}},
                     environment=postgres)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(running.get('/').text))
    thread.start()
    running.wait_log('^asks the database$')
    begun = time.monotonic()
    running.wait_log(r'the hub of worker 1 \(pid \d+\) has not turned for [12]\.\d s, blocked by:$')
    assert time.monotonic() - begun < 1 + 1.5
    line = 1 + APP.split('\n').index("        cursor.execute('SELECT pg_sleep(%s)', [seconds])")
    running.wait_log(rf'^\t *File ".*/app\.py", line {line} in query$')
    running.wait_log(r'turns again; it was blocked for about [3-9]\.\d s$')
    thread.join()
    assert answers == ['ok']
