# SPDX-License-Identifier: MIT
"""Django on PostgreSQL as docs/databases.md describes it: 200 requests wait in the database at the
same time, each on a connection of its own."""
import json
import os
import pathlib
import subprocess
import time

import psycopg2
import pytest

from harness import documents
from harness.client import exchange
from harness.limits import DEADLINE, PYTHON

PAGE = documents.examples('docs/databases.md')
SITE = pathlib.Path(__file__).parent / 'django_site'
COUNT = 200
# (app.monkey-patch, the module that holds the application)
RECIPES = {
    'before-load': ('before-load', 'mysite.wsgi'),
    'thread': (['thread'], 'mysite.wsgi'),
    'own': ('none', 'mysite.wsgi_own'),
}
UNPATCHED = '''
import os
from django.core.wsgi import get_wsgi_application

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')
application = get_wsgi_application()
'''


class Database:
    """The test's own view of PostgreSQL."""

    def __init__(self, environment):
        self._connection = psycopg2.connect(
            host=environment['PGHOST'], user=environment['PGUSER'],
            dbname=environment['PGDATABASE'])
        self._connection.autocommit = True

    def ask(self, statement, *parameters):
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else None

    def connections(self, application, waiting=False):
        """How many connections the application has (that wait for a lock)."""
        return self.ask('SELECT count(*) FROM pg_stat_activity WHERE application_name = %s'
                        + (" AND wait_event_type = 'Lock'" if waiting else ''), application)[0][0]

    def wait(self, expected, what):
        """Polls, since nothing signals that a connection begins to wait or ends."""
        end = time.monotonic() + DEADLINE
        while (seen := what()) != expected:
            assert time.monotonic() < end, f'{seen}, never {expected}'
            self.ask('SELECT pg_sleep(0.01)')

    def close(self):
        self._connection.close()


@pytest.fixture
def database(postgres):
    database = Database(postgres)
    yield database
    database.close()


@pytest.fixture(scope='session')
def tables(postgres):
    """Creates Django's tables by its own command."""
    code = '''import django
django.setup()
from django.core.management import call_command
call_command('migrate', run_syncdb=True, verbosity=0)'''
    subprocess.run([PYTHON, '-c', code], check=True, cwd=SITE, env={
        **os.environ, **postgres, 'DJANGO_SETTINGS_MODULE': 'mysite.settings',
        'GEVENTD_TEST': 'tables', 'PYTHONDONTWRITEBYTECODE': '1'})


@pytest.fixture
def start(make_server, postgres, tables):
    def start(module='mysite.wsgi', **changes):
        made = make_server()
        for path in SITE.rglob('*.py'):
            made.write_app(path.read_text(), path.relative_to(SITE))
        for name, text in PAGE.items():
            if name.startswith('mysite/'):
                made.write_app(text, name)
        made.write_app(UNPATCHED, 'mysite/wsgi_unpatched.py')
        made.write_config(PAGE['server.yaml'])
        settings = {'listen': 'http://127.0.0.1:0', 'control': made.control_path,
                    'app.module': f'{module}:application', 'app.chdir': made.folder, **changes}
        arguments = ['-c', str(made.config_path)]
        for key, value in settings.items():
            arguments += ['--set', f'{key}={value}']
        return made.start(arguments, environment=dict(postgres))
    return start


class Clients:
    """Requests that are all sent before the first response is read."""

    def __init__(self, running, path, count):
        self.clients = [running.raw() for _ in range(count)]
        for client in self.clients:
            client.send(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path.encode())

    def answers(self):
        answers = [client.read_answer() for client in self.clients]
        for client in self.clients:
            client.close()
        assert {answer.status for answer in answers} == {200}, answers
        return [json.loads(answer.body) for answer in answers]


def most_at_once(spans):
    """How many of the spans (began, ended) overlap at most."""
    events = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    most = now = 0
    for _, step in events:
        now += step
        most = max(most, now)
    return most


def as_set(patch):
    return f'[{", ".join(patch)}]' if isinstance(patch, list) else patch


@pytest.mark.parametrize('recipe', RECIPES)
def test_two_hundred_requests_wait_in_the_database_together(start, database, recipe):
    patch, module = RECIPES[recipe]
    # Enough cores for all, whichever workers the kernel gives their connections to.
    running = start(module, **{'app.monkey-patch': as_set(patch), 'workers.cores': COUNT})
    database.ask('SELECT pg_advisory_lock(1)')
    try:
        clients = Clients(running, '/hold', COUNT)
        database.wait(COUNT, lambda: database.connections(running.marker, waiting=True))
        assert database.connections(running.marker) == COUNT  # one per request
    finally:
        database.ask('SELECT pg_advisory_unlock(1)')
    pids = [answer['pids'] for answer in clients.answers()]
    assert all(before == after for before, after in pids)  # no other request's connection
    assert len({before for before, _ in pids}) == COUNT
    database.wait(0, lambda: database.connections(running.marker))


@pytest.mark.parametrize('recipe', RECIPES)
def test_two_hundred_sleeps_overlap(start, database, recipe):
    patch, module = RECIPES[recipe]
    running = start(module, **{'app.monkey-patch': as_set(patch), 'workers.cores': 50})
    for _ in range(2):
        answers = Clients(running, '/sleep', COUNT).answers()
        assert all(before == after for before, after in (a['pids'] for a in answers))
        spans = [(answer['began'], answer['ended']) for answer in answers]
        # One after the other they would take the sum of their times.
        took = max(ended for _, ended in spans) - min(began for began, _ in spans)
        assert took < sum(ended - began for began, ended in spans) / 10
        assert 10 < most_at_once(spans) <= 100  # the cores
    database.wait(0, lambda: database.connections(running.marker))


def test_unpatched_it_is_slow_but_not_wrong(start, database):
    running = start('mysite.wsgi_unpatched',
                    **{'app.monkey-patch': 'none', 'workers.processes': 1})
    answers = Clients(running, '/sleep', 10).answers()
    assert all(before == after for before, after in (a['pids'] for a in answers))
    assert most_at_once([(answer['began'], answer['ended']) for answer in answers]) == 1


@pytest.mark.parametrize('slices', ['0s', '1ms'])
def test_transactions_and_locks_of_rows(start, database, slices):
    running = start(**{'workers.time-slice': slices})
    database.ask("INSERT INTO mysite_counter (name, value) VALUES (%s, 0)", running.marker)
    answers = Clients(running, f'/count/{running.marker}', COUNT).answers()
    assert sorted(answer['value'] for answer in answers) == list(range(1, COUNT + 1))


def test_sessions_in_the_database(start):
    running = start()
    cookie, headers = None, {}
    with running.http() as connection:
        for visits in range(1, 6):
            answer = exchange(connection, 'GET', '/visit', headers=headers)
            assert json.loads(answer.body) == {'visits': visits}
            cookie = answer.header('set-cookie') or cookie
            headers = {'Cookie': cookie.partition(';')[0]}


def test_a_failing_statement_costs_its_own_request_only(start, database):
    running = start(**{'workers.processes': 1})
    for _ in range(5):
        assert running.get('/fail').status == 500
        assert running.get('/sleep').status == 200
    database.wait(0, lambda: database.connections(running.marker))


def test_what_loading_opened_is_closed_before_workers_are_made(start, database):
    database.ask("INSERT INTO mysite_counter (name, value) VALUES ('loaded', 0) "
                 "ON CONFLICT DO NOTHING")
    running = start('mysite.wsgi_closes')
    assert database.connections(running.marker) == 0
    pids = [answer['pids'] for answer in Clients(running, '/sleep', 20).answers()]
    assert all(before == after for before, after in pids)
    assert len({before for before, _ in pids}) == 20
