# SPDX-License-Identifier: MIT
"""Which processes there are, and what each looks like."""
import os
import pathlib
import signal
import subprocess

import pytest

from harness import procfs
from harness.apps import HELLO, HOLD
from harness.limits import GEVENTCTL, GEVENTD


@pytest.mark.parametrize('program', [GEVENTD, GEVENTCTL])
def test_no_python_in_the_link_of(program):
    linked = subprocess.run(['ldd', str(program)], capture_output=True, text=True).stdout
    assert 'libc.so' in linked
    assert 'python' not in linked


def test_the_master_maps_no_python(server):
    running = server(HELLO)
    maps = pathlib.Path(f'/proc/{running.pid}/maps').read_text()
    assert 'libpython' not in maps


def test_every_process_is_a_child_of_the_master(server):
    running = server(HELLO, {'workers': {'processes': 3}})
    status = running.wait_status(lambda s: s['generations'][0]['spare_pid'])
    generation, = status['generations']
    family = {generation['template_pid'], generation['spare_pid'], *running.workers()}
    assert len(family) == 5
    assert {procfs.parent(pid) for pid in family} == {running.pid}
    assert set(procfs.children(running.pid)) == family  # the intermediate processes are gone


def test_without_preload_there_is_no_template(server):
    running = server(HELLO, {'app': {'preload': False}, 'workers': {'processes': 2}})
    generation, = running.status()['generations']
    assert generation['template_pid'] is None and generation['spare_pid'] is None
    assert sorted(procfs.children(running.pid)) == sorted(running.workers())


def test_auto_means_one_worker_for_each_cpu(server):
    running = server(HELLO, {'workers': {'processes': 'auto'}})
    assert len(running.workers()) == len(os.sched_getaffinity(0))


def test_workers_share_one_load_of_the_application(server):
    running = server('import gc, os\nfrozen = gc.get_freeze_count\n'
                     'def application(environ, start_response):\n'
                     '    body = str(frozen()).encode()\n'
                     '    start_response("200 OK", [("Content-Length", str(len(body)))])\n'
                     '    return [body]\n')
    assert int(running.get('/').body) > 1000


def test_a_request_changes_no_descriptors(server):
    running = server(HELLO)
    worker, = running.workers()

    def visit():
        for _ in range(20):
            assert running.get('/').status == 200

    visit()
    running.wait_status(lambda s: s['workers'][0]['connections'] == 0)
    before = procfs.descriptors(worker)
    visit()
    running.wait_status(lambda s: s['workers'][0]['connections'] == 0)
    assert procfs.descriptors(worker) == before


def test_children_inherit_only_what_is_theirs(server):
    inherited, other = os.pipe()
    try:
        running = server(HELLO)
        pipes = {name for pid in procfs.children(running.pid)
                 for fd, name in procfs.descriptors(pid).items() if fd > 2}
        assert os.readlink(f'/proc/self/fd/{inherited}') not in pipes
    finally:
        os.close(inherited)
        os.close(other)


def test_descriptors_are_raised_to_fit(server):
    running = server(HELLO, {'limits': {'connections': 1000}},
                     wrapper=['prlimit', '--nofile=256:4096'])
    worker, = running.workers()
    for line in pathlib.Path(f'/proc/{worker}/limits').read_text().splitlines():
        if line.startswith('Max open files'):
            assert int(line.split()[3]) > 1000


def test_the_application_does_not_see_a_raised_signal_mask(server):
    running = server(HELLO)
    worker, = running.workers()
    for line in pathlib.Path(f'/proc/{worker}/status').read_text().splitlines():
        if line.startswith('SigBlk'):
            assert int(line.split()[1], 16) == 0


def title(pid):
    """What ps shows for a process."""
    return procfs.command(pid).rstrip()


def test_titles_say_what_each_process_is_and_does(server):
    running = server(HOLD, {'workers': {'processes': 2, 'cores': 9}})
    assert running.ctl('reload').returncode == 0
    status = running.wait_status(
        lambda s: len(s['generations']) == 1 and s['generations'][0]['spare_pid'])
    generation, = status['generations']
    for name in ('template_pid', 'spare_pid'):
        assert title(generation[name]) == 'geventd: template app (gen 2)'
    first, second = [worker['pid'] for worker in status['workers']]
    assert title(first) == 'geventd: worker 1 app (gen 2, 0/9 cores)'
    assert title(second) == 'geventd: worker 2 app (gen 2, 0/9 cores)'
    with running.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        running.wait_status(lambda _: '(gen 2, 1/9 cores)' in title(first) + title(second))
    running.signal(signal.SIGQUIT)
