# SPDX-License-Identifier: MIT
"""Starts without a configuration file: few letters, the environment, standard input."""
import contextlib
import os
import socket

import pytest

from harness import services
from harness.apps import HELLO
from harness.program import geventd

GREETING = HELLO.replace("b'hello'", 'NAME.encode()').replace("'5'", 'str(len(NAME))') + '''

import os
NAME = os.environ['NAME']
'''


@pytest.fixture
def start(make_server):
    """start(arguments, environment): a geventd in a folder with app.py."""
    def run(arguments, environment=None, app=HELLO, **options):
        made = make_server()
        made.write_app(app)
        made.write_config()  # for geventctl, which finds the control socket by it
        made.start(arguments, {'GEVENTD__CONTROL': str(made.control_path), **(environment or {})},
                   **options)
        return made
    return run


@contextlib.contextmanager
def piped(config):
    """The end of a pipe that holds the configuration."""
    reading, writing = os.pipe()
    with open(reading) as end:
        with open(writing, 'w') as other:
            other.write(config)
        yield end


def test_an_application_and_a_port_are_enough(start):
    port = services.free_port()
    running = start(['app:application'], {'PORT': str(port), 'WEB_CONCURRENCY': '2'})
    assert running.addresses == [f'http://:{port}']
    assert running.log.text().count('ready: 2 workers, 100 cores each') == 1
    assert running.get('/').body == b'hello'


def test_without_a_port_it_is_8000_of_the_loopback_address():
    with socket.socket() as taken:
        try:
            taken.bind(('127.0.0.1', 8000))
        except OSError:
            pass  # somebody else has it: just as good
        else:
            taken.listen()
        result = geventd('no_such_module')
    assert result.returncode == 1
    assert '127.0.0.1:8000' in result.stderr


def test_few_letters_say_the_rest(start):
    running = start(['app', '-b', '127.0.0.1:0', '-b', 'unix:app.sock', '-w', '2', '--cores', '7'])
    ready = running.wait_ready()
    assert (ready['workers'], ready['cores']) == ('2', '7')
    assert [running.get('/', index=index).body for index in (0, 1)] == [b'hello', b'hello']


def test_what_uwsgi_means_by_them_is_answered_with_the_converter():
    for arguments in (['-w', 'myapp'], ['--http', ':80', '-w', 'myapp:app'],
                      ['app', '-b', '32768']):
        result = geventd(*arguments)
        assert result.returncode == 2
        assert result.stderr.count('\n  geventctl convert -- uwsgi ' + ' '.join(arguments)) == 1


def test_the_environment_has_every_key(start):
    running = start([], {'GEVENTD__APP': 'app', 'GEVENTD__LISTEN': 'http://127.0.0.1:0',
                         'GEVENTD__APP__ENVIRONMENT__NAME': 'env', 'GEVENTD__WORKERS__CORES': '7',
                         'GEVENTD_PORT': 'tcp://10.0.0.1:80', 'GEVENTD_SERVICE_HOST': '10.0.0.1'},
                    app=GREETING)
    assert running.wait_ready()['cores'] == '7'
    assert running.get('/').text == 'env'


def test_the_environment_goes_over_the_file_and_under_set(make_server):
    made = make_server()
    made.write_app(GREETING)
    made.write_config({'workers': {'cores': 1}, 'app': {'environment': {'NAME': 'file'}}})
    made.start(['-c', str(made.config_path), '--set', 'workers.cores=3'],
               {'GEVENTD__WORKERS__CORES': '2', 'GEVENTD__APP__ENVIRONMENT__NAME': 'environment'})
    assert made.wait_ready()['cores'] == '3'
    assert made.get('/').text == 'environment'
    assert made.ctl('reload').returncode == 0
    assert made.get('/').text == 'environment'


def test_an_unknown_variable_is_told_in_one_line():
    result = geventd('app', environment={'GEVENTD__WORKERS__COERS': '1', 'GEVENTD_PORT': 'x'})
    assert result.returncode == 1
    line, = result.stderr.splitlines()
    assert 'GEVENTD__WORKERS__COERS' in line and 'did you mean workers.cores?' in line


CONFIG = '''
listen: http://127.0.0.1:0
app: {module: app, environment: {NAME: piped}}
'''


@pytest.fixture
def from_pipe(start):
    with piped(CONFIG) as pipe:
        return start(['-c', '-'], app=GREETING, stdin=pipe)


def test_standard_input_is_kept_for_reloads(from_pipe):
    from_pipe.edit_app("['NAME']", "['NAME'] + '!'")
    assert from_pipe.ctl('reload').returncode == 0
    assert from_pipe.get('/').text == 'piped!'


def test_standard_input_is_kept_for_upgrades(from_pipe):
    for count in (1, 2):  # the second one by a master that has it from the first
        assert from_pipe.ctl('upgrade').returncode == 0
        from_pipe.successor = from_pipe.status()['pid']
        assert from_pipe.get('/').text == 'piped', count


def test_standard_input_is_checked_like_a_file(start):
    with piped('listen: [http://:0]\napp: app\nworkers: {cores: 0}\n') as pipe:
        refused = start(['-c', '-'], stdin=pipe, wait=False)
        refused.expected_exit = 1
        assert refused.wait_exit() == 1
    assert 'standard input:3:18: workers.cores' in refused.log.text()
