# SPDX-License-Identifier: MIT
"""What a request costs in system calls: counted, so that no change makes it dearer unnoticed."""
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from harness import procfs
from harness.apps import HELLO
from harness.limits import DEADLINE, SANITIZED

CONNECTIONS, BATCHES = 64, 10
REQUEST = b'GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: cost\r\nAccept: */*\r\n\r\n'

pytestmark = [pytest.mark.skipif(shutil.which('strace') is None, reason='strace is not installed'),
              pytest.mark.skipif(SANITIZED, reason='the sanitizers make system calls too')]


class Trace:
    """strace on one process, counting."""

    def __init__(self, pid, report):
        self.pid = pid
        self.report = report
        self.process = subprocess.Popen(['strace', '-c', '-f', '-p', str(pid), '-o', str(report)],
                                        stderr=subprocess.PIPE, text=True)
        assert 'attached' in self.process.stderr.readline()

    def counts(self):
        """{system call: how often}, after which it no longer traces."""
        # An answer arrives before its system call is counted: not before the worker sleeps again.
        end = time.monotonic() + DEADLINE
        while procfs.stat_fields(self.pid)[0] != 'S':
            assert time.monotonic() < end
        self.process.send_signal(signal.SIGINT)
        self.process.wait(DEADLINE)
        self.process.stderr.close()
        rows = re.findall(r'^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$',
                          self.report.read_text(), re.M)
        return {name: int(count) for count, name in rows if name != 'total'}


def batch(worker, clients):
    """All clients' requests are there before the worker sees the first."""
    os.kill(worker, signal.SIGSTOP)
    for client in clients:
        client.send(REQUEST)
    os.kill(worker, signal.SIGCONT)
    for client in clients:
        assert client.read_answer().status == 200


def test_a_kept_request_takes_two_system_calls_and_a_share_of_the_turns(server):
    running = server(HELLO, {'workers': {'processes': 1, 'cores': 100}})
    worker, = running.workers()
    clients = [running.raw() for _ in range(CONNECTIONS)]
    try:
        for _ in range(BATCHES):  # until the heap is as large as this work makes it
            batch(worker, clients)
        trace = Trace(worker, running.folder / 'strace')
        for _ in range(BATCHES):
            batch(worker, clients)
        counts = trace.counts()
    finally:
        for client in clients:
            client.close()
    requests = CONNECTIONS * BATCHES
    assert counts['sendmsg'] == requests
    # 2.1 on an idle machine; a busy one cuts the batches into more turns of the hub.
    assert sum(counts.values()) <= 2.5 * requests, counts
    assert not {'mmap', 'munmap', 'clock_gettime', 'epoll_ctl', 'brk'} & set(counts), counts
