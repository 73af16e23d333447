# SPDX-License-Identifier: MIT
"""The functions of the module uwsgi about a request: they find the request of the calling greenlet,
whatever else runs, and what they set shows in the access log and to the client."""
import ast

import pytest

APP = '''
import threading
import gevent
import uwsgi

TOLD = [('Content-Type', 'text/plain')]
released = gevent.event.Event()


def attempt(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__ + ': ' + str(error)


def elsewhere():
    answers = []
    thread = threading.Thread(target=lambda: answers.append(attempt(uwsgi.request_id)))
    thread.start()
    thread.join()
    greenlet = gevent.spawn(attempt, lambda: uwsgi.set_logvar('a', 'b'))
    return answers + [greenlet.get()]


def facts(environ):
    return {
        '/cl': uwsgi.cl, '/id': uwsgi.request_id, '/elsewhere': elsewhere,
        '/vars': lambda: [uwsgi.get_logvar('who'), uwsgi.set_logvar('who', b'me'),
                          uwsgi.set_logvar(b'who', 'you\\nforged'), uwsgi.get_logvar(b'who')],
        '/types': lambda: [attempt(lambda: uwsgi.set_logvar('a', 1)),
                           attempt(lambda: uwsgi.get_logvar())],
        '/logged': uwsgi.log_this_request,
    }.get(environ['PATH_INFO'], lambda: None)()


def application(environ, start_response):
    if environ['PATH_INFO'] == '/held':
        name = environ['QUERY_STRING']
        uwsgi.set_logvar('who', name)
        before = uwsgi.request_id()
        print(f'held {name}', flush=True)
        released.wait()
        same = before == uwsgi.request_id() and uwsgi.get_logvar('who') == name.encode()
        start_response('200 OK', TOLD)
        yield repr(same).encode()
        return
    if environ['PATH_INFO'] == '/release':
        released.set()
    body = repr(facts(environ)).encode()
    start_response('200 OK', TOLD + [('Content-Length', str(len(body)))])
    yield body
'''

DISCONNECT = '''
import os
import gevent
import uwsgi


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/before':
        uwsgi.disconnect()
    headers = [('Content-Length', '5')] if path in ('/length', '/short') else []
    start_response('200 OK', headers)
    if path == '/nothing':
        uwsgi.disconnect()
    yield b'he' if path == '/short' else b'hello'
    if path == '/fd':
        assert os.readlink(f'/proc/self/fd/{uwsgi.connection_fd()}').startswith('socket:')
    uwsgi.disconnect()
    gevent.sleep(0.01)
    yield b'not heard'
    if path == '/fails':
        raise ValueError('after the end')
    uwsgi.disconnect()
    print(f'went on to the end of {path}', flush=True)
'''


def told(answer):
    assert answer.status == 200
    return ast.literal_eval(answer.text)


@pytest.fixture(params=['raw', 'gevent'])
def running(server, request):
    return server(APP, {'workers': {'greenlet': request.param},
                        'log': {'access': 'line ${uri} ${logvar.who}'}})


def test_log_variables_show_in_the_access_log(running):
    assert told(running.get('/vars')) == [None, None, None, b'you\nforged']
    running.wait_log(r'^line /vars you\\nforged$')
    running.get('/none')
    running.wait_log(r'^line /none -$')


def test_each_request_has_its_own_beside_others(running):
    with running.raw() as first, running.raw() as second:
        for client, name in ((first, 'first'), (second, 'second')):
            client.send(f'GET /held?{name} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            running.wait_log(f'^held {name}$')
        running.get('/release')
        assert [told(first.read_answer()), told(second.read_answer())] == [True, True]
    for name in ('first', 'second'):
        running.wait_log(rf'^line /held\?{name} {name}$')


def test_the_next_request_of_a_connection_starts_anew(running):
    with running.raw() as client:
        client.send(b'GET /vars HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_answer()
        client.send(b'GET /vars HTTP/1.1\r\nHost: x\r\n\r\n')
        assert told(client.read_answer())[0] is None


def test_request_ids_count_from_zero(running):
    assert [told(running.get('/id')) for _ in range(3)] == [0, 1, 2]


def test_cl_is_the_length_of_the_body(running):
    assert told(running.request('POST', '/cl', b'x' * 321)) == 321
    assert told(running.get('/cl')) == 0


def test_other_greenlets_and_threads_are_told_where_it_works(running):
    for answer in told(running.get('/elsewhere')):
        assert answer.startswith('SystemError: uwsgi.')
        assert 'works only in the greenlet that runs a request' in answer


def test_wrong_arguments(running):
    for answer in told(running.get('/types')):
        assert answer.startswith('TypeError')


def test_outside_of_any_request_it_is_a_system_error(server):
    running = server('''
import uwsgi
try:
    uwsgi.connection_fd()
except SystemError:
    print('refused at import')


def hook():
    try:
        uwsgi.disconnect()
    except SystemError:
        print('refused in the hook')


uwsgi.post_fork_hook = hook
application = print
''')
    running.wait_log('refused at import')
    running.wait_log('refused in the hook')


@pytest.mark.parametrize('form, line', [
    ('text', r'^\[pid: \d+\|app: 0\|req: \d+/\d+\] 127.0.0.1 .* GET /logged => generated 4 bytes'),
    ('json', r'^\{.*"uri":"/logged".*\}$')])
def test_one_request_is_logged_where_none_is(server, form, line):
    running = server(APP, {'log': {'access': 'off', 'format': form}}, wait=False)
    running.wait_serving()
    running.addresses = running.status()['listen']
    running.get('/quiet')
    running.get('/logged')
    running.get('/quiet')
    running.wait_log(line)
    assert '/quiet' not in running.log.text()


@pytest.mark.parametrize('path', ['/chunked', '/length', '/fd'])
def test_disconnect_ends_the_answer_and_the_application_goes_on(server, path):
    running = server(DISCONNECT)
    with running.raw() as client:
        client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        assert client.read_answer().body == b'hello'  # with its last chunk
        assert client.is_closed_by_server()
    running.wait_log(f'^went on to the end of {path}$')


def test_disconnect_of_an_answer_that_is_not_complete_cuts_it(server):
    running = server(DISCONNECT)
    for path, heard in (('/short', b'\r\n\r\nhe'), ('/before', b''), ('/nothing', b'')):
        with running.raw() as client:
            client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            answer = client.read_all()
            assert answer.endswith(heard) and (heard or not answer)
        running.wait_log(f'^went on to the end of {path}$')


def test_a_failure_after_disconnect_is_logged_and_harms_nobody(server):
    running = server(DISCONNECT)
    running.expect_error('failed')
    with running.raw() as client:
        client.send(b'GET /fails HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().body == b'hello'
        assert client.is_closed_by_server()
    running.wait_log('after the end')
    assert running.wait_status(lambda status: status['workers'][0]['connections'] == 0)


def test_a_client_that_was_disconnected_cancels_nothing(server):
    running = server(DISCONNECT, {'on-disconnect': 'cancel'})
    with running.raw() as client:
        client.send(b'GET /chunked HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().body == b'hello'
    running.wait_log('^went on to the end of /chunked$')
