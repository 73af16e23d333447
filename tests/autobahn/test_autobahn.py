# SPDX-License-Identifier: MIT
"""The Autobahn testsuite against each way by which an application uses a WebSocket."""
import collections
import json
import pathlib
import subprocess

import pytest

from harness import network, services
from harness.virtualenv import make_virtualenv

WSTEST = pathlib.Path(__file__).parents[2] / '.cache/autobahn/bin/wstest'
LIMITS = {'limits': {'websocket-message': '64MiB', 'websocket-ping': '0s'},
          'app': {'monkey-patch': 'before-load'}}
FACES = {
    'geventd': '''
import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    ws.accept()
    for message in ws:
        ws.send(message)
    return []
''',
    'wsgi.websocket': '''
def application(environ, start_response):
    ws = environ['wsgi.websocket']
    while (message := ws.receive()) is not None:
        ws.send(message)
    return []
''',
    'uwsgi text': '''
import uwsgi


def application(environ, start_response):
    uwsgi.websocket_handshake()
    try:
        while True:
            uwsgi.websocket_send(uwsgi.websocket_recv())
    except IOError:
        return ''
''',
    'uwsgi binary': '''
import uwsgi


def application(environ, start_response):
    uwsgi.websocket_handshake()
    try:
        while True:
            uwsgi.websocket_send_binary(uwsgi.websocket_recv())
    except IOError:
        return ''
''',
}
LIBRARY = '''
import simple_websocket


def application(environ, start_response):
    ws = simple_websocket.Server(environ, max_message_size=64 << 20)
    try:
        while True:
            ws.send(ws.receive())
    except simple_websocket.ConnectionClosed:
        raise StopIteration
'''
# uwsgi.websocket_recv() does not tell binary messages from texts, so there are two echoes.
CASES = {
    'uwsgi text': ['1.1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.1.*', '9.3.*', '9.5.*',
                   '9.7.*', '10.*', '12.1.*', '12.4.*', '13.*'],
    'uwsgi binary': ['1.2.*', '9.2.*', '9.4.*', '9.6.*', '9.8.*', '12.2.*', '12.3.*', '12.5.*'],
}
PLAIN = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.*', '10.*']
COMPRESSED = ['12.*', '13.*']  # of permessage-deflate
EVERY = PLAIN + COMPRESSED
# How many cases there are.
COUNTS = {'uwsgi text': 428, 'uwsgi binary': 89}
PARTS = {'plain': (PLAIN, 301), 'compressed': (COMPRESSED, 216)}
ALL = 301 + 216
# 7.1.6, 7.13.1 and 7.13.2: any behaviour is right there. wslay's own echo server has these, too.
MOST_INFORMATIONAL = 3
WRONG = ('FAILED', 'closing FAILED', 'NON-STRICT', 'UNIMPLEMENTED')
needs_wstest = pytest.mark.skipif(not WSTEST.exists(),
                                  reason='./dev test --autobahn installs wstest')


def run_cases(folder, servers, cases):
    """{name: {behaviour: [case]}}, of servers {name: URL}; the end of a connection counts as a
    behaviour of its own, such as 'closing FAILED'."""
    spec = {'outdir': str(folder / 'reports'), 'cases': cases,
            'exclude-cases': [], 'exclude-agent-cases': {},
            'servers': [{'agent': name, 'url': url.replace('http', 'ws')}
                        for name, url in servers.items()]}
    (folder / 'spec.json').write_text(json.dumps(spec))
    subprocess.run([WSTEST, '-m', 'fuzzingclient', '-s', folder / 'spec.json'], check=True,
                   cwd=folder, stdout=subprocess.DEVNULL, timeout=3600)
    results = json.loads((folder / 'reports/index.json').read_text())
    told = {}
    for name in servers:
        told[name] = collections.defaultdict(list)
        for case, result in results[name].items():
            told[name][result['behavior']].append(case)
            told[name]['closing ' + result['behaviorClose']].append(case)
        print(name, {behavior: len(found) for behavior, found in told[name].items()})
    return told


@needs_wstest
@pytest.mark.parametrize('face', FACES)
def test_no_case_fails(server, face, tmp_path):
    running = server(FACES[face], LIMITS)
    running.expect_error('.')
    told = run_cases(tmp_path, {face: running.url('/')}, CASES.get(face, EVERY))[face]
    for behavior in WRONG:
        assert told[behavior] == [], behavior
    assert len(told['INFORMATIONAL']) <= MOST_INFORMATIONAL, told['INFORMATIONAL']
    assert len(told['OK']) + len(told['INFORMATIONAL']) == COUNTS.get(face, ALL)


@needs_wstest
@pytest.mark.parametrize('part', PARTS)
def test_a_library_does_no_worse_than_under_gunicorn(server, part, tmp_path):
    """gunicorn is asked only about what is not right here: there, simple-websocket does not send
    all of a great message, and each such case waits for its time."""
    cases, count = PARTS[part]
    virtualenv = make_virtualenv(tmp_path / 'venv', ['simple-websocket', 'gunicorn'])
    running = server(LIBRARY, {**LIMITS, 'app': {**LIMITS['app'], 'virtualenv': str(virtualenv)}})
    running.expect_error('.')
    told = run_cases(tmp_path, {'geventd': running.url('/')}, cases)['geventd']
    assert sum(len(found) for behavior, found in told.items()
               if not behavior.startswith('closing ')) == count
    worse = {case for behavior in WRONG for case in told[behavior]}
    if not worse:
        return
    peer = ('127.0.0.1', network.free_port())
    with services.running([virtualenv / 'bin/python', '-m', 'gunicorn', '-k', 'gevent', '-b',
                           '%s:%d' % peer, 'app:application'], peer, running.folder):
        there = run_cases(tmp_path, {'gunicorn': 'http://%s:%d/' % peer}, sorted(worse))['gunicorn']
    for behavior in WRONG:
        assert set(told[behavior]) <= set(there[behavior]), behavior
