# SPDX-License-Identifier: MIT
"""A core is for work: clients that send or take their bytes slowly hold none, and what was yielded
reaches them also when the answer fails late."""
import pytest

from harness import uwsgi

SIZE = 40 << 20  # more than the kernel takes for a client that does not read

APP = f'''
import os
import tempfile

FILE = tempfile.TemporaryFile()
FILE.write(b'f' * {SIZE})
FILE.flush()


def pieces(fails=False):
    for _ in range(3):
        yield b'p' * ({SIZE} // 4)
    yield b'p' * ({SIZE} // 4 - 10) + b'LAST WORDS'
    if fails:
        raise ValueError('late')


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/read':
        body = environ['wsgi.input'].read()
        start_response('200 OK', [('Content-Length', str(len(body)))])
        return [body]
    if path == '/short':
        start_response('200 OK', [('Content-Length', str({SIZE} + 10))])
        return [b'l' * {SIZE}]
    start_response('200 OK', [])
    if path == '/list':
        return [b'l' * {SIZE}]
    if path == '/file':
        return environ['wsgi.file_wrapper'](open(f'/proc/self/fd/{{FILE.fileno()}}', 'rb'))
    if path == '/pieces':
        return pieces()
    if path == '/late':
        return pieces(fails=True)
    return [b'quick']
'''
ONE_CORE = {'workers': {'processes': 1, 'cores': 1}}


def get(path, version='1.1'):
    return f'GET {path} HTTP/{version}\r\nHost: x\r\n\r\n'.encode()


@pytest.mark.parametrize('path', ['/list', '/file', '/pieces'])
def test_a_client_that_does_not_read_holds_no_core_when_the_application_is_done(server, path):
    running = server(APP, ONE_CORE)
    with running.raw() as slow, running.raw() as other:
        slow.send(get(path))
        body = b''
        if path == '/pieces':  # until the last one the application waits for its client
            slow.read_head()
            body = b''.join(slow.read_chunk() for _ in range(3))
        other.send(get('/'))
        assert other.read_answer().text == 'quick'
        running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)
        if path == '/pieces':
            body += slow.read_chunk()
            assert slow.read_chunk() == b''
        else:
            if path == '/list':
                running.wait_status(lambda s: s['workers'][0]['unsent'] >= SIZE)
            body = slow.read_answer().body
        assert len(body) == SIZE
        slow.send(get('/'))
        assert slow.read_answer().text == 'quick'
    running.wait_status(lambda s: s['workers'][0]['unsent'] == 0)


def test_beyond_the_limit_a_request_waits_for_its_client(server):
    running = server(APP, {**ONE_CORE, 'limits': {'unsent': '1MiB'}})
    with running.raw() as slow, running.raw() as other:
        other.send(get('/'))
        assert other.read_answer().text == 'quick'
        slow.send(get('/list'))
        slow.read_head()
        other.send(get('/'))
        running.wait_status(lambda s: s['workers'][0]['queued'] == 1)
        assert len(slow.read_exactly(SIZE)) == SIZE
        assert other.read_answer().text == 'quick'


def test_the_access_log_has_a_line_when_the_answer_is_out(server):
    running = server(APP, {**ONE_CORE, 'log': {'access': '${uri} ${rsize}'}})
    with running.raw() as slow:
        slow.send(get('/list'))
        running.wait_status(lambda s: s['workers'][0]['requests'] == 1)
        assert running.get('/').text == 'quick'
        running.wait_log('^/ 5$')
        assert '/list' not in running.log.text()
        assert len(slow.read_answer().body) == SIZE
        running.wait_log(f'^/list {SIZE}$')


def test_a_client_that_leaves_meanwhile_is_counted(server):
    running = server(APP, ONE_CORE)
    with running.raw() as slow:
        slow.send(get('/list'))
        running.wait_status(lambda s: s['workers'][0]['requests'] == 1)
    running.wait_status(lambda s: s['workers'][0]['disconnects'] == 1
                        and s['workers'][0]['connections'] == 0)
    running.wait_status(lambda s: s['workers'][0]['unsent'] == 0)


@pytest.mark.parametrize('path, version', [('/short', '1.1'), ('/late', '1.1'), ('/late', '1.0')])
def test_what_was_yielded_is_sent_although_the_answer_fails_late(server, path, version):
    running = server(APP)
    running.expect_error('late|failed|shorter than its Content-Length')
    with running.raw() as client:
        client.send(get(path, version))
        client.read_head()
        if path == '/short':
            running.wait_log('shorter than its Content-Length')
            assert client.read_all() == b'l' * SIZE
        elif version == '1.1':
            assert b''.join(client.read_chunk() for _ in range(4)).endswith(b'LAST WORDS')
            running.wait_log('ValueError: late')
            assert client.read_all() == b''  # and no last chunk
        else:
            assert client.read_exactly(SIZE).endswith(b'LAST WORDS')
            running.wait_log('ValueError: late')
            with pytest.raises(ConnectionResetError):
                client.read_all()


def test_a_client_that_waits_for_100_continue_holds_no_core(server):
    running = server(APP, ONE_CORE)
    body = b'b' * 100_000
    with running.raw() as waiting:
        waiting.send(b'POST /read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                     b'Content-Length: %d\r\n\r\n' % len(body))
        assert waiting.read_head()[1] == 100
        assert running.get('/').text == 'quick'
        waiting.send(body[:1000])
        assert running.get('/').text == 'quick'
        waiting.send(body[1000:])
        assert waiting.read_answer().body == body


def test_an_announced_body_of_which_nothing_comes_holds_no_core(server):
    running = server(APP, {**ONE_CORE, 'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0']})
    packet = uwsgi.packet({'REQUEST_METHOD': 'POST', 'PATH_INFO': '/read',
                           'CONTENT_LENGTH': '1000000', 'SERVER_PROTOCOL': 'HTTP/1.1'})
    with running.raw() as silent, running.raw(1) as also:
        silent.send(b'POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n')
        also.send(packet)
        running.wait_status(lambda s: s['workers'][0]['connections'] == 2)
        assert running.get('/').text == 'quick'


def test_the_application_may_decide_whether_the_client_goes_on(server):
    running = server(APP, {'listen': [{'address': 'http://127.0.0.1:0', 'expect': 'application'}]})
    with running.raw() as client:
        client.send(b'POST /unread HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                    b'Content-Length: 100000\r\n\r\n')
        assert client.read_answer().text == 'quick'  # without 100 before it


def test_clients_below_the_least_pace_are_ended(server):
    """Six seconds: a slow beginning is no fault."""
    running = server(APP, {'limits': {'body-rate': '1KiB', 'write-rate': '1GiB'}})
    with running.raw() as upload, running.raw() as download:
        download.send(get('/list'))
        upload.send(b'POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n1')
        answer = upload.read_answer()
        assert answer.status == 408
        running.wait_status(lambda s: s['workers'][0]['disconnects'] == 1)
        with pytest.raises((AssertionError, ConnectionResetError)):
            download.read_answer()
