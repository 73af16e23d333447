# SPDX-License-Identifier: MIT
"""Rolling reloads, and reloads triggered by a file."""
import os
import subprocess
import threading
import time

from harness.limits import DEADLINE, GEVENTCTL

# Answers with its version. A worker of VERSION 2 whose number is in the file "late" waits for a
# file "go" before it gets ready; one whose number is in "dies" exits instead.
APP = '''
import os
import time

import uwsgi

VERSION = 1


def post_fork():
    number = str(uwsgi.worker_id())
    if VERSION == 2 and os.path.exists('late') and open('late').read() == number:
        while not os.path.exists('go'):
            time.sleep(0.01)
    if VERSION == 2 and os.path.exists('dies') and open('dies').read() == number:
        os._exit(7)


uwsgi.post_fork_hook = post_fork


def application(environ, start_response):
    body = str(VERSION).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''
NEW = APP.replace('VERSION = 1', 'VERSION = 2')


class Asking:
    """Requests all the time, on new connections; every response must be good."""

    def __init__(self, running):
        self.running, self.versions, self.over = running, [], threading.Event()
        self.fault = None
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        try:
            while not self.over.is_set():
                answer = self.running.get('/')
                assert answer.status == 200
                self.versions.append(int(answer.body))
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def wait_until(self, enough):
        """Waits until enough(responses from now on)."""
        seen, end = len(self.versions), time.monotonic() + DEADLINE
        while not enough(self.versions[seen:]):
            assert self.thread.is_alive() and time.monotonic() < end, self.fault
            self.over.wait(0.005)
        return self.versions[seen:]

    def wait_for(self, version):
        self.wait_until(lambda versions: version in versions)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        assert self.fault is None


def states(status):
    """(generation, state) of each worker."""
    return sorted((w['generation'], w['state']) for w in status['workers'])


def is_alone(status, generation):
    """Waits until the old workers have gone: one that has not been told to drain yet may still take
    a connection when the reload is done."""
    return all(number == generation for number, _ in states(status))


def test_a_rolling_reload_replaces_one_worker_after_the_other(server):
    running = server(APP, {'workers': {'processes': 3}, 'reload': {'strategy': 'rolling'}})
    running.write_app(NEW)
    (running.folder / 'late').write_text('2')
    with Asking(running) as clients:
        reload = subprocess.Popen([GEVENTCTL, '-c', running.config_path, 'reload'],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # Worker 1 of the new generation is ready, an old one has gone, worker 3 was not started.
        running.wait_status(lambda s: states(s) == [
            (1, 'ready'), (1, 'ready'), (2, 'ready'), (2, 'starting')])
        clients.wait_for(1)
        clients.wait_for(2)  # both serve
        result = running.ctl('workers', '5')
        assert result.returncode == 1 and 'rolling reload' in result.stderr
        (running.folder / 'go').touch()
        assert reload.wait() == 0
        reload.communicate()
        running.wait_status(lambda s: states(s) == [(2, 'ready')] * 3)
        # The first response may have been on its way before.
        assert 1 not in clients.wait_until(lambda versions: len(versions) > 3)[1:]


def test_a_rolling_reload_that_fails_on_the_way_goes_back(server):
    running = server(APP, {'workers': {'processes': 3}, 'reload': {'strategy': 'rolling'}})
    running.expect_error('died|reload failed')
    running.write_app(NEW)
    for name in ('late', 'dies'):
        (running.folder / name).write_text('3')
    with Asking(running) as clients:
        reload = subprocess.Popen([GEVENTCTL, '-c', running.config_path, 'reload'],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        clients.wait_for(2)  # it gets that far
        (running.folder / 'go').touch()
        told = reload.communicate()[1]
        assert reload.returncode == 1
        assert 'die before they are ready' in told
        running.wait_status(lambda s: states(s) == [(1, 'ready')] * 3)
        clients.wait_for(1)
    assert running.status()['reload']['result'] == 'failed'
    os.unlink(running.folder / 'dies')
    assert running.ctl('reload').returncode == 0
    running.wait_status(lambda s: is_alone(s, 3))
    assert running.get('/').body == b'2'


def test_a_touched_file_means_a_reload(server):
    touch = ['reload.me', 'folder/not-there-yet']
    running = server(APP, {'reload': {'touch': touch}})
    running.write_app(NEW)
    (running.folder / 'folder').mkdir()
    for count, name in enumerate(touch, 1):
        (running.folder / name).touch()
        running.wait_log(f'{running.folder}/{name} has changed: reload')
        running.wait_status(lambda s: s['reload']['count'] == count
                            and s['reload']['result'] == 'done')
    running.wait_status(lambda s: is_alone(s, 3))
    assert running.get('/').body == b'2'
    (running.folder / 'other.me').touch()
    # Replaced as by an editor or a deployment.
    (running.folder / 'other.me').rename(running.folder / 'reload.me')
    running.wait_status(lambda s: s['reload']['count'] == 3)


def test_a_reload_changes_which_files_are_watched(server):
    running = server(APP, {'reload': {'touch': ['first']}})
    running.write_config({'reload': {'touch': ['second']}})
    assert running.ctl('reload').returncode == 0
    (running.folder / 'first').touch()
    (running.folder / 'second').touch()
    running.wait_log('second has changed: reload')
    running.wait_status(lambda s: s['reload']['count'] == 2 and s['reload']['result'] == 'done')
    assert 'first has changed' not in running.log.text()
