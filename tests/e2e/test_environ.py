# SPDX-License-Identifier: MIT
"""The application's environ: the keys of PEP 3333, uWSGI and geventd, new for each request."""
import json
import socket

import pytest

APP = '''
import json

import gevent

kept = []


def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/keep':
        gevent.spawn(keep, environ, len(kept))
        kept.append(None)
        text = '{}'
    elif path == '/kept':
        text = json.dumps(kept)
    elif path == '/spoil':
        environ.clear()
        text = '{}'
    else:
        text = json.dumps({key: value if isinstance(value, (str, int, bool)) else repr(value)
                           for key, value in environ.items()})
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('Content-Length', str(len(text)))])
    return [text.encode()]


def keep(environ, place):
    for _ in range(1000):
        gevent.sleep(0.02)
        if any(later is not None for later in kept[place + 1:]) or len(kept) > place + 20:
            break
    kept[place] = environ['QUERY_STRING']
'''


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'workers': {'processes': 1, 'cores': 7}})


def told(running, request):
    with running.raw() as client:
        client.send(request.replace(b'\n', b'\r\n'))
        return json.loads(client.read_answer().body)


def test_bytes_from_0x80_are_characters_of_latin_1(running):
    with running.raw() as client:
        client.send('GET /café%C3%A9?q=ü HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        environ = json.loads(client.read_answer().body)
    as_latin_1 = {'PATH_INFO': '/caféé', 'QUERY_STRING': 'q=ü', 'REQUEST_URI': '/café%C3%A9?q=ü'}
    assert {key: environ[key].encode('latin-1').decode() for key in as_latin_1} == as_latin_1


def test_the_keys_of_a_plain_request(running):
    environ = json.loads(running.get('/a%20b/%e2%82%ac?x=%20&y').body)
    remote_port = environ.pop('REMOTE_PORT')
    assert remote_port.isdigit()
    request_id = environ.pop('geventd.request_id')
    assert request_id
    node = environ.pop('SERVER_NAME')
    assert node == socket.gethostname()
    assert environ.pop('uwsgi.core') in range(7)
    assert environ.pop('wsgi.input').startswith('<geventd.Input')
    assert environ.pop('wsgi.file_wrapper')
    assert 'early_hints' in environ.pop('wsgi.early_hints')
    assert environ.pop('wsgi.errors')
    assert environ.pop('geventd.version')
    assert environ == {
        'REQUEST_METHOD': 'GET', 'REQUEST_URI': '/a%20b/%e2%82%ac?x=%20&y',
        'RAW_URI': '/a%20b/%e2%82%ac?x=%20&y',
        'SCRIPT_NAME': '', 'PATH_INFO': '/a b/\xe2\x82\xac', 'QUERY_STRING': 'x=%20&y',
        'SERVER_PORT': str(running.port()), 'SERVER_PROTOCOL': 'HTTP/1.1',
        'REMOTE_ADDR': '127.0.0.1', 'HTTP_HOST': f'127.0.0.1:{running.port()}',
        'HTTP_ACCEPT_ENCODING': 'identity', 'wsgi.version': '(1, 0)', 'wsgi.url_scheme': 'http',
        'wsgi.multithread': True, 'wsgi.multiprocess': False, 'wsgi.run_once': False,
        'wsgi.input_terminated': True, 'uwsgi.version': "b'2.0.30'",
        'uwsgi.node': repr(socket.gethostname().encode())}


def test_headers(running):
    environ = told(running, b'POST / HTTP/1.1\nHost: x\nContent-Type: text/x\nContent-Length: 2\n'
                            b'X-One: 1\nx-one: 2\nCookie: a=1\nCookie: b=2\nX_Two: spoofed\n'
                            b'X-Two: real\nProxy: http://evil\nX-Latin: caf\xe9\n'
                            b'X-Same: 1\nX-Same: 1\nX-None:\nX-None:\n\nhi')
    assert (environ['CONTENT_TYPE'], environ['CONTENT_LENGTH']) == ('text/x', '2')
    assert environ['HTTP_X_ONE'] == '1, 2'
    assert (environ['HTTP_X_SAME'], environ['HTTP_X_NONE']) == ('1, 1', ', ')
    assert environ['HTTP_COOKIE'] == 'a=1; b=2'
    assert environ['HTTP_X_TWO'] == 'real'
    assert environ['HTTP_X_LATIN'] == 'caf\xe9'
    assert not {'HTTP_PROXY', 'HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH'} & set(environ)


def test_no_body_means_no_length_and_no_type(running):
    assert not {'CONTENT_LENGTH', 'CONTENT_TYPE'} & set(told(running, b'GET / HTTP/1.0\n\n'))


def test_targets_of_other_forms(running):
    environ = told(running, b'GET http://other:81/p?q HTTP/1.1\nHost: other:81\n\n')
    assert (environ['PATH_INFO'], environ['QUERY_STRING']) == ('/p', 'q')
    assert environ['HTTP_HOST'] == 'other:81'
    environ = told(running, b'OPTIONS * HTTP/1.1\nHost: x\n\n')
    assert (environ['REQUEST_METHOD'], environ['REQUEST_URI']) == ('OPTIONS', '*')
    assert (environ['SCRIPT_NAME'], environ['PATH_INFO']) == ('', '*')


def test_a_background_greenlet_may_keep_its_environ(running):
    for number in range(5):
        running.get(f'/keep?{number}')
    for _ in range(30):
        running.get('/other?later')
        running.get('/spoil')
    for number in range(20):
        running.get(f'/keep?more{number}')

    def all_kept():
        return json.loads(running.get('/kept').body)

    while None in all_kept()[:5]:
        pass
    assert all_kept()[:5] == ['0', '1', '2', '3', '4']


def test_spoiling_it_spoils_no_other_request(running):
    before = set(json.loads(running.get('/').body))
    running.get('/spoil')
    assert set(json.loads(running.get('/').body)) == before


def test_multiprocess_when_there_are_several(server):
    running = server(APP, {'workers': {'processes': 2}})
    assert json.loads(running.get('/').body)['wsgi.multiprocess'] is True


def test_a_unix_socket_has_no_client_address(server):
    environ = json.loads(server(APP, {'listen': 'http+unix:s'}).get('/').body)
    assert (environ['REMOTE_ADDR'], environ['SERVER_PORT']) == ('', '80')
