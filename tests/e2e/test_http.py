# SPDX-License-Identifier: MIT
"""HTTP/1.1 as well-behaved clients speak it."""
import email.utils
import time

import pytest

from harness.apps import ECHO, HELLO, PIECES
from harness.client import curl

GET = b'GET / HTTP/1.1\r\nHost: x\r\n\r\n'


def test_a_connection_is_kept_for_further_requests(server):
    with server(HELLO).raw() as client:
        for _ in range(3):
            client.send(GET)
            answer = client.read_answer()
            assert (answer.status, answer.body) == (200, b'hello')
            assert answer.header('connection', 'keep-alive') == 'keep-alive'


def test_a_client_that_asks_for_the_close_gets_it(server):
    with server(HELLO).raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        assert client.read_answer().header('connection') == 'close'
        assert client.is_closed_by_server()


def test_http_1_0_closes_unless_asked_to_keep(server):
    running = server(HELLO)
    with running.raw() as client:
        client.send(b'GET / HTTP/1.0\r\n\r\n')
        assert client.read_answer().body == b'hello'
        assert client.is_closed_by_server()
    with running.raw() as client:
        for _ in range(2):
            client.send(b'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
            answer = client.read_answer()
            assert answer.header('connection', '').lower() == 'keep-alive'


def test_pipelined_requests_are_answered_in_order(server):
    running = server(ECHO)
    bodies = [f'body {number}'.encode() for number in range(20)]
    with running.raw() as client:
        client.send(b''.join(
            b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body)
            for body in bodies))
        assert [client.read_answer().body for _ in bodies] == bodies


def test_a_request_that_arrives_by_byte_is_one_request(server):
    request = b'POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' \
              b'3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n'
    with server(ECHO).raw() as client:
        client.send(*(request[i:i + 1] for i in range(len(request))))
        assert client.read_answer().body == b'abcdefg'
        client.send(GET)
        assert client.read_answer().status == 200


def test_a_chunked_body_is_read_whole(server):
    with server(ECHO).raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
        for size in (1, 1000, 100_000):
            client.send(b'%x\r\n%s\r\n' % (size, b'x' * size))
        client.send(b'0\r\n\r\n')
        assert len(client.read_answer().body) == 101_001


def test_pieces_without_a_length_are_sent_as_chunks(server):
    with server(PIECES).raw() as client:
        client.send(b'GET /?one,two,three HTTP/1.1\r\nHost: x\r\n\r\n')
        _, _, headers = client.read_head()
        assert dict(headers)['transfer-encoding'] == 'chunked'
        assert [client.read_chunk() for _ in range(4)] == [b'one', b'two', b'three', b'']
        client.send(b'GET /?again HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().body == b'again'


def test_pieces_for_http_1_0_end_with_the_connection(server):
    with server(PIECES).raw() as client:
        client.send(b'GET /?one,two HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
        answer = client.read_answer()
        assert answer.header('transfer-encoding') is None
        assert answer.body == b'onetwo'


@pytest.mark.parametrize('app', [HELLO, PIECES], ids=['length', 'pieces'])
def test_head_is_answered_without_a_body(server, app):
    with server(app).raw() as client:
        client.send(b'HEAD /?a,b HTTP/1.1\r\nHost: x\r\n\r\n' + GET)
        assert client.read_answer('HEAD').status == 200
        assert client.read_answer().status == 200


def test_100_continue_is_sent_when_the_application_reads(server):
    with server(ECHO).raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n'
                    b'Expect: 100-continue\r\n\r\n')
        assert client.read_answer().status == 100
        client.send(b'body')
        assert client.read_answer().body == b'body'


def test_no_100_continue_when_the_application_does_not_read(server):
    listen = [{'address': 'http://127.0.0.1:0', 'expect': 'application'}]
    with server(HELLO, {'listen': listen}).raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n'
                    b'Expect: 100-continue\r\n\r\n')
        assert client.read_answer().status == 200


def test_answers_have_a_date(server):
    date = server(HELLO).get('/').header('date')
    moment = email.utils.parsedate_to_datetime(date)
    assert email.utils.format_datetime(moment, usegmt=True) == date
    assert abs(moment.timestamp() - time.time()) < 30


def test_curl_uploads_and_downloads(server, folder):
    running = server(ECHO)
    data = bytes(range(256)) * 4096
    (folder / 'data').write_bytes(data)
    for options in ((), ('-H', 'Transfer-Encoding: chunked'), ('--http1.0',)):
        assert curl('--data-binary', f'@{folder}/data', *options, running.url()) == data


def test_an_unread_body_does_not_become_the_next_request(server):
    with server(HELLO).raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s' % (len(GET), GET))
        assert client.read_answer().status == 200
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        assert client.read_answer().status == 200
        assert client.is_closed_by_server()
