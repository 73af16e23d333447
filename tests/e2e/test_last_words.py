# SPDX-License-Identifier: MIT
"""What the log says about the end of a process is true."""
import os
import signal
import sys
import time

from harness import procfs
from harness.limits import DEADLINE

MEMORY = 'want of memory'

HELLO = '''
def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''

SPIN = '''
def application(environ, start_response):
    print('spinning', flush=True)
    while True:
        pass
'''

# Runs the rest of the command line as if the kernel did not know pidfd_open (434).
WITHOUT_PIDFDS = '''
import ctypes, os, struct, sys

def code(operation, yes, no, value):
    return struct.pack('HBBI', operation, yes, no, value)

ENOSYS = 38
program = b''.join([
    code(0x20, 0, 0, 0),                    # load the number of the call
    code(0x15, 0, 1, 434),                  # pidfd_open?
    code(0x06, 0, 0, 0x00050000 | ENOSYS),  # refuse
    code(0x06, 0, 0, 0x7fff0000),           # allow
])
text = ctypes.create_string_buffer(program, len(program))
filter = struct.pack('HxxxxxxP', len(program) // 8, ctypes.addressof(text))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0            # no new privileges
assert libc.prctl(22, 2, filter, 0, 0) == 0       # a filter of system calls
os.execv(sys.argv[1], sys.argv[1:])
'''


def spin(running):
    client = running.raw()
    client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    running.wait_log('spinning')
    return client


def test_one_that_the_master_killed_after_its_time(server):
    running = server(SPIN, {'limits': {'drain-requests': '100ms', 'drain-background': '0s'}})
    with spin(running):
        assert running.stop() == 0
    running.wait_log('is gone: killed by the master: it had not finished within its time')
    assert MEMORY not in running.log.text()


def test_one_whose_hub_did_not_turn(server):
    # For less than that a busy machine may hold up a worker that does not spin.
    running = server(SPIN, {'limits': {'blocked-hub': '100ms', 'kill-blocked-hub': '3s'}})
    running.expect_error('died')
    with spin(running):
        running.wait_log('is killed: its hub has not turned')
        running.wait_log('killed by the master: its hub did not turn any more')
    assert MEMORY not in running.log.text()


def test_one_that_a_stop_at_once_cuts(server):
    running = server(SPIN)
    with spin(running):
        running.expected_exit = running.stop(signal.SIGQUIT)
    running.wait_log('killed by the master: the server was to stop at once')
    assert MEMORY not in running.log.text()


def test_one_whose_post_fork_hook_failed(server):
    running = server('''
import uwsgi

uwsgi.post_fork_hook = lambda: 1 / 0
''' + HELLO, wait=False)
    running.expect_error('.')
    running.expected_exit = 1
    assert running.wait_exit() == 1
    running.wait_log('error worker.*uwsgi.post_fork_hook failed: Traceback')
    running.wait_log('ZeroDivisionError')
    running.wait_log('exited with code 66: uwsgi.post_fork_hook or hooks.post-fork failed')
    assert 'cannot be used' not in running.log.text()


def test_one_that_has_left_when_it_is_told_to(server):
    """The master is told to stop before it learns of the worker's end."""
    running = server(HELLO)
    running.expect_error('died: exited with code 0')
    [pid] = running.workers()
    running.signal(signal.SIGSTOP)
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + DEADLINE
    while not procfs.is_zombie(pid):
        assert time.monotonic() < end, running.log.text()
    running.signal(signal.SIGTERM)
    running.signal(signal.SIGCONT)
    assert running.wait_exit() == 0
    text = running.log.text()
    assert 'cannot be sent' not in text and 'cannot be told' not in text and 'killed' not in text
    running.wait_log('exited with code 0')


def test_a_kernel_without_pidfds(server):
    running = server(HELLO, {'workers': {'processes': 2}},
                     wrapper=[sys.executable, '-c', WITHOUT_PIDFDS])
    status = running.wait_status(lambda s: s['generations'][0]['spare_pid'])
    assert running.get('/').status == 200
    for _ in range(5):
        again = running.status()['generations'][0]
        assert again['spare_pid'] == status['generations'][0]['spare_pid']
    assert running.stop() == 0
    assert 'died' not in running.log.text() and MEMORY not in running.log.text()
