# SPDX-License-Identifier: MIT
"""app.preload: auto finds what one process only can use, though it is no connection to a server."""
import pytest

from harness.apps import HELLO

PRIVATE = {
    'a child that answers': ('''
import subprocess
kept = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
''', 'a pipe from another process'),
    'a pool of processes': ('''
import concurrent.futures
kept = concurrent.futures.ProcessPoolExecutor(2)
''', 'a ProcessPoolExecutor'),
    'an event loop': ('''
import asyncio
kept = asyncio.new_event_loop()
''', 'an event loop of asyncio'),
}


@pytest.mark.parametrize('kind', PRIVATE)
def test_what_only_one_process_can_use(server, kind):
    code, name = PRIVATE[kind]
    running = server(code + HELLO)
    running.wait_log(f'has opened connections while it was loaded.*{name}')
    generation = running.status()['generations'][-1]
    assert not generation['preload'] and name in generation['connections']


def test_a_pool_of_multiprocessing_which_needs_native_threads(server):
    running = server('import multiprocessing\nkept = multiprocessing.Pool(1)\n' + HELLO,
                     {'app': {'monkey-patch': 'none'}})
    running.wait_log('has opened connections while it was loaded.*a Pool of multiprocessing')


def test_a_pool_answers_each_worker(server):
    running = server('''
import concurrent.futures
import os

executor = concurrent.futures.ProcessPoolExecutor(2)


def application(environ, start_response):
    answer = executor.submit(str.upper, environ['PATH_INFO']).result()
    start_response('200 OK', [('X-Worker', str(os.getpid()))])
    return [answer.encode()]
''', {'workers': {'processes': 2}})
    workers = set()
    for number in range(200):
        answer = running.get(f'/a{number}')
        assert answer.body == b'/A%d' % number
        workers.add(answer.header('x-worker'))
        if number > 20 and len(workers) == 2:
            break
