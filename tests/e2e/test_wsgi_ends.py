# SPDX-License-Identifier: MIT
"""Answers that end in another way than they began: exc_info too late, write() too late, and what
close() sees."""
import pytest

from harness.wsgi import DISPATCH

APP = DISPATCH + '''
def too_late(exc_info):
    def application(environ, start_response):
        write = start_response('200 OK', list(HEADERS))
        write(b'begun ')
        try:
            start_response('500 Oops', list(HEADERS), exc_info)
        except BaseException as error:
            write(type(error).__name__.encode())
        return []
    return application


CASES['none'] = too_late((None, None, None))
CASES['instance'] = too_late((ValueError('i'), None, None))
CASES['int'] = too_late((int, 3, None))
CASES['texts'] = too_late(('a', 'b', 'c'))
CASES['no_traceback'] = too_late((ValueError, ValueError('v'), 'c'))
CASES['only_a_value'] = too_late((None, ValueError('v'), None))
CASES['class'] = too_late((ValueError, None, None))
CASES['argument'] = too_late((ValueError, 'v', None))


class Answer:
    def __init__(self, pieces, close):
        self.pieces = pieces
        self.close = close

    def __iter__(self):
        return self.pieces()


@case
def written_in_close(environ, start_response):
    write = start_response('200 OK', list(HEADERS))

    def close():
        try:
            write(b'too late')
        except RuntimeError as error:
            print('close:', error, flush=True)

    return Answer(lambda: iter([b'all']), close)


@case
def failed(environ, start_response):
    start_response('200 OK', list(HEADERS))

    def pieces():
        yield b'some'
        raise KeyError('on purpose')

    def close():
        error = sys.exc_info()[1]
        print('close sees', repr(error), error.__traceback__ is not None, flush=True)

    return Answer(pieces, close)


@case
def whole(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return Answer(lambda: iter([b'all']), lambda: print('close sees', sys.exc_info(), flush=True))
'''


@pytest.fixture(scope='module')
def running(module_server):
    started = module_server(APP)
    started.expect_error('on purpose|failed')
    return started


@pytest.mark.parametrize('case, error', [
    ('none', 'TypeError'), ('instance', 'TypeError'), ('int', 'TypeError'), ('texts', 'TypeError'),
    ('no_traceback', 'TypeError'), ('only_a_value', 'TypeError'), ('class', 'ValueError'),
    ('argument', 'ValueError')])
def test_exc_info_is_raised_as_far_as_it_is_an_exception(running, case, error):
    assert running.get('/' + case).body == b'begun ' + error.encode()


def test_nothing_is_written_behind_the_end(running):
    with running.raw() as client:
        client.send(b'GET /written_in_close HTTP/1.1\r\nHost: x\r\n\r\n'
                    b'GET /none HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().body == b'all'
        assert client.read_answer().body == b'begun TypeError'
    running.wait_log('close: the response has already ended')


def test_close_sees_what_has_failed(running):
    running.get('/whole')
    running.wait_log(r'close sees \(None, None, None\)')
    with running.raw() as client:
        client.send(b'GET /failed HTTP/1.1\r\nHost: x\r\n\r\n')
        client.read_all()
    running.wait_log(r"close sees KeyError\('on purpose'\) True")
    running.wait_log("KeyError: 'on purpose'")
