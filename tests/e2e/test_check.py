# SPDX-License-Identifier: MIT
"""--check: checks the file and the application; leaves nothing running."""
import resource

import pytest

from harness.apps import HELLO
from harness.program import check, places


def made_with(make_server, config, app=HELLO):
    made = make_server()
    made.write_app(app)
    made.write_config(config)
    return made


def test_what_is_right_is_exit_code_0(make_server):
    code, said = check(made_with(make_server, {}))
    assert code == 0, said


def test_an_application_that_cannot_be_loaded_is_told(make_server):
    code, said = check(made_with(make_server, {}, 'import not_there_at_all\n'))
    assert code == 1
    assert 'not_there_at_all' in said and 'Traceback' in said


def test_the_application_gets_the_descriptors_that_a_server_has(make_server):
    made = made_with(make_server, {}, HELLO + "files = [open('/dev/null') for _ in range(400)]\n")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        code, said = check(made)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert code == 0, said


def test_a_missing_module_is_one_sentence(make_server):
    code, said = check(made_with(make_server, {'app': {'module': 'nothing_here:application'}}))
    assert code == 1
    assert 'nothing_here' in said and 'Traceback' not in said


def test_check_opens_no_socket(server, make_server):
    running = server(HELLO)
    same = {'listen': f'http://127.0.0.1:{running.port()}'}
    assert check(made_with(make_server, same))[0] == 0


def test_all_errors_of_a_file_are_told_at_once_with_their_places(make_server):
    made = made_with(make_server, '''\
listen: ftp://127.0.0.1:1
app: app:application
workers:
  coers: 10
  processes: many
limits:
  keep-alive: 5 parsecs
workers:
  cores: 3
''')
    code, said = check(made)
    assert code == 1
    assert {line for line, _ in places(said)} == {1, 4, 5, 7, 8}
    assert "cores" in said


def test_an_unknown_key_is_answered_with_the_nearest_one(make_server):
    code, said = check(made_with(make_server, {'limits': {'keep-alvie': '5s'}}))
    assert code == 1 and 'keep-alive' in said


def test_uwsgis_names_are_answered_with_geventds(make_server):
    for name, ours in (('harakiri', 'limits.request-time'), ('gevent', 'workers.cores'),
                       ('processes', 'workers.processes'), ('threads', 'every worker runs gevent')):
        code, said = check(made_with(make_server, {name: 3}))
        assert code == 1 and ours in said, said


def test_threads_are_explained(make_server):
    _, said = check(made_with(make_server, {'workers': {'threads': 4}}))
    assert 'every worker runs gevent with workers.cores' in said
    assert 'threads of the application just run' in said


@pytest.mark.parametrize('name, key', [
    ('log-4xx', 'log.access-when.status'), ('req-logger', 'log.access-file'),
    ('worker_int', 'hooks.drain-begins'), ('post_fork', 'hooks.post-fork'),
    ('shared-import', 'app.before-load'), ('ini-paste', 'app.module')])
def test_options_that_came_to_have_a_key_name_it(make_server, name, key):
    code, said = check(made_with(make_server, {name: True}))
    assert code == 1 and key in said, said


@pytest.mark.parametrize('name', ['http-websockets', 'http_raw_body', 'memory-report', 'log-big',
                                  'when_ready', 'logger_class', 'statsd-anything'])
def test_options_without_a_key_have_a_word_too(make_server, name):
    code, said = check(made_with(make_server, {name: True}))
    assert code == 1 and "name: " in said and 'expected listen' not in said, said


def test_environment_variables_are_expanded(make_server, monkeypatch):
    made = made_with(make_server, '''\
listen: ${TEST_LISTEN}
app: ${TEST_APP:-app:application}
workers: {cores: "${TEST_CORES:-7}"}
''')
    monkeypatch.setenv('TEST_LISTEN', 'http://127.0.0.1:0')
    made.start(environment={'RUNTIME_DIRECTORY': str(made.folder)})
    assert made.wait_ready()['cores'] == '7'


def test_a_missing_environment_variable_is_an_error_with_its_place(make_server):
    made = made_with(make_server, 'listen: ${NOT_SET_ANYWHERE}\napp: app\n')
    code, said = check(made)
    assert code == 1 and 'NOT_SET_ANYWHERE' in said
    assert {line for line, _ in places(said)} == {1}


def test_sizes_and_durations_have_units(make_server):
    good = {'limits': {'request-head': '64KiB', 'request-body': '10MiB', 'keep-alive': '500ms',
                       'header-timeout': '5m', 'drain-requests': '1h'}}
    assert check(made_with(make_server, good))[0] == 0
    for key, value in (('keep-alive', '10 lightyears'), ('request-head', '3 buckets')):
        assert check(made_with(make_server, {'limits': {key: value}}))[0] == 1
