# SPDX-License-Identifier: MIT
"""The uwsgi protocol, byte for byte, over TCP and unix sockets."""
import json

import pytest

from harness import corpus, uwsgi

APP = '''
import json

seen = 0


def application(environ, start_response):
    global seen
    seen += 1
    told = {key: value for key, value in environ.items() if isinstance(value, (str, int))}
    told['body'] = environ['wsgi.input'].read().decode('latin-1')
    told['seen'] = seen
    text = json.dumps(told)
    start_response('200 OK', [('Content-Type', 'application/json'), ('X-Own', 'yes')])
    return [text.encode()]
'''
TCP, UNIX, HTTP = range(3)


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'listen': [
        'uwsgi://127.0.0.1:0', 'uwsgi+unix:app.sock', 'http://127.0.0.1:0']})


def ask(running, data, index=TCP):
    with running.raw(index) as client:
        client.send(data)
        return client.read_answer()


def tell(running, data, index=TCP):
    answer = ask(running, data, index)
    assert answer.status == 200
    return json.loads(answer.body)


def seen(running):
    return tell(running, uwsgi.request())['seen']


@pytest.mark.parametrize('index', [TCP, UNIX], ids=['tcp', 'unix'])
def test_a_request_is_served_and_ends_with_the_connection(running, index):
    with running.raw(index) as client:
        client.send(uwsgi.request('/a%20b?q=1', HTTP_X_OWN='own'))
        answer = client.read_answer()
        assert client.is_closed_by_server()
    told = json.loads(answer.body)
    assert (answer.version, answer.status) == ('HTTP/1.1', 200)
    assert told['PATH_INFO'] == '/a%20b'  # the web server has decoded it already
    assert (told['QUERY_STRING'], told['HTTP_X_OWN'], told['REMOTE_ADDR'],
            told['SERVER_NAME']) == ('q=1', 'own', '192.0.2.7', 'example.com')


def test_the_answer_has_no_header_of_the_servers_own_but_the_length(running):
    names = {name for name, _ in ask(running, uwsgi.request()).headers}
    assert names <= {'content-type', 'x-own', 'content-length'}


@pytest.mark.parametrize('index', [TCP, UNIX], ids=['tcp', 'unix'])
def test_the_body_is_framed_by_content_length_alone(running, index):
    body = bytes(range(256)) * 1000
    told = tell(running, uwsgi.request('/', body, HTTP_TRANSFER_ENCODING='chunked',
                                       HTTP_CONTENT_LENGTH='3', HTTP_CONTENT_TYPE='text/plain'),
                index)
    assert told['body'] == body.decode('latin-1')
    assert told['CONTENT_LENGTH'] == '256000'
    assert not {'HTTP_TRANSFER_ENCODING', 'HTTP_CONTENT_LENGTH', 'HTTP_CONTENT_TYPE'} & set(told)


def test_a_request_may_arrive_by_byte(running):
    data = uwsgi.request('/slow', b'body')
    with running.raw() as client:
        client.send(*(data[i:i + 1] for i in range(len(data))))
        assert json.loads(client.read_answer().body)['body'] == 'body'


def test_the_last_of_a_repeated_variable_wins(running):
    data = uwsgi.packet([('REQUEST_METHOD', 'GET'), ('PATH_INFO', '/'),
                         ('HTTP_A', '1'), ('HTTP_A', '2')])
    assert tell(running, data)['HTTP_A'] == '2'


def test_absent_paths_are_empty_and_the_protocol_is_then_1_0(running):
    answer = ask(running, uwsgi.packet({'REQUEST_METHOD': 'GET'}))
    told = json.loads(answer.body)
    assert answer.version == 'HTTP/1.0'
    assert (told['PATH_INFO'], told['SCRIPT_NAME']) == ('', '')


@pytest.mark.parametrize('variables, scheme', [
    ({'HTTPS': 'on'}, 'https'), ({'REQUEST_SCHEME': 'https'}, 'https'),
    ({'UWSGI_SCHEME': 'https'}, 'https'), ({'HTTPS': 'off'}, 'http'), ({}, 'http')])
def test_the_scheme_is_what_the_web_server_says(running, variables, scheme):
    assert tell(running, uwsgi.request(**variables))['wsgi.url_scheme'] == scheme


def test_modifier_30_takes_the_script_name_off_the_path(running):
    told = tell(running, uwsgi.request('/app/page', modifier1=30, SCRIPT_NAME='/app'))
    assert (told['SCRIPT_NAME'], told['PATH_INFO']) == ('/app', '/page')
    told = tell(running, uwsgi.request('/app/page', SCRIPT_NAME='/app'))
    assert (told['SCRIPT_NAME'], told['PATH_INFO']) == ('/app', '/app/page')


@pytest.mark.parametrize('index', [TCP, UNIX], ids=['tcp', 'unix'])
def test_a_ping_is_answered(running, index):
    with running.raw(index) as client:
        client.send(b'\x64\0\0\0')
        assert client.read_all() == b'\x64\0\0\x01'


@pytest.mark.parametrize('modifier', [1, 10, 17, 18, 22, 31, 72, 97, 98, 99, 111, 173, 250])
def test_other_modifiers_are_refused_and_logged(running, modifier):
    before, since = seen(running), running.log.mark()
    with running.raw() as client:
        client.send(bytes([modifier, 5, 0, 0]) + b'1 + 1')
        client.read_all()
    running.wait_log(rf'unavailable uwsgi modifier {modifier}\b', since=since)
    assert seen(running) == before + 1


def test_variables_that_load_code_are_never_obeyed_and_told_once(server, folder):
    running = server(APP, {'listen': 'uwsgi://127.0.0.1:0'})
    (folder / 'evil.py').write_text(f'open("{folder}/obeyed", "w")\n')
    for _ in range(2):
        tell(running, uwsgi.request(UWSGI_FILE=f'{folder}/evil.py', UWSGI_CHDIR='/',
                                    UWSGI_SETENV='A=B', UWSGI_SCRIPT='evil'))
    assert not (folder / 'obeyed').exists()
    running.wait_log('a uwsgi client sent UWSGI_')
    assert running.log.text().count('a uwsgi client sent UWSGI_') == 1


def is_servable(case):
    return (not case.limits and case.expected.get('modifier1', 0) in (0, 30)
            and (case.expected.get('content_length') or 0) < 1 << 30)


@pytest.mark.parametrize('index', [TCP, UNIX], ids=['tcp', 'unix'])
def test_valid_packets_are_served(running, index):
    for case in filter(is_servable, corpus.read('uwsgi/valid')):
        rest = case.expected.get('rest', '').encode('latin-1')
        missing = (case.expected.get('content_length') or 0) - len(rest)
        with running.raw(index) as client:
            client.send(case.data + b'x' * missing)
            answer = client.read_answer(case.expected.get('method', 'GET'))
        assert answer.status == 200, case
        told = json.loads(answer.body) if answer.body else {}
        for key, variable in {'method': 'REQUEST_METHOD', 'scheme': 'wsgi.url_scheme'}.items():
            if case.expected.get(key) and told:
                assert told[variable] == case.expected[key], case


def test_invalid_packets_are_refused_where_they_can_be_and_closed(running):
    for case in corpus.read('uwsgi/invalid'):
        if case.limits:
            continue
        for index in (TCP, UNIX):
            since = running.log.mark()
            with running.raw(index) as client:
                try:
                    client.send(case.data, b'\0' * 8)
                except (BrokenPipeError, ConnectionResetError):
                    pass
                answer = client.read_answer()
                assert answer.status == case.expected['status'], case
                assert client.is_closed_by_server()
            running.wait_log(f'refused a request from .*: {answer.status}', since=since)


def test_http_on_a_uwsgi_socket_is_recognised(running):
    since = running.log.mark()
    answer = ask(running, b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    assert answer.status == 400
    running.wait_log('HTTP request on a uwsgi socket|refused .*HTTP', since=since)


def test_uwsgi_on_an_http_socket_is_recognised(running):
    since = running.log.mark()
    answer = ask(running, uwsgi.request(), HTTP)
    assert answer.status == 400
    running.wait_log('refused .*uwsgi', since=since)


def test_limits_of_the_packet_and_of_the_body(server):
    running = server(APP, {'listen': 'uwsgi://127.0.0.1:0',
                           'limits': {'request-head': '1KiB', 'request-body': '10B'}})
    assert ask(running, uwsgi.request(HTTP_COOKIE='x' * 2000)).status == 431
    assert ask(running, uwsgi.request('/', b'x' * 11)).status == 413
    assert tell(running, uwsgi.request('/', b'x' * 10))['body'] == 'x' * 10


def test_the_limit_of_header_fields(server):
    running = server(APP, {'listen': 'uwsgi://127.0.0.1:0', 'limits': {'header-fields': 2000}})
    fields = {f'HTTP_X_{number}': 'y' for number in range(3000)}
    assert ask(running, uwsgi.request(**fields)).status == 431
    most = dict(list(fields.items())[:2000])
    assert tell(running, uwsgi.request(**most))['HTTP_X_1999'] == 'y'
