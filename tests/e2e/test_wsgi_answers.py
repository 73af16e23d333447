# SPDX-License-Identifier: MIT
"""What an application may return: start_response, write() and every kind of iterable."""
import pytest

from harness.wsgi import DISPATCH, both

APP = DISPATCH + '''
class Closing:
    def __init__(self, pieces):
        self.pieces = iter(pieces)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.pieces)

    def close(self):
        print('closed the iterator', flush=True)


@case
def a_list(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return [b'one', b'', b'two']


@case
def a_tuple(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return (b'one', b'two')


@case
def a_generator(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return (piece for piece in (b'', b'one', b'', b'two'))


@case
def a_late_start(environ, start_response):
    start_response('200 OK', list(HEADERS))
    yield b'one'
    yield b'two'


@case
def a_set_of_one(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return {b'onetwo'}


@case
def dict_keys(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return {b'one': 1, b'two': 2}


@case
def only_getitem(environ, start_response):
    class Old:
        def __getitem__(self, index):
            return (b'one', b'two')[index]
    start_response('200 OK', list(HEADERS))
    return Old()


@case
def a_length_that_lies(environ, start_response):
    class Liar:
        def __len__(self):
            return 1

        def __iter__(self):
            return iter((b'one', b'two'))
    start_response('200 OK', list(HEADERS))
    return Liar()


@case
def a_list_with_a_close(environ, start_response):
    class Closed(list):
        def close(self):
            print('closed the list', flush=True)
    start_response('200 OK', list(HEADERS))
    return Closed((b'one', b'two'))


@case
def a_list_of_its_own_mind(environ, start_response):
    class Other(list):
        def __iter__(self):
            return iter((b'one', b'two'))
    start_response('200 OK', list(HEADERS))
    return Other((b'not', b'this'))


@case
def an_iterator(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return Closing([b'one', b'two'])


@case
def write(environ, start_response):
    send = start_response('200 OK', list(HEADERS))
    send(b'one')
    send(b'')
    send(b'two')
    return []


@case
def write_and_return(environ, start_response):
    start_response('200 OK', list(HEADERS))(b'one')
    return [b'two']


@case
def empty_list(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return []


@case
def empty_generator(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return iter(())


@case
def only_empty_pieces(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return iter((b'', b''))


@case
def plain_bytes(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return b'onetwo'


@case
def none_between(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return iter((b'one', None, b'two', None))


@case
def replaced(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/html'), ('X-First', 'yes')])
    try:
        raise ValueError('caught')
    except ValueError:
        start_response('503 Sorry', list(HEADERS), sys.exc_info())
    return [b'onetwo']


@case
def replaced_too_late(environ, start_response):
    start_response('200 OK', list(HEADERS))
    yield b'one'
    try:
        raise ValueError('too late')
    except ValueError:
        start_response('500 Sorry', list(HEADERS), sys.exc_info())
    yield b'never'


@case
def twice(environ, start_response):
    start_response('200 OK', list(HEADERS))
    start_response('200 OK', list(HEADERS))
    return [b'never']


@case
def never(environ, start_response):
    return [b'never']


@case
def never_and_nothing(environ, start_response):
    return []


@case
def too_few_arguments(environ, start_response):
    start_response('200 OK')
    return [b'never']


@case
def str_in_a_list(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return ['text']


@case
def str_result(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return 'text'


@case
def late_str(environ, start_response):
    start_response('200 OK', list(HEADERS))
    yield b'one'
    yield 'text'


@case
def none_result(environ, start_response):
    start_response('200 OK', list(HEADERS))


@case
def number_result(environ, start_response):
    start_response('200 OK', list(HEADERS))
    return 7


@case
def write_str(environ, start_response):
    start_response('200 OK', list(HEADERS))('text')
    return []


@case
def raised(environ, start_response):
    raise ValueError('before the answer')


@case
def raised_after_start(environ, start_response):
    start_response('200 OK', list(HEADERS))
    raise ValueError('before the body')


@case
def late_raise(environ, start_response):
    start_response('200 OK', list(HEADERS))
    yield b'one'
    raise ValueError('in the body')


@case
def exits(environ, start_response):
    sys.exit(3)


@case
def close_raises(environ, start_response):
    class Bad(Closing):
        def close(self):
            raise ValueError('in close')
    start_response('200 OK', list(HEADERS))
    return Bad([b'one', b'two'])


@case
def later_write(environ, start_response):
    global kept
    if 'kept' in globals():
        try:
            kept(b'too late')
        except Exception as error:
            print('refused:', error, flush=True)
    kept = start_response('200 OK', list(HEADERS))
    return [b'onetwo']
'''


@pytest.fixture(scope='module')
def running(module_server):
    started = module_server(APP)
    started.expect_error('failed')
    return started


@pytest.mark.parametrize('path', both(
    'a_list', 'a_tuple', 'a_generator', 'a_late_start', 'a_set_of_one', 'dict_keys',
    'only_getitem', 'a_list_with_a_close', 'a_list_of_its_own_mind', 'an_iterator', 'write',
    'write_and_return') + ['/plain_bytes', '/none_between', '/close_raises', '/a_length_that_lies'])
def test_the_body_is_all_pieces_in_order(running, path):
    with running.raw() as client:
        for _ in range(2):  # the connection is kept
            client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            answer = client.read_answer()
            assert (answer.status, answer.body) == (200, b'onetwo')


@pytest.mark.parametrize('path', both('empty_list', 'empty_generator', 'only_empty_pieces'))
def test_an_empty_body_is_an_answer(running, path):
    with running.raw() as client:
        for _ in range(2):
            client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            answer = client.read_answer()
            assert (answer.status, answer.body) == (200, b'')
            assert answer.header('content-length') == '0'


def test_a_list_has_a_length_and_a_generator_has_none(running):
    assert running.get('/a_list').header('content-length') == '6'
    assert running.get('/plain_bytes').header('content-length') == '6'
    answer = running.get('/a_generator')
    assert answer.header('content-length') is None
    assert answer.header('transfer-encoding') == 'chunked'


def test_close_is_called(running):
    since = running.log.mark()
    for _ in range(3):
        running.get('/an_iterator')
    running.wait_log('closed the iterator', since=since, count=3)
    running.get('/a_list_with_a_close')
    running.wait_log('closed the list', since=since)


@pytest.mark.parametrize('path', both('replaced'))
def test_exc_info_before_the_head_replaces_it(running, path):
    answer = running.get(path)
    assert (answer.status, answer.body) == (503, b'onetwo')
    assert answer.header('x-first') is None


@pytest.mark.parametrize('path, error', [
    ('/twice', 'start_response'), ('/valid/twice', 'AssertionError'),
    ('/never', 'start_response'), ('/valid/never', 'AssertionError'),
    ('/never_and_nothing', 'start_response'), ('/too_few_arguments', 'TypeError'),
    ('/str_in_a_list', 'TypeError'), ('/valid/str_in_a_list', 'AssertionError'),
    ('/str_result', 'TypeError'), ('/none_result', 'TypeError'),
    ('/valid/none_result', 'AssertionError'), ('/number_result', 'TypeError'),
    ('/write_str', 'TypeError'), ('/raised', 'before the answer'),
    ('/raised_after_start', 'before the body'), ('/exits', 'SystemExit')])
def test_a_fault_before_the_head_is_a_500(running, path, error):
    since = running.log.mark()
    with running.raw() as client:
        client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        answer = client.read_answer()
        assert answer.status == 500
        assert 'Traceback' not in answer.text and 'ValueError' not in answer.text
        client.send(b'GET /a_list HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().body == b'onetwo'
    running.wait_log(error, since=since)


@pytest.mark.parametrize('path, error', [
    ('/replaced_too_late', 'ValueError: too late'),
    ('/valid/replaced_too_late', 'ValueError: too late'), ('/late_str', 'TypeError'),
    ('/valid/late_str', 'AssertionError'), ('/late_raise', 'ValueError: in the body')])
def test_a_fault_after_the_head_aborts_the_connection(running, path, error):
    since = running.log.mark()
    with running.raw() as client:
        client.send(f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
        assert client.read_head()[1] == 200
        assert client.read_chunk() == b'one'
        assert client.is_closed_by_server()  # without a last chunk
    running.wait_log(error, since=since)


def test_none_is_skipped_with_one_warning(running):
    since = running.log.mark()
    running.get('/none_between')
    running.wait_log('warning .*None', since=since)
    running.get('/a_list')
    warnings = [line for line in running.log.lines()[since:] if 'None' in line]
    assert len(warnings) == 1


def test_write_after_the_end_is_refused_and_hurts_nobody(running):
    since = running.log.mark()
    for _ in range(2):
        assert running.get('/later_write').body == b'onetwo'
    running.wait_log('refused: ', since=since)
