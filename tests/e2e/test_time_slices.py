# SPDX-License-Identifier: MIT
"""workers.time-slice: a request that computes lets the others run, and nothing is suspended where
it must not be."""
import concurrent.futures
import json

import pytest

from harness.slices_app import APP

MODULE = 'import app\napp.spin()\n'
HELD = ('finalizer weakref generator collector collector_by_itself importing importing_by_name '
        'buffered signal_handler written_out c_callback sqlite atomic atomic_nested '
        'atomic_decorator part_greenlet tracing hub background').split()
SHARED = ('loop dicts sort_key regular_expression texts after_atomic in_except recursion generator '
          'number_taken').split()
SLICES = {'workers': {'processes': 1, 'time-slice': '5ms'}}


def write_modules(folder):
    for name in ('slow_module', 'slow_module_too'):
        (folder / f'{name}.py').write_text(MODULE)


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, SLICES, write_modules)


@pytest.fixture(scope='module', params=['raw', 'gevent', 'pure'])
def either(module_server, request):
    """With both kinds of greenlets that requests can run in, and a gevent that is not compiled."""
    workers = SLICES['workers'] | {'time-slice-background': True}
    if request.param == 'gevent':
        workers['greenlet'] = 'gevent'
    environment = {'PURE_PYTHON': '1'} if request.param == 'pure' else {}
    return module_server(APP, {'workers': workers}, environment=environment)


def asked(running, path):
    answer = running.get(path)
    assert answer.status == 200, answer.text
    return json.loads(answer.text)


@pytest.mark.parametrize('kind', SHARED)
def test_who_computes_lets_others_run(running, kind):
    assert asked(running, f'/shared/{kind}')


@pytest.mark.parametrize('kind', HELD)
def test_nothing_is_suspended_where_it_must_not_be(running, kind):
    assert asked(running, f'/held/{kind}') == [False]


def test_a_wake_up_meant_for_another_wait_comes_when_that_begins(either):
    assert asked(either, '/wake-up') == ['()', 'None', "'x'", '(1, 2)']


@pytest.mark.parametrize('how, error', [
    ('throw', 'ValueError'), ('timeout', 'Timeout'), ('kill', 'GreenletExit'),
    ('after a wake-up', 'ValueError')])
def test_what_is_thrown_into_a_greenlet_that_computes_is_raised_there(either, how, error):
    assert asked(either, f'/thrown/{how.replace(" ", "%20")}') == error


def test_a_call_that_waits_in_c_is_not_interrupted(running):
    assert asked(running, '/wait-in-c') == [0, 0, 0]


def test_a_lock_that_gevent_has_not_patched_does_not_hang_the_thread(running):
    assert asked(running, '/unpatched-lock') == ['asks', 'goes on', 'has it']


def test_waits_of_gevent_lose_no_wake_up(either):
    assert asked(either, '/waits') == 1200


def test_another_request_is_answered_meanwhile(server):
    made = server(APP, SLICES)
    with made.raw() as computing:
        computing.send(b'GET /compute HTTP/1.1\r\nHost: x\r\n\r\n')
        made.wait_log('computes')
        made.wait_status(lambda status: status['workers'][0]['slices'] > 0)
        assert ' computes  GET /compute' in made.ctl('requests').stdout
        assert made.get('/go').status == 200
        assert computing.read_answer().text == 'true'


def test_requests_that_compute_take_turns(running):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert all(pool.map(lambda path: asked(running, path), ('/turns/a/b', '/turns/b/a')))


def test_many_that_compute_a_little_within_one_pass_of_the_hub_are_not_suspended(server):
    made = server(APP, {'workers': {'processes': 1, 'time-slice': '500ms',
                                    'time-slice-background': True}})
    assert asked(made, '/pass') is None
    assert made.status()['workers'][0]['slices'] == 0


def test_without_slices_nobody_is_suspended(server):
    made = server(APP, {'workers': {'processes': 1}})
    assert asked(made, '/held/plain') == [False]
    assert made.status()['workers'][0]['slices'] == 0


def test_background_greenlets_share_too_if_so_configured(server):
    made = server(APP, {'workers': SLICES['workers'] | {'time-slice-background': True}})
    assert asked(made, '/held/background') == [True]


def test_a_request_that_computes_is_ended_by_its_time(server):
    made = server(APP, SLICES | {'limits': {'request-time': '300ms'}})
    since = made.log.mark()
    assert made.get('/spin/20').status == 504
    made.wait_log(r'GET /spin/20 has taken \d+\.\d s, its time is over', since=since)
    made.wait_log(r'^\t +File ".*/app\.py", line \d+, in until$', since=since)
