# SPDX-License-Identifier: MIT
"""What multiprocessing and concurrent.futures start in a request works as under python3: results
arrive, and neither the worker nor whatever the request has started is harmed."""
import json
import signal

import pytest

APP = '''
import json
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor


def square(number):
    return number * number, os.getpid()


def told(results, processes):
    """Waits for these to end."""
    return {'results': [result for result, _ in results], 'from': [pid for _, pid in results],
            'codes': {process.pid: process.exitcode for process in processes}}


def with_executor(context):
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        results = list(executor.map(square, range(8)))
        processes = list(executor._processes.values())
    return told(results, processes)


def with_pool(context):
    with context.Pool(2) as pool:
        results = pool.map(square, range(8))
        processes = list(pool._pool)
        pool.close()
        pool.join()
    return told(results, processes)


def put(queue, number):
    queue.put(square(number))


def with_queue(context):
    queue = context.Queue()
    processes = [context.Process(target=put, args=(queue, number)) for number in range(8)]
    for process in processes:
        process.start()
    results = sorted(queue.get() for _ in processes)
    for process in processes:
        process.join()
    queue.close()
    queue.join_thread()
    return told(results, processes)


def keep(shared, number):
    shared[number] = square(number)


def with_manager(context):
    with context.Manager() as manager:
        shared = manager.dict()
        processes = [context.Process(target=keep, args=(shared, n)) for n in range(8)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        results = [shared[number] for number in range(8)]
    return told(results, [*processes, manager._process])


WAYS = {'executor': with_executor, 'pool': with_pool, 'queue': with_queue,
        'manager': with_manager}


def application(environ, start_response):
    _, method, way = environ['PATH_INFO'].split('/')
    seen = WAYS[way](multiprocessing.get_context(method)) if way else {}
    body = json.dumps({**seen, 'worker': os.getpid(), 'python': sys.version_info[:2]}).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


# Pools and managers of multiprocessing work in no program under gevent's patches: a greenlet in the
# place of a thread reads a pipe that another one is still to fill, or a non-blocking socket.
@pytest.mark.parametrize('method', ['fork', 'spawn', 'forkserver'])  # the last is CPython 3.14's
@pytest.mark.parametrize('patch, way', [
    ('before-load', 'executor'), ('before-load', 'queue'), ('none', 'executor'), ('none', 'queue'),
    ('none', 'pool'), ('none', 'manager')])
def test_results_come_and_the_worker_goes_on(server, patch, way, method):
    running = server(APP, {'app': {'monkey-patch': patch}})
    workers = running.workers()
    if (patch, method) == ('before-load', 'forkserver'):
        if json.loads(running.get('/none/').body)['python'] >= [3, 14]:
            pytest.skip('nor does it in python3: it reads a non-blocking socket to prove itself')
    seen = json.loads(running.get(f'/{method}/{way}').body)
    assert seen['results'] == [number * number for number in range(8)]
    # A manager that takes more than a second to end is terminated by multiprocessing itself; one in
    # an interpreter of its own does on a busy machine.
    may_be_late = way == 'manager' and method != 'fork'
    assert set(seen['codes'].values()) <= ({0, -signal.SIGTERM} if may_be_late else {0})
    assert set(map(str, seen['from'])) <= set(seen['codes'])
    assert json.loads(running.get('/none/').body)['worker'] == seen['worker']
    assert running.workers() == workers == [seen['worker']]
    assert running.stop() == 0
    assert running.log.wait_end()  # no process is left that could write to it
    assert 'Traceback' not in running.log.text()
