# SPDX-License-Identifier: MIT
"""The keys of `log`."""
import contextlib
import json
import os
import re
import signal
import socket
import time

import pytest

from harness import program
from harness.apps import HELLO
from harness.client import exchange, open_http
from harness.limits import DEADLINE
from harness.log import TEXT_LINE


def test_lines_of_text_have_time_level_role_and_pid(server):
    running = server(HELLO, {'log': {'format': 'text'}})
    ready = next(line for line in running.log.lines() if ' ready: ' in line)
    match = TEXT_LINE.match(ready)
    assert match['role'] == 'master' and int(match['pid']) == running.pid


def test_lines_of_json_are_objects(server):
    running = server(HELLO, {'log': {'format': 'json'}}, wait=False)
    running.wait_log(' ready: ')
    lines = [json.loads(line) for line in running.log.lines()]
    ready = next(line for line in lines if ' ready: ' in line['message'])
    assert ready['level'] == 'info' and ready['pid'] == running.pid


@pytest.mark.parametrize('level, shown', [('error', False), ('info', True)])
def test_the_level_hides_what_is_below(server, level, shown):
    running = server(HELLO, {'log': {'level': level}}, wait=False)
    if shown:
        running.wait_ready()
    else:
        running.wait_serving()
    running.stop()
    assert (' info ' in running.log.text()) == shown


@pytest.mark.parametrize('place', ['stdout', '/dev/stdout'])
def test_the_standard_output_takes_all_where_it_is_asked_for(make_server, tmp_path, place):
    made = make_server()
    made.write_app("import sys\nprint('printed', file=sys.stderr)\n" + HELLO)
    made.write_config({'log': {'file': place}})
    other = tmp_path / 'stderr'
    made.start(wrapper=('sh', '-c', f'exec "$@" 2>{other}', 'sh'))
    made.wait_log('^printed$')
    assert other.read_text() == ''
    assert not (made.folder / 'stdout').exists()


def test_a_file_takes_the_log_and_is_opened_again(server):
    running = server(HELLO, {'log': {'file': 'server.log'}}, wait=False)
    running.wait_serving()
    path = running.folder / 'server.log'
    assert re.search('geventd .* ready: ', path.read_text())
    path.rename(running.folder / 'server.log.1')
    running.signal(signal.SIGUSR1)
    running.wait_file(path)
    running.stop()
    assert path.read_text()


@pytest.mark.parametrize('preload', [True, False])
def test_workers_that_start_after_it_was_opened_again_write_into_the_new_file(server, preload):
    running = server(HELLO, {'listen': 'http+unix:app.sock', 'app': {'preload': preload},
                             'log': {'file': 'server.log', 'access': '${uri}'}}, wait=False)
    running.wait_serving()
    path = running.folder / 'server.log'
    former = running.folder / 'server.log.1'
    path.rename(former)
    running.signal(signal.SIGUSR1)
    running.wait_file(path)
    [pid] = running.workers()
    running.expect_error('died')
    os.kill(pid, signal.SIGKILL)
    running.wait_workers(1, without=[pid])
    with contextlib.closing(open_http(str(running.folder / 'app.sock'))) as connection:
        assert exchange(connection, 'GET', '/of-the-new-worker').status == 200
    running.stop()
    assert '/of-the-new-worker' in path.read_text()
    assert '/of-the-new-worker' not in former.read_text()


@pytest.mark.parametrize('preload', [True, False])
def test_the_access_log_has_a_file_of_its_own_that_is_opened_again(server, preload):
    running = server(HELLO, {'app': {'preload': preload}, 'log': {
        'access': '${path}', 'access-file': 'access.log'}})
    path = running.folder / 'access.log'
    assert running.get('/first').status == 200
    former = path.rename(running.folder / 'access.log.1')
    running.signal(signal.SIGUSR1)
    running.wait_log('the access log goes on in a new access.log')
    end = time.monotonic() + DEADLINE
    while not path.read_text():  # until the worker has heard of it, too
        assert running.get('/second').status == 200 and time.monotonic() < end
    [pid] = running.workers()
    running.expect_error('died')
    os.kill(pid, signal.SIGKILL)
    running.wait_workers(1, without=[pid])
    assert running.get('/third').status == 200
    running.stop()
    written = former.read_text() + path.read_text()
    assert former.read_text().startswith('/first\n')
    assert re.fullmatch('/first\n(/second\n)+/third\n', written), written
    assert path.read_text().endswith('/second\n/third\n')
    assert '/first' not in running.log.text() and '/third' not in running.log.text()


def test_a_reload_takes_the_access_log_elsewhere_and_back(server):
    running = server(HELLO, {'log': {'access': '${path}'}})
    running.get('/with-the-log')
    running.wait_log('^/with-the-log$')
    for place, target in (({'access-file': 'access.log'}, '/apart'), ({}, '/with-the-log-again')):
        running.write_config({'log': {'access': '${path}', **place}})
        assert running.ctl('reload').returncode == 0
        assert running.get(target).status == 200
    running.wait_log('^/with-the-log-again$')
    running.stop()
    assert (running.folder / 'access.log').read_text() == '/apart\n'


def test_the_access_log_can_go_to_stdout_and_the_log_to_stderr(make_server, tmp_path):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'log': {'access': '${path}', 'access-file': 'stdout'}})
    other = tmp_path / 'stdout'
    made.start(wrapper=('sh', '-c', f'exec "$@" >{other}', 'sh'))
    assert made.get('/access').status == 200
    made.stop()
    assert other.read_text() == '/access\n'


AS_THE_JOURNAL = ('mount -t tmpfs none /run && mkdir -p /run/systemd/journal && '
                  'ln -s "$JOURNAL" /run/systemd/journal/stdout && exec "$@"')


@pytest.mark.skipif(os.geteuid() != 0, reason='only root may mount')
def test_the_journal_gets_lines_with_their_severity_and_what_is_printed(make_server, tmp_path):
    made = make_server()
    made.write_app("print('printed')\n" + HELLO)
    made.write_config({'log': {'file': 'journald'}})
    path = str(tmp_path / 'journal')
    with socket.socket(socket.AF_UNIX) as journal:
        journal.bind(path)
        journal.listen()
        made.start(wrapper=('unshare', '-m', 'sh', '-c', AS_THE_JOURNAL, 'sh'),
                   environment={'JOURNAL': path}, wait=False)
        made.wait_serving()
        stream, _ = journal.accept()
    made.stop()
    with stream, stream.makefile() as lines:
        said = lines.read()
    assert said.startswith('geventd\n\n6\n1\n0\n0\n0\n')
    assert re.search(r'^<6>\S+Z info master\[\d+\]: geventd \S+ ready: ', said, re.M), said
    assert re.search('^printed$', said, re.M), said


def test_check_says_where_no_journal_listens(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'log': {'file': 'journald'}})
    if os.path.exists('/run/systemd/journal/stdout'):
        pytest.skip('this host has a journal')
    code, said = program.check(made)
    assert code == 1
    assert 'log.file journald: connect to /run/systemd/journal/stdout' in said


def test_what_the_application_prints_is_in_the_log(server):
    running = server('''
import sys


def application(environ, start_response):
    print('said on stdout')
    print('said on stderr', file=sys.stderr)
    environ['wsgi.errors'].write('said on wsgi.errors\\n')
    start_response('200 OK', [('Content-Length', '0')])
    return []
''')
    running.get('/')
    for where in ('stdout', 'stderr', 'wsgi.errors'):
        running.wait_log(f'said on {where}')


def test_what_c_libraries_and_children_print_is_in_the_log(server):
    running = server('''
import ctypes
import os
import subprocess

libc = ctypes.CDLL(None)


def application(environ, start_response):
    libc.dprintf(1, b'said by C on stdout\\n')
    libc.dprintf(2, b'said by C on stderr\\n')
    os.write(1, b'said by write\\n')
    subprocess.run(['echo', 'said by a child'])
    start_response('200 OK', [('Content-Length', '0')])
    return []
''', {'log': {'file': 'server.log'}}, wait=False)
    running.wait_serving()
    running.addresses = running.status()['listen']
    assert running.get('/').status == 200
    text = (running.folder / 'server.log').read_text()
    for what in ('C on stdout', 'C on stderr', 'write', 'a child'):
        assert f'said by {what}' in text, text


def test_a_request_can_forge_no_line(server):
    running = server(HELLO)
    with running.raw() as client:
        client.send(b'GET /\nforged HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().status == 400
    assert not any(line.startswith('forged') for line in running.log.lines())
