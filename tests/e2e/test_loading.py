# SPDX-License-Identifier: MIT
"""Whatever an application changes in its process while it is loaded affects nobody else."""
import os
import signal

import pytest

from harness import procfs
from harness.apps import HELLO

SUBREAPER = HELLO + '''
import ctypes
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
'''

# errno is not 0 at that point.
IGNORES_CHILDREN = HELLO + '''
import signal
import socket
try:
    socket.create_connection(('127.0.0.1', 1))
except OSError:
    pass
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
'''

CLOSES = HELLO + '''
import os
{}
'''


@pytest.mark.parametrize('app', [SUBREAPER, IGNORES_CHILDREN])
def test_the_master_goes_on_hearing_of_the_end_of_its_workers(server, app):
    running = server(app)
    running.expect_error('killed by SIGKILL')
    old, = running.workers()
    assert procfs.parent(old) == running.pid
    os.kill(old, signal.SIGKILL)
    running.wait_log(r'worker 1 \(pid \d+\) died')
    running.wait_workers(1, without=[old])
    assert running.get('/').status == 200
    running.stop()
    assert 'cannot fork' not in running.log.text()


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('deed', ['os.close(3)', 'os.closerange(3, 1000)'])
def test_a_lost_line_to_the_master_ends_the_start_with_a_sentence(make_server, deed, preload):
    made = make_server()
    made.write_app(CLOSES.format(deed))
    made.write_config({'app': {'preload': preload}})
    made.expected_exit = 1
    made.expect_error('.')
    made.start(wait=False)
    assert made.wait_exit() == 1
    assert made.log.wait_end()
    assert 'the line to the master, was closed or replaced by the application' in made.log.text()
    assert len(made.log.lines()) < 50
