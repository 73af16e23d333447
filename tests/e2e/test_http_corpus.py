# SPDX-License-Identifier: MIT
"""The HTTP corpus over real sockets: valid requests reach the application as they were meant;
invalid ones get their status and a close, and neither they nor what follows is served."""
import json

import pytest

from harness import corpus

APP = '''
import json

seen = 0


def application(environ, start_response):
    global seen
    body = environ['wsgi.input'].read()
    if environ['PATH_INFO'] == '/seen-so-far':
        text = str(seen)
    else:
        seen += 1
        told = {key: value for key, value in environ.items() if isinstance(value, str)}
        told['body'] = body.decode('latin-1')
        text = json.dumps(told)
    start_response('200 OK', [('Content-Type', 'application/json'),
                              ('Content-Length', str(len(text)))])
    return [text.encode()]
'''

# Sent after an invalid request: must never be served.
BEHIND = b'\r\n\r\nGET /behind HTTP/1.1\r\nHost: x\r\n\r\n'
# The settings of the parser's limits.
SETTINGS = {'head': 'request-head', 'headers': 'header-fields', 'body': 'request-body'}


def configurable(cases):
    return [case for case in cases if set(case.limits) <= set(SETTINGS)]


VALID = configurable(corpus.read('http/valid'))
INVALID = configurable(corpus.read('http/invalid'))
PARTS = 4  # spreads the work over the processes of the test run


def part_of(cases, number):
    return [case for case in cases if not case.limits][number::PARTS]


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP)


def seen(running):
    return int(running.get('/seen-so-far').text)


def final_answer(client, method):
    answer = client.read_answer(method)
    while answer.status == 100:
        answer = client.read_answer(method)
    return answer


def check_told(name, expected, told):
    pairs = {'method': 'REQUEST_METHOD', 'target': 'REQUEST_URI', 'query': 'QUERY_STRING',
             'content': 'body', 'path_info': 'PATH_INFO'}
    for key, variable in pairs.items():
        if key in expected:
            assert told[variable] == expected[key], (name, key)
    if 'path' in expected and '%' not in expected['path']:
        assert told['PATH_INFO'] == expected['path'], name
    assert 'HTTP_PROXY' not in told and 'HTTP_CONTENT_LENGTH' not in told, name


def send_valid(running, case, pieces):
    with running.raw() as client:
        client.send(*pieces)
        for expected in case.expected['requests']:
            method = expected.get('method', case.data.split(b' ')[0].strip().decode())
            answer = final_answer(client, method)
            assert answer.status == 200, (case, answer)
            if answer.body:
                check_told(case.name, expected, json.loads(answer.body))
        if expected.get('keep_alive') is False:
            assert client.is_closed_by_server(), case


def send_invalid(running, case, pieces):
    """The statuses of all responses until the server closes."""
    statuses = []
    with running.raw() as client:
        try:
            client.send(*pieces)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused and closed before everything was sent
        try:
            closing = False
            while not closing:
                answer = final_answer(client, 'GET')
                statuses.append(answer.status)
                closing = answer.header('connection') == 'close'
        except AssertionError as error:
            raise AssertionError(f'{case}: after {statuses}: {error}') from None
        assert client.is_closed_by_server(), case
    return statuses


def check_refused(running, case, pieces):
    after = case.expected.get('after', 0)
    before = seen(running)
    statuses = send_invalid(running, case, pieces)
    expected = [200] * after + [case.expected['status']]
    if case.name.startswith('http10_') and statuses[-1] == 200:
        expected.pop()  # an earlier HTTP/1.0 request, valid, has ended the connection
    assert statuses == expected, case
    assert seen(running) - before == after, f'{case}: it reached the application'


@pytest.mark.parametrize('number', range(PARTS))
def test_valid_requests_reach_the_application(running, number):
    for case in part_of(VALID, number):
        send_valid(running, case, [case.data])


@pytest.mark.parametrize('number', range(PARTS))
def test_invalid_requests_are_refused_and_nothing_behind_them_is_served(running, number):
    for case in part_of(INVALID, number):
        check_refused(running, case, [case.data + BEHIND])


def test_it_does_not_matter_where_the_bytes_are_cut(running):
    for case in part_of(VALID, 0)[::3]:
        if len(case.data) < 5000:
            send_valid(running, case, case.cut())
    for case in part_of(INVALID, 0)[::4]:
        if len(case.data) < 5000:
            check_refused(running, case, case.cut())


@pytest.mark.parametrize('name', list(SETTINGS))
def test_limits_are_settings(server, name):
    cases = [case for case in VALID + INVALID if set(case.limits) == {name}]
    assert len({case.limits[name] for case in cases}) == 1
    running = server(APP, {'limits': {SETTINGS[name]: cases[0].limits[name]}})
    for case in cases:
        if 'status' in case.expected:
            check_refused(running, case, [case.data + BEHIND])
        else:
            send_valid(running, case, [case.data])
