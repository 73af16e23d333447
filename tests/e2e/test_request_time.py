# SPDX-License-Identifier: MIT
"""limits.request-time and signals.handler-time end what takes too long, and nothing else. A machine
that stalls makes this happen late, but never early."""
import threading
import time

import pytest

# /sleep/SECONDS sleeps in naps() of its own; /begun/SECONDS sends something first; the other paths
# do what their names say.
APP = '''
import gevent
import geventd
import uwsgi
from gevent.event import Event

never = Event()
closed = []


class Endless:
    def __init__(self):
        self.sent = False

    def __iter__(self):
        return self

    def __next__(self):
        if self.sent:
            naps(60)
        self.sent = True
        return b'some of it'

    def close(self):
        closed.append(True)
        print('the response was closed', flush=True)


def naps(seconds):
    gevent.sleep(seconds)


def swallow(what):
    try:
        naps(60)
    except what as error:
        return type(error).__name__


def immortal():
    while True:
        try:
            naps(60)
        except BaseException as error:
            print('swallowed', type(error).__name__, flush=True)


def handler(number):
    naps(0 if number == 1 else 60)
    print('handled', number, flush=True)


geventd.register(1, 'worker', handler)
geventd.register(2, 'worker', handler)


def answer(path, word):
    if path == 'sleep':
        naps(float(word))
        return 'slept'
    if path == 'set':
        geventd.set_timeout(float(word))
        naps(60)
    if path == 'harakiri':
        uwsgi.set_user_harakiri(float(word))
        naps(60)
    if path == 'none':
        geventd.set_timeout(None)
        naps(1)
        return 'no limit'
    if path == 'elsewhere':
        outcome = []
        gevent.spawn(lambda: outcome.append(attempt(geventd.set_timeout, 1))).join()
        return outcome[0]
    if path == 'wrong':
        return attempt(geventd.set_timeout, -1) + attempt(geventd.set_timeout, 'x')
    if path == 'swallow':
        return swallow(geventd.RequestTimeout)
    if path == 'stubborn':
        swallow(geventd.RequestTimeout)
        naps(60)
    if path == 'careless':
        try:
            naps(60)
        except Exception:
            return 'caught'
    if path == 'immortal':
        immortal()
    if path == 'busy':
        end = __import__('time').monotonic() + float(word)
        while __import__('time').monotonic() < end:
            pass
        return 'busy to the end'
    if path == 'signal':
        geventd.signal(int(word))
    return 'done'


def attempt(call, *arguments):
    try:
        return str(call(*arguments))
    except Exception as error:
        return type(error).__name__ + ': ' + str(error)


def application(environ, start_response):
    path, _, word = environ['PATH_INFO'][1:].partition('/')
    if path == 'begun':
        start_response('200 OK', [])
        return Endless()
    if path == 'upload':
        environ['wsgi.input'].read()
    body = answer(path, word).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''

LIMITS = {'workers': {'cores': 100}, 'limits': {'request-time': '300ms'},
          'signals': {'handler-time': '300ms'}}
GENEROUS = {'workers': {'cores': 100}, 'limits': {'request-time': '60s'},
            'signals': {'handler-time': '60s'}}


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, LIMITS)


@pytest.fixture(scope='module')
def generous(module_server):
    """With limits that no quick request exceeds, however slow the machine is."""
    return module_server(APP, GENEROUS)


def timeouts(running):
    return running.status()['workers'][0]['timeouts']


def seconds(running, pattern, since=0):
    """The number in the log that the pattern's parentheses match."""
    return float(running.wait_log(pattern, since=since)[1])


def is_ended_after(running, path, least, most):
    """Never before `least` seconds, and before `most` in one of several attempts."""
    for _ in range(20):
        since = running.log.mark()
        assert running.get(path).status == 504
        took = seconds(running, rf'GET {path} has taken (\d+\.\d) s, its time is over', since)
        assert took >= least
        if took < most:
            return True
    return False


def test_the_client_is_answered_with_504_and_the_log_has_the_stack(running):
    since, counted = running.log.mark(), timeouts(running)
    answer = running.get('/sleep/60')
    assert answer.status == 504 and 'took too long' in answer.text
    running.wait_log(r'warning .*GET /sleep/60 has taken \d+\.\d s, its time is over '
                     r'\(request \w+\):$', since=since)
    running.wait_log(r'^\t +File ".*/app\.py", line \d+, in naps$', since=since)
    running.wait_log(r'^\t +gevent\.sleep\(seconds\)$', since=since)
    assert timeouts(running) == counted + 1


def test_it_is_ended_soon_after_its_limit(running):
    assert is_ended_after(running, '/sleep/60', 0.3, 0.5)


def test_the_query_is_not_logged(running):
    since = running.log.mark()
    running.get('/sleep/60?token=secret')
    running.wait_log('GET /sleep/60 has taken', since=since)
    assert 'secret' not in running.log.text()


def test_quick_requests_are_left_alone(generous):
    assert generous.get('/sleep/0.01').text == 'slept'


def test_an_answer_that_has_begun_is_aborted_and_closed(running):
    since = running.log.mark()
    with running.raw() as client:
        client.send(b'GET /begun HTTP/1.1\r\nHost: x\r\n\r\n')
        with pytest.raises((ConnectionResetError, EOFError, AssertionError)):
            client.read_answer()
    running.wait_log('the response was closed', since=since)


def test_neighbours_and_a_stream_of_quick_requests_notice_nothing(generous):
    """Fifty requests that take longer than the sleeper's limit and have none of their own."""
    answers, ended = [], threading.Event()

    def neighbour():
        answers.append(generous.get('/none').text)

    def stream():
        with generous.raw() as client:
            while not ended.is_set():
                client.send(b'GET /quick HTTP/1.1\r\nHost: x\r\n\r\n')
                answers.append('no limit' if client.read_answer().body == b'done' else 'broken')
    threads = [threading.Thread(target=neighbour) for _ in range(50)]
    streamer = threading.Thread(target=stream)
    for thread in [*threads, streamer]:
        thread.start()
    begun = time.monotonic()
    assert generous.get('/set/0.3').status == 504
    took = time.monotonic() - begun
    for thread in threads:
        thread.join()
    while streamer.is_alive() and len(answers) <= 60:
        ended.wait(0.01)
    ended.set()
    streamer.join()
    assert set(answers) == {'no limit'} and len(answers) > 60
    assert 0.3 <= took < 30


@pytest.mark.parametrize('path', ['/set/0.1', '/harakiri/0.1'])
def test_a_request_can_shorten_its_own_time(generous, path):
    assert is_ended_after(generous, path, 0.1, 0.3)


def test_a_request_can_lengthen_its_own_time(running):
    assert running.get('/none').text == 'no limit'


def test_user_harakiri_cannot(running):
    assert is_ended_after(running, '/harakiri/60', 0.3, 0.5)


def test_a_limit_belongs_to_the_greenlet_of_a_request(generous):
    assert generous.get('/elsewhere').text.startswith('RuntimeError: set_timeout() works in the')


def test_a_wrong_time_is_refused(generous):
    text = generous.get('/wrong').text
    assert 'ValueError: a time limit is a number' in text and 'TypeError' in text


def test_an_application_may_answer_in_its_own_words(running):
    assert running.get('/swallow').text == 'RequestTimeout'


def test_except_exception_does_not_catch_it(running):
    assert running.get('/careless').status == 504


def test_one_that_goes_on_gets_greenlet_exit(running):
    since = running.log.mark()
    assert running.get('/stubborn').status == 504
    assert 2.3 <= seconds(running, 'GET /stubborn went on after its RequestTimeout and gets '
                          r'GreenletExit, (\d+\.\d) s old', since) < 30


def test_one_that_computes_hears_of_it_when_it_waits(running):
    """It never waits, so it is not interrupted."""
    assert running.get('/busy/0.6').text == 'busy to the end'


def test_one_that_waits_for_its_clients_bytes_ends_too(running):
    with running.raw() as client:
        client.send(b'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n'
                    + b'x' * 70_000)  # more than is read before the application starts
        assert client.read_answer().status == 504


def test_a_handler_has_a_limit_of_its_own(running, generous):
    generous.get('/signal/1')
    generous.wait_log('^handled 1$')
    since = running.log.mark()
    running.get('/signal/2')
    assert 0.3 <= seconds(running, r'the handler of signal 2 has taken (\d+\.\d) s, its time is '
                          'over:', since) < 30
    running.wait_log(r'^\t +File ".*/app\.py", line \d+, in handler$', since=since)
    status = running.wait_status(
        lambda status: [s for s in status['signals'] if s['number'] == 2 and s['failed']])
    assert status['workers'][0]['slow_handlers'] == 1


def test_a_request_that_cannot_be_ended_costs_its_connection_and_its_worker(server):
    running = server(APP, {**LIMITS, 'limits': {'request-time': '1s'}})
    running.expect_error('survived GreenletExit')
    first = running.workers()
    with running.raw() as client:
        client.send(b'GET /immortal HTTP/1.1\r\nHost: x\r\n\r\n')
        with pytest.raises((ConnectionResetError, EOFError, AssertionError)):
            client.read_answer()
    for name in ('RequestTimeout', 'GreenletExit'):
        running.wait_log(f'^swallowed {name}$')
    assert 5 <= seconds(running, r'error .*GET /immortal survived GreenletExit, (\d+\.\d) s old: '
                        'its connection is aborted and this worker is replaced') < 30
    running.wait_log('is recycled: a greenlet in it cannot be ended')
    running.wait_workers(1, without=first)
    running.wait_log('is gone: exited')
    assert running.get('/sleep/0').text == 'slept'


def test_without_a_limit_nothing_ends(server):
    running = server(APP)
    assert running.get('/sleep/0.5').text == 'slept'
    assert running.get('/set/0.1').status == 504
