# SPDX-License-Identifier: MIT
"""In a process that the application forks, only the code that called fork() continues, and gevent
works there; the worker is not affected."""
import json
import threading

import pytest

from harness.fork_app import COMMON

ONE_LINE = COMMON + '''
import ctypes
import threading

import uwsgi

FORKS = {'os': os.fork, 'c': ctypes.CDLL(None).fork, 'gil': ctypes.PyDLL(None).fork}
lock = threading.Lock()
event = gevent.event.Event()


def note(name):
    with open('notes', 'a') as file:
        file.write(f'{name}\\n')


def background():
    time.sleep(0.3)
    note('background')


def handler(number):
    open('handling', 'w').close()
    wait('forked')
    note('handler')


uwsgi.register_signal(1, '', handler)


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/fork':
        with lock:
            time.sleep(0.05)
            pid = FORKS[environ['QUERY_STRING']]()
            if pid == 0:  # waits until all others have written what they could write here too
                wait('all-is-written')
        open('forked', 'w').close()
        if pid == 0:
            event.set()
            time.sleep(0.1)
            note('child')
            os._exit(0)
        return answer(start_response, code_of(pid))
    if path == '/signal':
        uwsgi.signal(1)
        wait('handling')
    elif path == '/background':
        gevent.spawn(background)
        gevent.spawn_later(0.3, note, 'later')
    elif path == '/lock':
        with lock:
            note(path)
    elif path == '/event':
        event.wait()
        note(path)
    elif path == '/set':
        event.set()
    else:
        time.sleep(0.3)
        note(path)
    return answer(start_response, os.getpid())
'''


def in_background(*calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize('fork', ['os', 'c', 'gil'])
@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_only_the_calling_greenlet_lives_on(server, patch, fork):
    source = ONE_LINE.replace('import gevent\n', 'import gevent\nimport gevent.event\n', 1)
    if patch == 'none':
        source = source.replace('time.sleep', 'gevent.sleep').replace(
            'import threading', 'import gevent.lock').replace(
            'threading.Lock()', 'gevent.lock.Semaphore()')
    running = server(source, {'app': {'monkey-patch': patch}})
    assert running.get('/signal').status == 200  # the handler by now waits for the first fork
    assert running.get('/background').status == 200
    answers = []
    forked = f'/fork?{fork}'
    paths = ['/1', '/2', '/3', '/event', forked, '/lock', forked, '/4']

    def get(path):
        answers.append((path, running.get(path).body))

    threads = in_background(*(lambda path=path: get(path) for path in paths))
    waits_for_event, forks = threads[3], (threads[4], threads[6])
    for thread in threads:
        if thread is not waits_for_event and thread not in forks:
            thread.join()
    for name in ('background', 'later', 'handler'):
        running.wait_file(running.folder / 'notes', name)
    (running.folder / 'all-is-written').touch()
    for thread in forks:
        thread.join()
    running.get('/set')
    waits_for_event.join()
    worker = str(running.workers()[0]).encode()
    assert {body for path, body in answers if path != forked} == {worker}
    assert [body for path, body in answers if path == forked] == [b'0', b'0']
    notes = (running.folder / 'notes').read_text().split()
    assert sorted(notes) == sorted(
        ['/1', '/2', '/3', '/4', '/event', '/lock', 'background', 'child', 'child', 'handler',
         'later'])


WORKS = COMMON + '''
import json
import multiprocessing
import socket
import subprocess
import threading


def server(listener):
    client, _ = listener.accept()
    with client:
        client.sendall(client.recv(10).upper())


def child(inherited):
    seen = {}
    with socket.create_server(('127.0.0.1', 0)) as listener:
        gevent.spawn(server, listener)
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(b'hello')
            seen['socket'] = client.recv(10).decode()
    gevent.spawn_later(0.02, inherited[1].sendall, b'own')
    seen['inherited'] = inherited[0].recv(10).decode()
    seen['greenlets'] = [g.get() for g in [gevent.spawn(lambda i=i: i) for i in range(3)]]
    seen['subprocess'] = subprocess.run(['echo', 'hi'], capture_output=True, text=True).stdout
    seen['thread pool'] = gevent.get_hub().threadpool.apply(len, ('four',))
    thread = threading.Thread(target=seen.__setitem__, args=('thread', True))
    thread.start()
    thread.join()
    try:
        with gevent.Timeout(0.02):
            gevent.sleep(10)
    except gevent.Timeout:
        seen['timeout'] = True
    pid = os.fork()
    if pid == 0:
        gevent.sleep(0.02)
        sys.exit(5)
    seen['grandchild'] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return seen


def application(environ, start_response):
    pair = socket.socketpair()
    reading, writing = os.pipe()
    with gevent.Timeout(20):
        pid = os.fork()
        if pid == 0:
            os.write(writing, json.dumps(child(pair)).encode())
            os._exit(0)
    os.close(writing)
    code_of(pid)
    with open(reading) as file:
        return answer(start_response, file.read())
'''


@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_gevent_works_in_it(server, patch):
    source = WORKS
    if patch == 'none':
        source = source.replace('import socket', 'from gevent import socket').replace(
            'import subprocess', 'from gevent import subprocess').replace(
            'socket.create_server((', "listen((").replace(
            'import threading', 'from gevent import monkey\nimport threading') + '''

def listen(address):
    listener = socket.socket()
    listener.bind(address)
    listener.listen()
    return listener
'''
    running = server(source, {'app': {'monkey-patch': patch}})
    assert json.loads(running.get('/').body) == {
        'socket': 'HELLO', 'inherited': 'own', 'greenlets': [0, 1, 2], 'subprocess': 'hi\n',
        'thread pool': 4, 'thread': True, 'timeout': True, 'grandchild': 5}


STORM = COMMON + '''
def application(environ, start_response):
    if environ['PATH_INFO'] == '/fork':
        pid = os.fork()
        if pid == 0:
            time.sleep(0.05)
            {end}
    else:
        time.sleep(0.01)
    return answer(start_response, os.getpid())
'''


@pytest.mark.parametrize('end', ['os._exit(0)', 'sys.exit(0)', 'pass'])
def test_the_worker_goes_on_and_answers_each_request_once(server, end):
    running = server(STORM.replace('{end}', end))
    worker = str(running.workers()[0]).encode()
    wrong = []

    def load():
        with running.raw() as client:
            for count in range(40):
                path = b'/fork' if count % 4 == 0 else b'/'
                client.send(b'GET ' + path + b' HTTP/1.1\r\nHost: x\r\n\r\n')
                answer = client.read_answer()
                if answer.body != worker:
                    wrong.append(answer.body)
            client.finish_sending()
            wrong.extend(filter(None, [client.read_all()]))

    for thread in in_background(*[load] * 4):
        thread.join()
    assert wrong == []
    assert running.workers() == [int(worker)]
