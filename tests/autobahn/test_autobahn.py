# SPDX-License-Identifier: MIT
"""The Autobahn testsuite against each way by which an application uses a WebSocket."""
import json
import pathlib
import subprocess

import pytest

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
}
# uwsgi.websocket_recv() does not tell binary messages from texts, so its echo is only of texts.
CASES = {'uwsgi text': ['1.1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '10.*']}
EVERY = ['1.*', '2.*', '3.*', '4.*', '5.*', '6.*', '7.*', '9.*', '10.*', '12.*', '13.*']


@pytest.mark.skipif(not WSTEST.exists(), reason='./dev test --autobahn installs wstest')
@pytest.mark.parametrize('face', FACES)
def test_no_case_fails(server, face, tmp_path):
    running = server(FACES[face], LIMITS)
    running.expect_error('.')
    spec = {'outdir': str(tmp_path / 'reports'), 'cases': CASES.get(face, EVERY),
            'exclude-cases': [], 'exclude-agent-cases': {},
            'servers': [{'agent': face, 'url': running.url('/').replace('http', 'ws')}]}
    (tmp_path / 'spec.json').write_text(json.dumps(spec))
    subprocess.run([WSTEST, '-m', 'fuzzingclient', '-s', tmp_path / 'spec.json'], check=True,
                   cwd=tmp_path, stdout=subprocess.DEVNULL, timeout=1800)
    results = json.loads((tmp_path / 'reports/index.json').read_text())[face]
    told = {}
    for case, result in results.items():
        told.setdefault(result['behavior'], []).append(case)
        told.setdefault('closing ' + result['behaviorClose'], []).append(case)
    print({behavior: len(cases) for behavior, cases in told.items()})
    assert told.get('FAILED', []) == [] and told.get('closing FAILED', []) == []
    assert told.get('NON-STRICT', []) == []
