# SPDX-License-Identifier: MIT
"""A client that leaves: ignored until its connection is used, or its greenlet is ended."""
import time

import pytest

APP = '''
import gevent


def application(environ, start_response):
    path = environ['PATH_INFO']
    body = environ['wsgi.input'].read()
    print('started', path, len(body), flush=True)
    try:
        if path == '/stream':
            send = start_response('200 OK', [('Content-Type', 'text/plain')])
            send(b'begun')
            gevent.sleep(60)
            return []
        elif path == '/short':
            gevent.sleep(0.3)
        elif path == '/writes':
            send = start_response('200 OK', [('Content-Type', 'text/plain')])
            while True:
                send(b'x' * 10000)
                gevent.sleep(0.01)
        elif path == '/hold':
            gevent.sleep(60)
        start_response('200 OK', [('Content-Length', '2')])
        print('whole', path, flush=True)
        return [b'ok']
    except BaseException as error:
        print('ended', path, type(error).__name__, flush=True)
        raise
    finally:
        print('finally', path, flush=True)
'''
GREENLETS = pytest.mark.parametrize('greenlet', ['raw', 'gevent'])


def start(server, what, greenlet='raw'):
    return server(APP, {'on-disconnect': what, 'workers': {'greenlet': greenlet},
                        'log': {'access': '${status} ${uri} ${client_gone}'}})


@GREENLETS
@pytest.mark.parametrize('path, read_first', [('/hold', False), ('/stream', False),
                                              ('/stream', True)], ids=['fin', 'reset', 'stream'])
def test_cancel_ends_the_greenlet_within_a_second(server, greenlet, path, read_first):
    running = start(server, 'cancel', greenlet)
    with running.raw() as client:
        client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        running.wait_log('started')
        if read_first and path == '/stream':
            client.read_until(b'begun')
    left = time.monotonic()
    running.wait_log(f'finally {path}')
    assert time.monotonic() - left < 5  # not the minute that the request sleeps
    running.wait_log(f'499 {path} true')
    assert 'ended ' + path + ' GreenletExit' in running.log.text()
    assert 'Traceback' not in running.log.text()
    running.wait_status(lambda s: s['workers'][0]['cores_busy'] == 0)


@pytest.mark.parametrize('size', [10, 300_000])
def test_cancel_notices_the_end_behind_a_body_too(server, size):
    running = start(server, 'cancel')
    with running.raw() as client:
        client.send(b'POST /hold HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' % size,
                    b'x' * size)
        running.wait_log(f'started /hold {size}')
    running.wait_log('499 /hold true')


def test_cancel_hurts_no_client_that_stays(server):
    running = start(server, 'cancel')
    with running.raw() as stays:
        stays.send(b'GET /short HTTP/1.1\r\nHost: x\r\n\r\n')
        with running.raw() as leaves:
            leaves.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
            running.wait_log('started /hold')
        assert stays.read_answer().body == b'ok'
        stays.send(b'GET /short HTTP/1.1\r\nHost: x\r\n\r\n')  # the connection still works
        assert stays.read_answer().body == b'ok'


def test_ignore_lets_the_request_go_on(server):
    running = start(server, 'ignore')
    with running.raw() as client:
        client.send(b'GET /short HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('started')
    running.wait_log('whole /short')


@pytest.mark.parametrize('what', ['ignore', 'cancel'])
def test_a_write_to_a_client_that_left_ends_the_request_quietly(server, what):
    running = start(server, what)
    with running.raw() as client:
        client.send(b'GET /writes HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_head()
    running.wait_log('499 /writes true')
    running.wait_log('finally /writes')
    assert 'Traceback' not in running.log.text()
    assert running.status()['workers'][0]['disconnects'] == 1


BIG = '''
def application(environ, start_response):
    body = b'x' * (20_000_000 if environ['PATH_INFO'] == '/big' else 5)
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''


def test_all_requests_of_a_client_that_has_ended_its_side_are_answered(server):
    '''As `printf ... | nc -N` sends them.'''
    running = server(BIG)
    with running.raw() as client:
        client.send(b'GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n')
        client.finish_sending()
        running.wait_status(lambda status: status['workers'][0]['unsent'] > 0)
        assert len(client.read_answer().body) == 20_000_000
        assert len(client.read_answer().body) == 5


def test_one_that_leaves_before_its_body_is_whole_is_logged(server):
    running = server(APP, {'log': {'access': '${method} ${path} ${status}'}})
    with running.raw() as client:
        client.send(b'POST /short HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
    running.wait_log('POST /short 499')
    assert running.status()['workers'][0]['disconnects'] == 1
    assert 'started /short' not in running.log.text()
