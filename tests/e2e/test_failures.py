# SPDX-License-Identifier: MIT
"""The newest failures of the application, in the status."""
import re

from harness.apps import HELLO


def test_failures_are_named_with_their_place(server):
    running = server(HELLO.replace(
        'def application(environ, start_response):',
        "def application(environ, start_response):\n    if environ['PATH_INFO'] == '/fail':\n"
        "        raise ValueError('one\\ntwo')"))
    running.expect_error('fail')
    assert running.get('/fail?password=1').status == 500
    (failure,) = running.wait_status(lambda s: s['failures'])['failures']
    assert failure['request'] == 'GET /fail' and failure['id']
    assert failure['error'] == 'ValueError: one'
    assert re.fullmatch(r'.*app\.py:\d+', failure['where'])
    assert 'GET /fail\n    ValueError: one (' in running.ctl('status').stdout


def test_a_failed_handler_is_among_the_failures(server):
    running = server(HELLO + """
import geventd

@geventd.register(17)
def fail(number):
    raise KeyError('order 7')
""")
    running.expect_error('the handler of signal 17 failed')
    assert running.ctl('signal', '17').returncode == 0
    failure = running.wait_status(lambda s: s['failures'])['failures'][0]
    assert (failure['request'], failure['id']) == ('signal 17', '')
    assert failure['error'] == "KeyError: 'order 7'"
    assert re.fullmatch(r'.*app\.py:\d+', failure['where'])
    assert "signal 17\n    KeyError: 'order 7' (" in running.ctl('status').stdout


def test_a_failure_is_told_whatever_its_path(server):
    running = server(HELLO.replace(
        'def application(environ, start_response):',
        "def application(environ, start_response):\n    raise ValueError('x' * 1000)"))
    running.expect_error('failed')
    path = '/' + 'p' * 1000
    assert running.get(path).status == 500
    (failure,) = running.wait_status(lambda s: s['failures'])['failures']
    assert re.fullmatch('ValueError: x{50,}', failure['error'])
    assert re.fullmatch(r'.*app\.py:\d+', failure['where']) and failure['id']
    assert re.fullmatch('GET /p{20,}', failure['request'])  # both texts are cut
