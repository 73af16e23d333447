# SPDX-License-Identifier: MIT
"""geventd.websocket(environ): a real client talks to an application."""
import asyncio
import threading

import pytest
import websockets

from harness import procfs
from harness.limits import DEADLINE, SANITIZED
from harness.websockets import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, connect, frame, url_of

APP = '''
import gevent
import gevent.event
import geventd

go = gevent.event.Event()
rooms = set()


def echo(ws):
    ws.accept()
    for message in ws:
        ws.send(message)
    print('ended', ws.close_code, ws.close_reason, flush=True)


def forgetful(ws):
    ws.accept()
    for message in ws:
        ws.send(message)
        del message


def chat(ws):
    ws.accept()
    rooms.add(ws)
    for message in ws:
        for other in list(rooms):
            other.send(message)
    rooms.discard(ws)


def slow(ws):
    ws.accept()
    go.wait()
    for message in ws:
        ws.send(message)


def protocol(ws):
    ws.accept(ws.offered[-1])
    ws.send(repr((ws.offered, ws.subprotocol, ws.closed, ws.close_code)))
    try:
        ws.accept()
    except RuntimeError as error:
        ws.send(str(error))


def failing(ws):
    ws.accept()
    raise KeyError('on purpose')


def leaving(ws):
    ws.accept()
    ws.close(4001, 'enough')
    try:
        ws.send('more')
    except geventd.WebSocketClosed as error:
        print('cannot send:', error, flush=True)
    for message in ws:
        print('never', flush=True)
    before = ws.close_code
    while ws.close_code is None:
        gevent.sleep(0.01)
    print('left', before, ws.close_code, flush=True)


def wrong(ws):
    for call in (lambda: ws.send('x'), ws.receive, lambda: next(ws), lambda: ws.ping(),
                 lambda: ws.close(), lambda: ws.accept('other')):
        try:
            call()
        except (RuntimeError, ValueError) as error:
            print(type(error).__name__, error, flush=True)
    ws.accept()
    for call in (lambda: ws.send(7), lambda: ws.close(1005), lambda: ws.close(1000, 'x' * 124),
                 lambda: ws.ping(b'x' * 126), lambda: ws.send('\\ud800')):
        try:
            call()
        except (TypeError, ValueError) as error:
            print(type(error).__name__, error, flush=True)


def generated(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    yield b'nothing of an answer'
    for message in ws:
        ws.send(message)
        yield message.encode()


def framework(ws, start_response):
    ws.accept()
    ws.send('hello')
    write = start_response('200 OK', [('Content-Type', 'text/plain')])
    write(b'nothing of an answer')
    print('answered', flush=True)
    return [b'nothing', b' of an answer']


def application(environ, start_response):
    path = environ['PATH_INFO']
    ws = geventd.websocket(environ)
    if path == '/framework':
        return framework(ws, start_response)
    if path == '/generated':
        return generated(environ, start_response)
    if ws is None or path == '/plain':
        if path == '/go':
            go.set()
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'a page, ' + str(ws is not None).encode()]
    globals()[path[1:] or 'echo'](ws)
    return [b'nothing of an answer']
'''


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'limits': {'websocket-message': '3MiB'}})


@pytest.mark.parametrize('message', [
    '', 'hello', 'Köln 😀', 'x' * 70_000, b'', b'\xff\x00' * 1500], ids=range(6))
def test_echo(running, message):
    client = connect(running)
    if isinstance(message, bytes):
        client.send_binary(message)
        assert client.recv_data() == (BINARY, message)
    else:
        client.send(message)
        assert client.recv_data() == (TEXT, message.encode())
    client.close(1001, b'see you')
    running.wait_log('ended 1001 see you')


def test_messages_in_fragments_of_two_clients_do_not_mix(running):
    with RawSocket(running.address()) as one, RawSocket(running.address()) as other:
        one.send(frame(TEXT, b'one ', first=0))
        other.send(frame(TEXT, b'other ', first=0))
        one.send(frame(PING, b'between'))
        assert one.read_frame() == (PONG, b'between')
        one.send(frame(0, b'message'))
        other.send(frame(0, b'message'))
        assert one.read_frame() == (TEXT, b'one message')
        assert other.read_frame() == (TEXT, b'other message')


def test_what_comes_with_the_handshake_is_not_lost(running):
    with RawSocket(running.address()) as client:
        assert client.head.startswith('HTTP/1.1 101 Switching Protocols\r\n')
        assert '\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n' in client.head
        assert '\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' in client.head
        assert 'Content-Length' not in client.head and 'chunked' not in client.head
    with running.raw() as client:
        from harness.websockets import request
        client.send(request() + frame(TEXT, b'early'))
        assert client.read_until(b'\x81\x05early').startswith(b'HTTP/1.1 101 ')


@pytest.mark.parametrize('behind, code', [
    (frame(3), 1002), (frame(CLOSE, b'\x03\xe8'), 1000), (frame(TEXT, b'\xff'), 1007)])
def test_a_message_is_answered_before_what_ends_the_connection(running, behind, code):
    with RawSocket(running.address()) as client:
        client.send(frame(TEXT, b'one') + frame(TEXT, b'two') + behind)
        assert client.read_frame() == (TEXT, b'one')
        assert client.read_frame() == (TEXT, b'two')
        assert client.read_close() == code


def test_many_messages_at_once(running):
    """More than the server reads at once, while nobody takes them at first."""
    with RawSocket(running.address(), '/slow') as client:
        client.send(frame(TEXT, b'x' * 20) * 20000 + frame(PING, b'?'))
        running.get('/go')
        for _ in range(20000):
            assert client.read_frame() == (TEXT, b'x' * 20)
        assert client.read_frame() == (PONG, b'?')


def test_compression(running):
    async def talk():
        url, context = url_of(running.address())
        async with websockets.connect(url, ssl=context, compression='deflate',
                                      max_size=None) as client:
            answer = getattr(client, 'response', None)  # since version 14 of the library
            headers = answer.headers if answer else client.response_headers
            assert 'permessage-deflate' in headers['Sec-WebSocket-Extensions']
            for message in ('hello ' * 3000, 'short', b'\x00' * 2_000_000, 'Köln ' * 100):
                await client.send(message)
                assert await client.recv() == message
    asyncio.run(asyncio.wait_for(talk(), DEADLINE))


def test_a_message_over_the_limit_ends_the_connection(running):
    with RawSocket(running.address()) as client:
        client.send(frame(BINARY, b'x' * (2 << 20), first=0), frame(0, b'x' * ((1 << 20) + 1)))
        assert client.read_close() == 1009
    running.wait_log('ended 1009')


def test_text_that_is_no_utf8_ends_the_connection(running):
    with RawSocket(running.address()) as client:
        client.send(frame(TEXT, b'\xff'))
        assert client.read_close() == 1007


def test_subprotocols(running):
    offered = [f'protocol-{number:04}' for number in range(500)]
    client = connect(running, '/protocol', subprotocols=offered)
    assert client.getsubprotocol() == offered[-1]
    assert client.recv() == repr((offered, offered[-1], False, None))
    assert client.recv() == 'the request has been answered already'
    assert client.recv_data() == (CLOSE, b'\x03\xe8')


def test_a_failure_ends_it_with_1011_and_a_traceback(running):
    running.expect_error('on purpose')
    running.expect_error('/failing failed')
    with RawSocket(running.address(), '/failing') as client:
        assert client.read_close() == 1011
    running.wait_log("KeyError: 'on purpose'")


def test_the_application_closes(running):
    with RawSocket(running.address(), '/leaving') as client:
        assert client.read_frame() == (CLOSE, (4001).to_bytes(2, 'big') + b'enough')
        client.send(frame(CLOSE, (4001).to_bytes(2, 'big')))
        assert client.is_closed_by_server()
    running.wait_log('cannot send: the WebSocket is closed')
    running.wait_log('left None 4001')
    assert 'never' not in running.log.text()


def test_mistakes_are_told(running):
    connect(running, '/wrong').recv_data()
    running.wait_log('RuntimeError the WebSocket is not accepted yet')
    running.wait_log('ValueError the client does not offer the subprotocol other')
    running.wait_log('TypeError a message is str or bytes, not int')
    running.wait_log('ValueError a WebSocket is closed with a code of RFC 6455')
    running.wait_log('ValueError a reason has at most 123 bytes')
    running.wait_log('ValueError a ping has at most 125 bytes')
    running.wait_log('UnicodeEncodeError')


def test_an_application_may_be_a_generator(running):
    client = connect(running, '/generated')
    client.send('one')
    assert client.recv() == 'one'
    client.send('two')
    assert client.recv() == 'two'
    client.close()


def test_what_a_framework_answers_afterwards_is_ignored(running):
    with RawSocket(running.address(), '/framework') as client:
        assert client.read_frame() == (TEXT, b'hello')
        assert client.read_frame() == (CLOSE, b'\x03\xe8')
    running.wait_log('answered')


def test_other_requests_are_plain(running):
    answer = running.get('/plain')
    assert (answer.status, answer.body) == (200, b'a page, False')
    wrong = running.get('/plain', headers={'Connection': 'Upgrade', 'Upgrade': 'websocket'})
    assert wrong.body == b'a page, False', 'no key'
    with running.raw() as client:
        client.send(b'GET /plain HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n')
        assert client.read_answer().body == b'a page, False'


def test_an_upgrade_that_is_not_accepted_is_answered(running):
    with running.raw() as client:
        from harness.websockets import request
        client.send(request('/plain'), request('/plain'))
        assert client.read_answer().body == b'a page, True'
        assert client.read_answer().body == b'a page, True'


def test_several_greenlets_send(running):
    clients = [connect(running, '/chat') for _ in range(10)]
    running.wait_status(lambda status: status['workers'][0]['websockets'] >= 10)
    clients[0].send('to all')
    assert [client.recv() for client in clients] == ['to all'] * 10
    for client in clients:
        client.close()


def test_pings_are_answered_while_the_application_is_elsewhere(running):
    with RawSocket(running.address(), '/slow') as client:
        client.send(frame(PING, b'there?'))
        assert client.read_frame() == (PONG, b'there?')
        client.send(frame(TEXT, b'waits'))
        assert running.get('/go').status == 200
        assert client.read_frame() == (TEXT, b'waits')


@pytest.mark.skipif(SANITIZED, reason='a sanitizer keeps what is freed')
def test_a_silent_one_keeps_nothing_of_what_it_has_carried(running):
    clients = []
    for number in range(100):
        client = connect(running, '/forgetful')
        client.send_binary(b'x' * 100_000)
        assert len(client.recv()) == 100_000
        clients.append(client)
        if number == 10:
            before = max(procfs.rss_bytes(pid) for pid in running.workers())
    grown = max(procfs.rss_bytes(pid) for pid in running.workers()) - before
    assert grown < 90 * 50_000, f'{grown // 90} bytes each'
    for client in clients:
        client.close()


def test_a_client_that_does_not_answer_pings_is_ended(server):
    running = server(APP, {'limits': {'websocket-ping': '100ms', 'websocket-pong': '100ms'}})
    client = connect(running)
    got = []
    reader = threading.Thread(target=lambda: got.append(client.recv()))  # answers pings
    reader.start()
    silent = RawSocket(running.address())
    assert silent.read_frame() == (PING, b'')
    running.wait_log('has not answered a ping')
    assert silent.is_closed_by_server()
    running.wait_log('ended 1006')
    client.send('alive')
    reader.join()
    assert got == ['alive']
    client.close()
