# SPDX-License-Identifier: MIT
"""The examples of docs/python.md, exactly as on the page."""
import pathlib
import re
import tempfile

DOCUMENT = pathlib.Path(__file__).parents[2] / 'docs/python.md'


def example(heading):
    """The first Python block under a heading."""
    section = DOCUMENT.read_text().partition(f'## {heading}\n')[2]
    return re.search(r'```python\n(.*?)```', section, re.S)[1]


def test_a_request(server):
    running = server(example('A request'), {'log': {'access': 'user ${logvar.user}'}})
    answer = running.request('POST', '/', b'12345')
    assert answer.text == 'request 0, 5 bytes\n'
    running.wait_log('what takes longer comes after')
    running.wait_log('user alice')


def test_the_server_and_its_workers(server):
    running = server(example('The server and its workers'), {'workers': {'processes': 2}})
    for number in (1, 2):
        running.wait_log(f'worker {number} of 2 starts')
    assert sorted(running.get('/').text.splitlines()) in (
        ['1 0 busy', '2 0 idle'], ['1 0 idle', '2 0 busy'])


def test_time_limits(server):
    running = server(example('Time limits'), {'limits': {'request-time': '200ms'}})
    assert running.get('/').text == 'what there was in time'
    assert running.get('/report').text == 'the report'


def test_signals_timers_and_locks(server):
    running = server(example('Signals, timers and locks'), {'workers': {'processes': 2}})
    assert running.get('/').text == 'sent'
    for number in (1, 2):
        running.wait_log(f'worker {number} connects')
        running.wait_log(f'worker {number} forgets its cache')
    running.wait_log('a second has passed')
    with tempfile.TemporaryDirectory(dir='/tmp'):
        running.wait_log('something has changed in /tmp')
