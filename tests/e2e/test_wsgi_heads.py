# SPDX-License-Identifier: MIT
"""Status, headers and Content-Length of the application: what is refused, and what the server
makes of the rest."""
import json
import subprocess

import pytest

from harness.wsgi import DISPATCH

APP = DISPATCH + '''
import json


@case
def given(environ, start_response):
    """Answers as the body of the request says."""
    told = json.loads(environ['wsgi.input'].read())
    start_response(told['status'], [tuple(pair) for pair in told['headers']])
    pieces = [piece.encode() for piece in told['body']]
    return iter(pieces) if told.get('lazily') else pieces


@case
def next(environ, start_response):
    start_response('200 OK', [])
    return [b'the next one']


@case
def odd_types(environ, start_response):
    kind = environ['QUERY_STRING']
    values = {
        'status-bytes': (b'200 OK', []), 'status-number': (200, []),
        'tuple': ('200 OK', ()), 'dict': ('200 OK', {}), 'none': ('200 OK', None),
        'pair-list': ('200 OK', [['A', 'b']]), 'triple': ('200 OK', [('A', 'b', 'c')]),
        'name-bytes': ('200 OK', [(b'A', 'b')]), 'value-bytes': ('200 OK', [('A', b'b')]),
        'value-number': ('200 OK', [('Content-Length', 3)]),
    }
    start_response(*values[kind])
    return [b'abc']
'''


@pytest.fixture(scope='module')
def running(module_server):
    started = module_server(APP)
    started.expect_error('failed|Content-Length|shorter')
    return started


def ask(running, status='200 OK', headers=(), body=('abc',), lazily=False, method='GET'):
    told = json.dumps({'status': status, 'headers': [['Content-Type', 'text/plain'], *headers],
                       'body': body, 'lazily': lazily}).encode()
    with running.raw() as client:
        client.send(f'{method} /given HTTP/1.1\r\nHost: x\r\nContent-Length: {len(told)}\r\n\r\n'
                    .encode() + told)
        answer = client.read_answer(method)
        answer.kept = answer.header('connection') != 'close'
        if answer.kept:  # then no byte of this response may precede the next
            client.send(b'GET /next HTTP/1.1\r\nHost: x\r\n\r\n')
            assert client.read_answer().body == b'the next one'
        return answer


@pytest.mark.parametrize('header', [
    ['X-Split', 'a\r\nX-Evil: b'], ['X-Split', 'a\nb'], ['X-Split', 'a\rb'], ['X-Nul', 'a\0b'],
    ['X-Control', 'a\x01b'], ['X-Delete', 'a\x7f'], ['X-Wide', 'a\u20ac'], ['X\r\nY', 'a'],
    ['', 'a'], ['X Y', 'a'], ['X:', 'a'], ['X\u20ac', 'a'], ['X\xe9', 'a'],
    ['Connection', 'close\r\n'], ['Content-Length', '-1'], ['Content-Length', '+3'],
    ['Content-Length', '3 '], ['Content-Length', ''], ['Content-Length', '3, 3'],
    ['Content-Length', '0x3'], ['Content-Length', '99999999999999999999'],
], ids=repr)
def test_bad_headers_are_refused(running, header):
    answer = ask(running, headers=[header])
    assert answer.status == 500
    assert answer.header('x-evil') is None


@pytest.mark.parametrize('header, text', [
    (['Content-Length', ' 5'], "' 5' is no valid Content-Length"),
    (['X-Split', 'a\nb'], r'the value of the header X-Split holds a control character \(\\x0a\)'),
    (['X-Wide', '\u20ac'], 'the value of the header X-Wide must hold Latin-1 characters only'),
    (['X-Number', 3], 'the value of the header X-Number must be a str, not int')], ids=repr)
def test_the_log_names_the_header(running, header, text):
    since = running.log.mark()
    assert ask(running, headers=[header]).status == 500
    running.wait_log(text, since=since)


@pytest.mark.parametrize('header', [
    ['Connection', 'keep-alive'], ['Keep-Alive', '5'], ['Proxy-Authenticate', 'x'],
    ['Proxy-Authorization', 'x'], ['TE', 'x'], ['Trailer', 'x'], ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'x']], ids=repr)
def test_hop_by_hop_headers_are_left_out_with_one_warning(running, header):
    since = running.log.mark()
    name, value = header
    for spelling in (name, name.upper()):
        answer = ask(running, headers=[[spelling, value]])
        assert (answer.status, answer.body, answer.kept) == (200, b'abc', True)
        assert answer.header(name) is None
    assert ask(running, headers=[header, ['Content-Length', 'x']]).status == 500
    running.wait_log('Content-Length', since=since)
    assert len([line for line in running.log.lines()[since:]
                if f'the header {name},' in line]) == 1


def test_connection_close_ends_the_connection(running):
    since = running.log.mark()
    with running.raw() as client:
        told = json.dumps({'status': '200 OK', 'headers': [['Connection', 'close']],
                           'body': ['abc']}).encode()
        client.send(f'GET /given HTTP/1.1\r\nHost: x\r\nContent-Length: {len(told)}\r\n\r\n'
                    .encode() + told)
        answer = client.read_answer()
        assert (answer.body, answer.header('connection')) == (b'abc', 'close')
        assert client.is_closed_by_server()
    assert not [line for line in running.log.lines()[since:] if 'Connection' in line]


@pytest.mark.parametrize('status', ['100 Continue', '101 Switching Protocols', '103', '199 x'])
def test_interim_statuses_are_refused(running, status):
    since = running.log.mark()
    assert ask(running, status).status == 500
    running.wait_log(f"the status '{status}' ends no answer", since=since)


@pytest.mark.parametrize('status', [
    '', 'OK', '20 OK', '2000 OK', '200OK', 'abc OK', '099 No', '-20 OK', '200 O\rK', '200 O\nK',
    '200 O\0K', '200 \u20ac', ' 200 OK'], ids=repr)
def test_bad_statuses_are_refused(running, status):
    assert ask(running, status).status == 500


@pytest.mark.parametrize('kind', [
    'status-bytes', 'status-number', 'tuple', 'dict', 'none', 'pair-list', 'triple', 'name-bytes',
    'value-bytes', 'value-number'])
def test_other_types_are_refused(running, kind):
    assert running.get(f'/odd_types?{kind}').status == 500


@pytest.mark.parametrize('status', ['200', '200 ', '200 Very Fine', '299 Own', '599 x', '418 \xe9'])
def test_good_statuses_arrive(running, status):
    assert ask(running, status).status == int(status[:3])


def test_good_headers_arrive_as_they_are(running):
    headers = [['X-Tab', 'a\tb'], ['X-Latin', 'caf\xe9'], ['Set-Cookie', 'a=1'],
               ['Set-Cookie', 'b=2'], ['X-Empty', ''], ['Server', 'own'], ['Date', 'today']]
    answer = ask(running, headers=headers)
    got = [[name, value] for name, value in answer.headers
           if name not in ('content-type', 'content-length')]
    assert got == [[name.lower(), value] for name, value in headers]


@pytest.mark.parametrize('lazily', [False, True])
def test_a_body_longer_than_its_length_is_cut(running, lazily):
    since = running.log.mark()
    answer = ask(running, headers=[['Content-Length', '4']], body=['abc', 'def', 'ghi'],
                 lazily=lazily)
    assert answer.body == b'abcd'
    running.wait_log('longer than its Content-Length', since=since)


@pytest.mark.parametrize('lazily', [False, True])
def test_a_body_shorter_than_its_length_aborts_the_connection(running, lazily):
    with pytest.raises((AssertionError, ConnectionResetError)):
        ask(running, headers=[['Content-Length', '40']], lazily=lazily)


@pytest.mark.parametrize('status', ['204 No Content', '304 Not Modified'])
@pytest.mark.parametrize('lazily', [False, True])
def test_these_statuses_have_no_body(running, status, lazily):
    answer = ask(running, status, lazily=lazily)
    assert answer.kept and answer.header('transfer-encoding') is None
    assert answer.header('content-length') is None


@pytest.mark.parametrize('status, length', [('204 No Content', None), ('304 Not Modified', '3')])
def test_a_length_of_no_body_is_sent_only_where_it_is_allowed(running, status, length):
    answer = ask(running, status, headers=[['Content-Length', '3']])
    assert answer.kept and answer.header('content-length') == length


@pytest.mark.parametrize('lazily', [False, True])
def test_head_has_the_head_of_get_and_no_body(running, lazily):
    answer = ask(running, headers=[['Content-Length', '3']], lazily=lazily, method='HEAD')
    assert answer.kept and answer.header('content-length') == '3'
    assert ask(running, lazily=lazily, method='HEAD').kept


@pytest.mark.parametrize('lazily', [False, True])
def test_no_body_for_head_tells_nothing_of_the_length_of_get(running, lazily):
    answer = ask(running, body=[], lazily=lazily, method='HEAD')
    assert answer.kept and answer.header('content-length') is None
    assert ask(running, body=[], lazily=lazily).header('content-length') == '0'


@pytest.mark.parametrize('headers, code', [((), 18), ([['Content-Length', '40']], 18)])
def test_curl_notices_an_answer_that_is_not_whole(server, headers, code):
    running = server(f'''
def application(environ, start_response):
    start_response('200 OK', {[tuple(h) for h in headers]!r})
    yield b'abc'
    raise ValueError('in the middle')
''')
    running.expect_error('failed')
    result = subprocess.run(['curl', '-s', running.url()], capture_output=True)
    assert result.returncode in (code, 56)
    assert result.stdout in (b'abc', b'')  # a reset may destroy bytes on their way
