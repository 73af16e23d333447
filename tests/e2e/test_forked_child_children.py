# SPDX-License-Identifier: MIT
"""A process that the application forks learns how its own children end, as a python3 does."""
import json

import pytest

from harness.fork_app import COMMON

# Calls the function of the path in a forked child, and answers with what it returns.
IN_CHILD = COMMON + '''
import json
import multiprocessing
import signal
import subprocess
import threading

context = multiprocessing.get_context('fork')


def start(code, seconds):
    pid = os.fork()
    if pid == 0:
        time.sleep(seconds)
        os._exit(code)
    return pid


def code_by_waiting(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def forked(seconds):
    return [code_by_waiting(pid) for pid in [start(code, seconds) for code in (1, 2, 3)]]


def processes(timeout):
    started = [context.Process(target=sys.exit, args=(code,)) for code in (1, 2, 3)]
    for process in started:
        process.start()
    for process in started:
        process.join(timeout)
    return [process.exitcode for process in started]


def threads():
    """Several wait for the same child."""
    child, codes = subprocess.Popen(['sh', '-c', 'sleep 0.05; exit 3']), []
    waiting = [threading.Thread(target=lambda: codes.append(child.wait())) for _ in range(2)]
    waiting.append(threading.Thread(target=lambda: codes.append(code_by_waiting(child.pid))))
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    return codes


def late():
    """A watcher that is started when another one has reaped the child."""
    pid, codes = start(3, 0), []

    def look(watcher):
        codes.append(os.waitstatus_to_exitcode(watcher.rstatus))

    for _ in range(2):
        watcher = gevent.get_hub().loop.child(pid)
        watcher.start(look, watcher)
        while watcher.active:
            gevent.sleep(0.005)
    return codes


def any_child(starts):
    started = starts()
    told = [os.waitpid(-1, 0) for _ in started]
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        return [(started[pid], os.waitstatus_to_exitcode(status)) for pid, status in told]


def any_patched():
    return any_child(lambda: {start(code, 0.03 * code): code for code in (1, 2, 3)})


def any_native():
    fork = gevent.monkey.get_original('os', 'fork')
    started = {}
    for code in (1, 2, 3):
        pid = fork()
        if pid == 0:
            os._exit(code)
        started[pid] = code
    return sorted(any_child(lambda: started))


JOBS = {'soon': lambda: forked(0), 'later': lambda: forked(0.05), 'late': late,
        'join': lambda: processes(None), 'join-timeout': lambda: processes(20),
        'threads': threads, 'any': any_patched, 'any-native': any_native}


def application(environ, start_response):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, json.dumps(JOBS[environ['PATH_INFO'][1:]]()).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        return answer(start_response, file.read())
'''.replace('import gevent\n', 'import gevent.monkey\n', 1)


@pytest.mark.parametrize('way', ['soon', 'later', 'join', 'join-timeout'])
def test_exit_codes_of_its_children_are_theirs(server, way):
    running = server(IN_CHILD)
    for _ in range(3):
        assert json.loads(running.get('/' + way).body) == [1, 2, 3]


def test_all_who_wait_for_a_child_are_told_its_status(server):
    running = server(IN_CHILD)
    assert json.loads(running.get('/threads').body) == [3, 3, 3]
    assert json.loads(running.get('/late').body) == [3, 3]


def test_it_can_wait_for_any_of_its_children(server):
    """Each is told once, also those that gevent does not know of; then there are none."""
    running = server(IN_CHILD)
    assert json.loads(running.get('/any').body) == [[1, 1], [2, 2], [3, 3]]
    assert json.loads(running.get('/any-native').body) == [[1, 1], [2, 2], [3, 3]]
