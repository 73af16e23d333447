# SPDX-License-Identifier: MIT
"""Asynchronous applications are refused; asyncio inside of requests works one at a time, and the
log says so."""
import pytest

APPLICATIONS = {
    'a_function': 'async def application(scope, receive, send):\n    pass\n',
    'an_object': 'class App:\n    async def __call__(self, scope, receive, send):\n        pass\n'
                 'application = App()\n',
    'a_method': 'class App:\n    async def run(self, scope, receive, send):\n        pass\n'
                'application = App().run\n',
    'a_generator': 'async def application(environ, start_response):\n    yield b""\n',
}
RUNS = '''
import asyncio
import gevent

go = gevent.event.Event()


async def answer(waits):
    if waits:
        print('waits', flush=True)
        while not go.is_set():
            await asyncio.sleep(0.001)
    return b'by asyncio'


def application(environ, start_response):
    path = environ['PATH_INFO']
    body = b'without'
    if path == '/go':
        go.set()
    elif path == '/thread':
        body = gevent.get_hub().threadpool.apply(asyncio.run, (answer(True),))
    elif path != '/plain':
        try:
            body = asyncio.run(answer(path == '/wait'))
        except RuntimeError as error:
            body = str(error).encode()
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [body]
'''
HINT = 'warning worker .* a request begins while another greenlet runs an event loop of asyncio'


@pytest.mark.parametrize('kind', APPLICATIONS)
@pytest.mark.parametrize('check', [False, True])
def test_an_asynchronous_application_is_refused(make_server, kind, check):
    running = make_server()
    running.write_app(APPLICATIONS[kind])
    running.write_config()
    running.expected_exit = 1
    running.expect_error('.')
    running.start(['-c', str(running.config_path), *(['--check'] if check else [])], wait=False)
    assert running.wait_exit() == 1
    assert running.log.wait_end()
    assert 'app: app:application is asynchronous (`async def`, ASGI): use an ASGI server' \
        in running.log.text()
    assert 'Traceback' not in running.log.text()


def test_one_event_loop_at_a_time(server):
    running = server(RUNS)
    for _ in range(3):  # one after the other is well
        assert running.get('/').body == b'by asyncio'
    assert 'asyncio' not in running.log.text()
    with running.raw() as client:
        client.send(b'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('^waits$')
        for _ in range(2):
            assert running.get('/plain').body == b'without'
        assert b'event loop' in running.get('/').body
        running.get('/go')
        assert client.read_answer().body == b'by asyncio'
    running.wait_log(HINT)
    assert running.log.text().count('a request begins while') == 1
    assert running.get('/').body == b'by asyncio'


def test_a_thread_has_an_event_loop_to_itself(server):
    """As docs/python.md says."""
    running = server(RUNS)
    with running.raw() as client:
        client.send(b'GET /thread HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('^waits$')
        assert running.get('/').body == b'by asyncio'
        running.get('/go')
        assert client.read_answer().body == b'by asyncio'
    assert 'event loop' not in running.log.text()
