# SPDX-License-Identifier: MIT
"""A connection that a worker leaves to its siblings does not wait long. How evenly connections are
spread is tested by accept_balance_test.cpp: here the scheduler has an influence."""
import collections
import contextlib
import os
import signal

from harness import procfs
from harness.apps import HOLD
from harness.client import exchange
from harness.limits import DEADLINE


def test_a_worker_that_was_away_takes_connections_again(server):
    running = server(HOLD, {'workers': {'processes': 2}})
    away, other = running.workers()
    with contextlib.ExitStack() as open_ones:
        clients = []

        def served_by(client):
            return int(exchange(client, 'GET', '/pid').text)

        def connect():
            clients.append(open_ones.enter_context(running.http()))
            return served_by(clients[-1])

        os.kill(away, signal.SIGSTOP)
        try:
            procfs.wait_stopped(away, DEADLINE)
            # None of these connections waits long.
            assert {connect() for _ in range(20)} == {other}
        finally:
            os.kill(away, signal.SIGCONT)
        counts = collections.Counter({other: 20})
        while counts[away] < 5:
            counts[connect()] += 1
        # Each connection stays where it is.
        assert collections.Counter(map(served_by, clients)) == counts
