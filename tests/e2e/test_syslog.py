# SPDX-License-Identifier: MIT
"""log.file: syslog, with a socket of the test's own at /dev/log."""
import os
import re
import signal
import socket

import pytest

from harness.apps import HELLO
from harness.limits import DEADLINE

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root may mount')

WITH_SYSLOG = ('mount -t tmpfs none /mnt && cd /dev && cp -a null zero random urandom /mnt && '
               'cd - && ln -s "$SYSLOG" /mnt/log && mount --bind /mnt /dev && exec "$@"')


class Syslog:
    """A daemon that keeps the messages."""

    def __init__(self, path):
        self.path = str(path)
        self.messages = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(DEADLINE)

    def wait(self, pattern):
        while True:
            self.messages.append(self.socket.recv(65536).decode())
            if match := re.search(pattern, self.messages[-1]):
                return match


@pytest.fixture
def syslog(tmp_path):
    daemon = Syslog(tmp_path / 'log')
    with daemon.socket:
        yield daemon


def started(make_server, syslog, app):
    made = make_server()
    made.write_app(app)
    made.write_config({'log': {'file': 'syslog'}})
    made.start(wrapper=('unshare', '-m', 'sh', '-c', WITH_SYSLOG, 'sh'),
               environment={'SYSLOG': syslog.path}, wait=False)
    made.wait_serving()
    return made


def test_lines_have_their_severity_and_prints_are_there_too(make_server, syslog):
    made = started(make_server, syslog, "print('printed')\n" + HELLO)
    assert syslog.wait(r'^<30>\w+ .+ geventd\[\d+\]: printed$')
    assert syslog.wait(r'^<30>\w+ .+ geventd\[\d+\]: \S+ info master\[\d+\]: geventd \S+ ready: ')
    made.stop()
    assert syslog.wait(' has stopped$')


def test_an_upgrade_to_stderr_waits_for_a_restart(make_server, syslog):
    made = started(make_server, syslog, HELLO)
    syslog.wait(' ready: ')
    made.write_config({'log': {'file': 'stderr'}})
    made.signal(signal.SIGUSR2)
    syslog.wait('warning .* log.file: stderr takes effect with a restart; until then it is syslog')
    made.follow(1)
    syslog.wait(rf'master\[{made.pid}\]: geventd \S+ ready: ')
    syslog.wait(rf'master\[{made.pid}\]: the former master has left')
    made.stop()
    syslog.wait(rf'master\[{made.pid}\]: geventd \S+ has stopped')
