# SPDX-License-Identifier: MIT
"""close() of the response is called however the response ends; faults of the application do not
affect anything else."""
import pytest

APP = '''
class Body:
    def __init__(self, path):
        self.path, self.count = path, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.count += 1
        if self.path == '/raise' and self.count == 2:
            raise ValueError('in the middle')
        if self.count > (100_000 if self.path == '/gone' else 3):
            raise StopIteration
        return b'x' * 10_000

    def close(self):
        print('closed', self.path, flush=True)


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/early':
        raise ValueError('before the answer')
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return Body(path)
'''


def test_at_the_end(server):
    running = server(APP)
    assert len(running.get('/whole').body) == 30_000
    running.wait_log('closed /whole')


def test_when_the_iteration_raises(server):
    running = server(APP)
    running.expect_error('ValueError|failed')
    with running.raw() as client:
        client.send(b'GET /raise HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_head()
        assert len(client.read_chunk()) == 10_000
        # No last chunk, so the client notices that the body is incomplete.
        assert client.is_closed_by_server()
    running.wait_log('closed /raise')
    running.wait_log('ValueError: in the middle')


def test_when_the_client_leaves(server):
    running = server(APP)
    with running.raw() as client:
        client.send(b'GET /gone HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_head()
    running.wait_log('closed /gone')
    assert running.get('/whole').status == 200


def test_an_exception_before_the_answer_is_a_500_and_a_traceback_in_the_log(server):
    running = server(APP)
    running.expect_error('ValueError|failed')
    answer = running.get('/early')
    assert answer.status == 500
    assert 'before the answer' not in answer.text
    running.wait_log('Traceback')
    running.wait_log('ValueError: before the answer')


@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
def test_an_exception_hurts_no_other_request(server, greenlet):
    running = server(APP, {'workers': {'greenlet': greenlet}})
    running.expect_error('ValueError|failed')
    with running.raw() as other:
        other.send(b'GET /whole HTTP/1.1\r\nHost: x\r\n\r\n')
        assert running.get('/early').status == 500
        assert len(other.read_answer().body) == 30_000


READS_ALL = '''
import os
import gevent


def application(environ, start_response):
    body = environ['wsgi.input'].read()
    print('read', len(body), flush=True)
    while not os.path.exists('go'):
        gevent.sleep(0.01)
    start_response('200 OK', [('Content-Length', '150000')])
    return [b'x' * 150_000]
'''


def test_bytes_behind_the_last_body_cost_nothing_of_its_answer(server):
    '''Some clients send a line end there. Closing with unread bytes would reset the connection, and
    drop what the kernel has not sent yet.'''
    running = server(READS_ALL, {'log': {'access': '${method} ${status}'}})
    with running.raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                    b'Content-Length: 300000\r\n\r\n' + b'x' * 300_000)
        running.wait_log('read 300000')
        client.send(b'\r\n')
        (running.folder / 'go').touch()
        running.wait_log('POST 200')  # all has been given to the kernel
        assert len(client.read_answer().body) == 150_000
