# SPDX-License-Identifier: MIT
"""Load on a balancer while its servers come and go."""
import threading
import time

from . import client
from .limits import DEADLINE


def order(address):
    """One request with a body, by a connection of its own."""
    connection = client.open_http(address)
    try:
        return client.exchange(connection, 'POST', '/served', b'order')
    finally:
        connection.close()


class Load:
    """Clients of a balancer before servers that run apps.HOLD. They ask one request after the
    other, some by kept connections, some with a body."""

    def __init__(self, address, clients=4):
        self.address = address
        self.answered = 0
        self.faults = []
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        while not self._end.is_set():
            connection = client.open_http(self.address)
            try:
                for method, body in (('GET', None), ('POST', b'order'), ('GET', None)):
                    answer = client.exchange(connection, method, '/served', body)
                    if (answer.status, answer.body) != (200, b'/served'):
                        self.faults.append(repr(answer))
                    self.answered += 1
            except Exception as error:
                self.faults.append(repr(error))
            finally:
                connection.close()

    def wait(self, more=200):
        """Waits until so many further requests were answered."""
        end, wanted = time.monotonic() + DEADLINE, self.answered + more
        while self.answered < wanted:
            assert time.monotonic() < end and not self.faults, self.faults[:5]
            time.sleep(0.01)  # polls: the threads only count
