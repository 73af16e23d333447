# SPDX-License-Identifier: MIT
"""No accepted signal is lost while workers are killed: a ledger outside the server proves it."""
import os
import random
import signal
import threading

import pytest

from harness.signal_app import run, start, wait_figures

NAME = 32  # characters of a hexadecimal UUID

PRELUDE = '''
import random
import uuid

ACCEPTED = os.open('accepted', os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
FINISHED = os.open('finished', os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def enter(ledger, name):
    os.write(ledger, b'\\n%s\\n' % name)


@geventd.register(9)
def handler(num):
    gevent.sleep(random.random() * 0.01)
    enter(FINISHED, geventd.signal_info().payload)


def send(count):
    for _ in range(count):
        name = uuid.uuid4().hex.encode()
        geventd.signal(9, name)
        enter(ACCEPTED, name)
'''


class Load:
    """Requests that send signals, one after the other; no response from a killed worker is no
    fault."""

    def __init__(self, running):
        self.running = running
        self.answered = 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work) for _ in range(2)]

    def work(self):
        while not self.over.is_set():
            try:
                if run(self.running, 'send(25)\nresult = 1') == 1:
                    self.answered += 1
            except Exception:
                self.over.wait(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def names_in(ledger):
    """The names that were written completely. SIGKILL can cut a write at a page boundary; the line
    breaks on both sides of each name keep such a cut from spoiling its neighbours."""
    words = ledger.read_text().split()
    whole = [word for word in words if len(word) == NAME]
    print(f'{ledger.name}: {len(whole)} names, {len(words) - len(whole)} cut by a kill')
    return whole


def soak(server, kills, signals=0):
    """At least so many kills, and so many signals accepted meanwhile."""
    running = start(server, PRELUDE, workers=4,
                    signals={'max-attempts': 200, 'queue': 65536, 'payloads': '16MiB'})
    running.expect_error('worker .* died|POST /run failed')
    choice = random.Random(17)
    ledger = running.folder / 'accepted'
    killed = 0
    with Load(running) as load:
        while killed < kills or ledger.stat().st_size < signals * (NAME + 2):
            load.over.wait(0.2)
            alive = running.workers()
            if alive:
                try:
                    os.kill(choice.choice(alive), signal.SIGKILL)
                    killed += 1
                except ProcessLookupError:
                    pass
        running.wait_workers(4)
        answered = load.answered
    wait_figures(running, 9, waiting=0, running=0)
    accepted = names_in(ledger)
    finished = names_in(running.folder / 'finished')
    print(f'{answered} requests, {killed} kills')
    assert answered and len(accepted) > 20 * answered
    assert len(set(accepted)) == len(accepted)
    assert set(accepted) - set(finished) == set()
    figures = running.status()['signals'][0]
    assert figures['set_aside'] == 0
    assert len(finished) - len(set(finished)) <= figures['redelivered']


def test_no_accepted_signal_is_lost(server):
    soak(server, 15)


@pytest.mark.slow
def test_of_a_million_signals_none_is_lost(server):
    soak(server, 600, signals=1_000_000)
