# SPDX-License-Identifier: MIT
"""Texts of the application and of a server, as shown to people: in the log and by geventctl."""
import json
import re
import socket
import threading

import pytest

from harness import program

# What terminals interpret, and what makes a text look like another one.
NASTY = '\x1b[31m \x9b31m \u202e \u2066 \u200b \ufeff \U000e0041 \x7f'
OBEYED = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f'
                    '\ufeff\U000e0000-\U000e0fff]')
ESCAPED = r'\x1b[31m \xc2\x9b31m \u202e \u2066 \u200b \ufeff \U000e0041 \x7f'

# The file name of all code below contains these characters.
APP = f'''
import gevent
from gevent.event import Event

NASTY = {NASTY!r}
source = """
def fails(text):
    raise ValueError(text)

def waits(event):
    event.wait()
"""
names = {{}}
exec(compile(source, NASTY + '.py', 'exec'), names)
held = gevent.spawn(names['waits'], Event())


def application(environ, start_response):
    if environ['PATH_INFO'] == '/long':
        names['fails']('begin ' + 'é' * 1_000_000 + ' end')
    if environ['PATH_INFO'] == '/surrogate':
        names['fails']('no such file: \\udcff')
    names['fails'](NASTY)
'''


def fails(server):
    running = server(APP, {'log': {'level': 'info'}})
    running.expect_error('GET /[a-z]* failed')
    return running


def stacks_of(running, *options):
    """The output of geventctl. Repeats stacks, since a worker has little time to answer."""
    said = []
    running.wait_status(lambda _: said.append(running.ctl('stacks', *options).stdout)
                        or 'waits' in said[-1])
    return said[-1]


def test_what_the_application_says_cannot_steer_a_terminal(server):
    running = fails(server)
    assert running.get('/').status == 500
    running.wait_log(re.escape('ValueError: ' + ESCAPED))
    running.wait_log(re.escape(f'File "{ESCAPED}.py"'))
    running.wait_status(lambda status: status['failures'])
    shown = running.ctl('status').stdout
    assert f'ValueError: {ESCAPED}' in shown
    stacks = stacks_of(running)
    assert f'File "{ESCAPED}.py", line 6, in waits' in stacks
    as_json = [running.ctl('status', '--json').stdout, stacks_of(running, '--json')]
    assert json.loads(as_json[0])['failures'][0]['error'] == 'ValueError: ' + NASTY
    assert NASTY + '.py' in {call['file'] for worker in json.loads(as_json[1])['workers']
                             for stack in worker['found']['stacks'] for call in stack}
    for text in (running.log.text(), shown, stacks, *as_json):
        assert OBEYED.findall(text) == []


def test_why_a_reload_failed_cannot_steer_a_terminal(server):
    running = fails(server)
    running.expect_error('reload failed|cannot')
    running.write_app(f'raise RuntimeError({NASTY!r})')
    result = running.ctl('reload')
    assert result.returncode == 1
    assert f'RuntimeError: {ESCAPED}' in result.stderr
    shown = running.ctl('status').stdout
    assert f'RuntimeError: {ESCAPED}' in shown
    for text in (result.stderr, shown, running.log.text()):
        assert OBEYED.findall(text) == []


def test_what_a_check_finds_cannot_steer_a_terminal(make_server):
    made = make_server()
    made.write_app(f'raise RuntimeError({NASTY!r})')
    made.write_config()
    code, said = program.check(made)
    assert code == 1 and f'RuntimeError: {ESCAPED}' in said
    assert OBEYED.findall(said) == []


@pytest.mark.parametrize('command', ['status', 'reload', 'top'])
def test_what_another_server_answers_cannot_steer_a_terminal(folder, command):
    path = folder / 'ctl'

    def answer():
        client = listening.accept()[0]
        with client:
            client.recv(65536)
            client.sendall(json.dumps({'ok': False, 'error': f'one\n{NASTY}'}).encode() + b'\n')

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        result = program.geventctl('--socket', path, command, *(
            ['--json'] if command == 'top' else []))
        thread.join()
    assert result.returncode == 1
    assert result.stderr == f'geventctl: one\n\t{ESCAPED}\n'


def test_a_long_text_of_an_exception_is_cut_in_the_log_and_that_is_said(server):
    running = fails(server)
    assert running.get('/long').status == 500
    match = running.wait_log(r'\[(\d+) bytes are left out\]')
    running.wait_log('é end')
    text = running.log.text()
    assert 'ValueError: begin é' in text
    assert len(text.encode()) < 50_000
    assert int(match[1]) + text.encode().count('é'.encode()) * 2 > 1_990_000


def test_a_text_that_is_no_unicode_is_shown_all_the_same(server):
    running = fails(server)
    assert running.get('/surrogate').status == 500
    running.wait_log(r'ValueError: no such file: \\udcff')
