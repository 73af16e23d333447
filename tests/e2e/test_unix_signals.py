# SPDX-License-Identifier: MIT
"""Dispositions of Unix signals in the application's processes are those of python3 at its start,
whoever started the master: actions, blocked signals, and what programs started there inherit."""
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from harness import procfs
from harness.limits import DEADLINE, SANITIZED
from harness.program import check

# The differences from python3, and their reasons.
HANDLED = {
    signal.SIGINT: 'the master decides about the end; a service manager may send it to all',
    signal.SIGTERM: 'the same, and a worker that gets it drains',
}
if SANITIZED:
    HANDLED |= {number: 'AddressSanitizer reports what the processor refuses'
                for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE)}
CAUGHT = {  # although signal.getsignal() reports the default
    signal.SIGRTMAX - 3: 'the master asks for the stack of the thread that runs the hub',
    signal.SIGRTMAX - 4: 'the master asks for the stacks of all threads',
    33: 'glibc has it for itself as soon as there is a second thread',
}
AT_THE_END = signal.SIGRTMAX - 5  # cuts steps of a worker's end
ANYWAY = 'env --ignore-signal --block-signal'.split()  # the master's parent ignores and blocks all

LOOK = '''
import json
import os
import signal
import subprocess
import sys
import tempfile

GREP = ['/bin/grep', '^Sig[BIC]', '/proc/self/status']


def masks(lines):
    return dict(line.split() for line in lines if line[:4] in ('SigB', 'SigI', 'SigC'))


def own():
    with open('/proc/self/status') as status:
        found = masks(status)
    return {'masks': found,
            'handlers': {number: repr(signal.getsignal(number)) for number in range(1, 65)}}


def children():
    found = {'subprocess': subprocess.run(GREP, stdout=subprocess.PIPE, text=True).stdout,
             'kept': subprocess.run(GREP, stdout=subprocess.PIPE, text=True,
                                    restore_signals=False).stdout,
             'popen': os.popen(' '.join(GREP)).read()}
    with tempfile.NamedTemporaryFile('r') as file:
        os.system(' '.join(GREP) + ' > ' + file.name)
        found['system'] = file.read()
    with tempfile.NamedTemporaryFile('r') as file:
        pid = os.posix_spawn(GREP[0], GREP, os.environ, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, file.name, os.O_WRONLY, 0)])
        os.waitpid(pid, 0)
        found['posix_spawn'] = file.read()
    return {how: masks(text.splitlines()) for how, text in found.items()}
'''

APP = LOOK + '''
with open('loaded.json', 'w') as file:
    json.dump(own(), file)


def application(environ, start_response):
    body = json.dumps({'own': own(), 'children': children()}).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def ask_python3():
    code = LOOK + 'json.dump({"own": own(), "children": children()}, sys.stdout)'
    done = subprocess.run(['env', '--default-signal', sys.executable, '-c', code], check=True,
                          stdout=subprocess.PIPE)
    return json.loads(done.stdout)


@pytest.fixture(scope='module')
def python3():
    return ask_python3()


def bits(masks, name):
    mask = int(masks[name], 16)
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def differing(masks, others):
    return {number for name in ('SigBlk:', 'SigIgn:', 'SigCgt:')
            for number in bits(masks, name) ^ bits(others, name)}


def masks_of(pid):
    with open(f'/proc/{pid}/status') as status:
        return dict(line.split() for line in status if line[:4] in ('SigB', 'SigI', 'SigC'))


def wait_template_and_spare(running):
    end = time.monotonic() + DEADLINE
    while len(others := set(procfs.children(running.pid)) - set(running.workers())) != 2:
        assert time.monotonic() < end, others
    return others


@pytest.mark.parametrize('wrapper', [[], ANYWAY], ids=['as usual', 'all ignored and blocked'])
@pytest.mark.parametrize('preload', [True, False])
def test_all_are_as_in_python3_but_for_a_few(server, python3, wrapper, preload):
    running = server(APP, {'app': {'preload': preload}}, wrapper=wrapper)
    loaded = json.loads((running.folder / 'loaded.json').read_text())
    seen = json.loads(running.get('/').body)
    for here in (loaded, seen['own']):
        assert differing(here['masks'], python3['own']['masks']) <= set(HANDLED | CAUGHT)
        handlers = python3['own']['handlers']
        assert {int(number) for number, handler in here['handlers'].items()
                if handlers[number] != handler} == set(HANDLED)
    assert seen['children'] == python3['children']
    for pid in wait_template_and_spare(running) if preload else ():
        assert differing(masks_of(pid), python3['own']['masks']) <= set(HANDLED | CAUGHT)


def test_at_the_end_one_more_is_handled(server, python3):
    running = server(APP + '''

def look():
    with open('ended.json', 'w') as file:
        json.dump(own(), file)


import uwsgi
uwsgi.atexit = look
''')
    running.stop()
    ended = json.loads((running.folder / 'ended.json').read_text())
    changed = differing(ended['masks'], python3['own']['masks'])
    assert AT_THE_END in changed
    assert changed <= set(HANDLED | CAUGHT) | {AT_THE_END}


def test_with_time_slices_one_more_is_handled_by_workers(server, python3):
    running = server(APP, {'workers': {'time-slice': '10ms'}})
    seen = json.loads(running.get('/').body)
    changed = differing(seen['own']['masks'], python3['own']['masks'])
    assert signal.SIGRTMAX in changed
    assert changed <= set(HANDLED | CAUGHT) | {signal.SIGRTMAX}
    assert seen['children'] == python3['children']
    for pid in wait_template_and_spare(running):
        assert differing(masks_of(pid), python3['own']['masks']) <= set(HANDLED | CAUGHT)


def test_check_has_them_too(make_server, python3):
    made = make_server()
    made.write_app(APP)
    made.write_config()
    assert check(made)[0] == 0
    loaded = json.loads((made.folder / 'loaded.json').read_text())
    assert differing(loaded['masks'], python3['own']['masks']) <= set(HANDLED | CAUGHT)


def test_a_master_whose_parent_ignores_and_blocks_all_hears_of_deaths_and_stops(server):
    running = server(APP, wrapper=ANYWAY)
    running.expect_error('died: killed by SIGKILL')
    [pid] = running.workers()
    os.kill(pid, signal.SIGKILL)
    running.wait_log('died: killed by SIGKILL')
    running.wait_workers(1, without=[pid])
    running.signal(signal.SIGHUP)
    running.wait_workers(1, generation=2)
    running.signal(signal.SIGTERM)
    assert running.wait_exit() == 0


BROKEN = '''
import os
import resource
import socket
import subprocess


def pipe():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        os.write(writer, b'x')
    finally:
        os.close(writer)


def unix_socket():
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        ours.sendall(b'x')


def tcp():  # as a pooled connection that the database has closed
    with socket.create_server(('127.0.0.1', 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            server.accept()[0].close()
            while True:  # the first ones fill what is in between
                client.sendall(b'x' * 65536)


def child():  # its pipe breaks, which subprocess does not mind
    subprocess.Popen(['true'], stdin=subprocess.PIPE).communicate(b'x' * 10_000_000)
    raise OSError('the child has ended')


def stream():
    reader, writer = os.pipe()
    with os.fdopen(reader), open(writer, 'w', buffering=1) as stream:
        os.close(reader)
        print('a line', file=stream)


def file():
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with open('large', 'wb', 0) as large:
            large.write(b'x' * 1000)
            large.write(b'x')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def application(environ, start_response):
    try:
        globals()[environ['PATH_INFO'][1:]]()
        answer = 'nothing was raised'
    except OSError as error:
        answer = type(error).__name__ + ' ' + str(error)
    start_response('200 OK', [('Content-Length', str(len(answer)))])
    return [answer.encode()]
'''


@pytest.mark.parametrize('preload', [True, False])
def test_a_write_that_nobody_reads_is_an_oserror_of_that_request(server, preload):
    running = server(BROKEN, {'app': {'preload': preload}})
    [pid] = running.workers()
    for what, error in (('pipe', 'BrokenPipeError'), ('unix_socket', 'BrokenPipeError'),
                        ('tcp', 'Error'), ('child', 'the child has ended'),
                        ('stream', 'Error'), ('file', 'File too large')):
        assert error in running.get('/' + what).text, what
    assert running.workers() == [pid]


CHANGED = '''
import asyncio
import signal


def application(environ, start_response):
    for number in (signal.SIGTERM, signal.SIGINT):
        former = signal.signal(number, lambda *_: None)
        assert callable(former)
        assert signal.signal(number, former) is not former
        assert signal.getsignal(number) is former
    signal.getsignal(signal.SIGINT)(signal.SIGINT, None)
    loop = asyncio.new_event_loop()
    answer = loop.run_until_complete(asyncio.sleep(0, b'put back'))
    loop.close()
    start_response('200 OK', [('Content-Length', str(len(answer)))])
    return [answer]
'''


def test_the_handlers_for_the_end_can_be_replaced_and_put_back(server):
    running = server(CHANGED)
    running.expect_error('died: exited with code 0')  # since the master had not told it to
    [pid] = running.workers()
    assert running.get('/').text == 'put back'
    os.kill(pid, signal.SIGINT)
    assert running.get('/').text == 'put back'
    os.kill(pid, signal.SIGTERM)
    running.wait_log('SIGTERM: this worker finishes its requests and leaves')
    running.wait_workers(1, without=[pid])
    assert running.get('/').text == 'put back'
