# SPDX-License-Identifier: MIT
import pytest

from harness.apps import HELLO
from harness.program import geventctl, geventd


@pytest.mark.parametrize('program', [geventd, geventctl])
def test_version_and_help_are_told(program):
    version = program('--version')
    assert version.returncode == 0 and program.__name__ in version.stdout
    usage = program('--help')
    assert usage.returncode == 0 and '--' in usage.stdout


@pytest.mark.parametrize('arguments', [[], ['--no-such-option'], ['-c']])
def test_a_wrong_command_line_is_exit_code_2(arguments):
    result = geventd(*arguments)
    assert result.returncode == 2
    assert result.stderr


@pytest.mark.parametrize('arguments, line', [
    (['--http', ':8000', '--gevent', '100', '--module', 'app'],
     'geventctl convert -- uwsgi --http :8000 --gevent 100 --module app > geventd.yaml'),
    (['-k', 'gevent', '-w', '4', 'app:application'],
     'geventctl convert -- gunicorn -k gevent -w 4 app:application > geventd.yaml'),
    (['-c', 'uwsgi.ini', '--check'], 'geventctl convert uwsgi.ini > geventd.yaml'),
    (['gunicorn.conf.py'], 'geventctl convert gunicorn.conf.py > geventd.yaml')])
def test_a_start_with_the_words_of_a_peer_says_how_to_convert_them(arguments, line):
    result = geventd(*arguments)
    assert result.returncode == 2
    assert f'\n  {line}\n' in result.stderr


def test_a_missing_file_is_said(folder):
    result = geventd('-c', folder / 'none.yaml')
    assert result.returncode == 1
    assert 'none.yaml' in result.stderr and 'No such file' in result.stderr


def test_geventctl_without_a_server_says_how_to_name_one(folder):
    result = geventctl('status', environment={'RUNTIME_DIRECTORY': str(folder)})
    assert result.returncode == 1
    assert 'name the server with -c FILE or --socket PATH' in result.stderr


def test_help_tells_more_of_a_command():
    every = geventctl('help')
    assert every.returncode == 0 and every.stdout == geventctl('--help').stdout
    assert 'convert [FILE]' in every.stdout
    one = geventctl('help', 'stop')
    assert one.returncode == 0
    assert one.stdout.startswith('geventctl stop\n') and '--no-wait' in one.stdout
    assert '*' not in one.stdout and ' FILE' in geventctl('help', 'convert').stdout
    none = geventctl('help', 'nothing')
    assert none.returncode == 2 and 'there is no command nothing' in none.stderr


def test_a_mistyped_command_gets_its_nearest():
    result = geventctl('relaod')
    assert result.returncode == 2
    assert 'did you mean reload?' in result.stderr


def test_set_needs_no_file(make_server):
    made = make_server()
    made.write_app(HELLO, 'myapp.py')
    made.start(['--set', 'listen=http://127.0.0.1:0', '--set', 'app=myapp',
                '--set', 'workers.cores=100', '--set', f'control={made.control_path}'])
    assert made.wait_ready()['cores'] == '100'
    assert made.get('/').body == b'hello'


def test_set_goes_over_the_file(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'workers': {'cores': 5}})
    made.start(['-c', str(made.config_path), '--set', 'workers.cores=6'])
    assert made.wait_ready()['cores'] == '6'


def test_a_wrong_set_is_told_with_its_key():
    result = geventd('--set', 'listen=http://:0', '--set', 'app=x', '--set', 'workers.coers=1')
    assert result.returncode == 1
    assert 'workers.coers' in result.stderr and 'cores' in result.stderr


def test_the_default_control_socket_is_found_by_both(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'control': None})
    made.start(environment={'RUNTIME_DIRECTORY': str(made.folder)})
    control, = made.folder.glob('geventd-server-*.ctl')
    assert control.is_socket()
    result = geventctl('-c', made.config_path, 'status',
                       environment={'RUNTIME_DIRECTORY': str(made.folder)})
    assert result.returncode == 0, result.stderr
