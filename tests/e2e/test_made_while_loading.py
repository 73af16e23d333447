# SPDX-License-Identifier: MIT
"""What was made while the application was loaded serves all workers: the end of one of them, as by
recycling, leaves it alone, and the template ends it."""
import os

APP = '''
import multiprocessing
import os
import tempfile
import time

import gevent.os

folder = tempfile.TemporaryDirectory(dir='.')
context = multiprocessing.get_context('fork')
daemon = context.Process(target=time.sleep, args=(100000,), daemon=True)
daemon.start()
reading, writing = os.pipe()  # its end tells that a process may end
usual = context.Process(target=os.read, args=(reading, 1))
usual.start()


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/wait':
        try:
            gevent.os.waitpid(daemon.pid, 0)
        except ChildProcessError:
            path = 'none of its children'
    elif path == '/release':
        os.write(writing, b'x')
    body = f'{os.getpid()} {folder.name} {daemon.pid} {path}'.encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def test_the_end_of_a_worker_leaves_it_to_the_others(server):
    running = server(APP, {'app': {'preload': True},
                           'workers': {'processes': 1, 'max-requests': 2}})
    first = running.workers()
    said = [running.get('/').body.split() for _ in range(2)]
    [second] = running.wait_workers(1, without=first)
    pid, folder, daemon, _ = running.get('/').body.split()
    assert int(pid) == second and [folder, daemon] == said[0][1:3]
    assert (running.folder / folder.decode()).is_dir()
    assert os.path.exists(f'/proc/{int(daemon)}')
    running.get('/release')
    assert running.stop() == 0
    assert not (running.folder / folder.decode()).exists()
    assert not os.path.exists(f'/proc/{int(daemon)}')
    assert 'Traceback' not in running.log.text()
    assert 'Error' not in running.log.text()


def test_children_of_the_template_are_none_of_the_workers(server):
    running = server(APP, {'app': {'preload': True}})
    assert running.get('/wait').body.endswith(b'none of its children')
    running.get('/release')
