# SPDX-License-Identifier: MIT
"""Several applications under prefixes."""
import json

import pytest

from harness import program, uwsgi

SAY = '''
import json


def say(name):
    def application(environ, start_response):
        text = json.dumps([name, environ['SCRIPT_NAME'], environ['PATH_INFO'],
                           environ['REQUEST_URI']])
        start_response('200 OK', [('Content-Length', str(len(text)))])
        return [text.encode()]
    return application


application, api, v2, made = say('root'), say('api'), say('v2'), lambda: say('made')
'''
MOUNTS = {'/api': 'app:api', '/api/v2': 'app:v2', '/made': 'app:made()'}


def ask(running, path):
    answer = running.get(path)
    assert answer.status == 200, answer
    return json.loads(answer.body)


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(SAY, {'app': {'mounts': MOUNTS},
                               'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0']})


@pytest.mark.parametrize('path, name, script_name, path_info', [
    ('/', 'root', '', '/'), ('/apix', 'root', '', '/apix'), ('/a', 'root', '', '/a'),
    ('/api', 'api', '/api', ''), ('/api/', 'api', '/api', '/'), ('/api/x', 'api', '/api', '/x'),
    ('/api?q', 'api', '/api', ''), ('/api//x', 'api', '/api', '//x'),
    ('/api/v2', 'v2', '/api/v2', ''), ('/api/v2/x', 'v2', '/api/v2', '/x'),
    ('/api/v22', 'api', '/api', '/v22'), ('/made', 'made', '/made', ''),
    ('/made/x', 'made', '/made', '/x'), ('/%61pi/x', 'api', '/api', '/x'),
])
def test_the_longest_prefix_wins(running, path, name, script_name, path_info):
    assert ask(running, path) == [name, script_name, path_info, path]


def test_a_uwsgi_client_may_name_the_mount_itself(running):
    with running.raw(1) as client:
        client.send(uwsgi.request('/x', SCRIPT_NAME='/api'))
        assert json.loads(client.read_answer().body)[:3] == ['api', '/api', '/x']
    with running.raw(1) as client:
        client.send(uwsgi.request('/api/x'))
        assert json.loads(client.read_answer().body)[:3] == ['api', '/api', '/x']


def test_no_match_is_404(server):
    running = server(SAY, {'app': {'module': None, 'mounts': {'/api': 'app:api'}}})
    assert ask(running, '/api/x')[0] == 'api'
    with running.raw() as client:
        client.send(b'GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n',
                    b'GET /api HTTP/1.1\r\nHost: x\r\n\r\n')
        assert client.read_answer().status == 404
        assert client.read_answer().status == 200


def test_a_mount_that_cannot_be_loaded_is_an_error(make_server):
    made = make_server()
    made.write_app(SAY)
    made.write_config({'app': {'mounts': {'/api': 'app:missing'}}})
    code, output = program.check(made)
    assert code == 1 and 'missing' in output
