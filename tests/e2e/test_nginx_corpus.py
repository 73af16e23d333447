# SPDX-License-Identifier: MIT
"""The HTTP corpus through nginx, by HTTP on kept connections and by uwsgi. nginx refuses some of
it, mends some (a bare LF, a name that is no token) and passes the rest. Whatever it does, it and
geventd never disagree about where a request ends: nothing is smuggled past it, and no answer goes
to the wrong request."""
import contextlib
import json

import pytest

from harness import corpus, services
from harness.behind import ask
from harness.client import RawClient
from test_http_corpus import APP, BEHIND, check_told
from test_nginx import PARAMETERS

pytestmark = pytest.mark.skipif(services.find('nginx') is None, reason='nginx is not installed')
BY_HTTP = '''proxy_pass http://kept;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;'''
LOCATIONS = '''
        server_name example.com;  # what $host is for clients that name none
        merge_slashes off;
        proxy_ignore_client_abort on;
        uwsgi_ignore_client_abort on;
        location / {{ {passing} }}
'''
VALID = [case for case in corpus.read('http/valid') if not case.limits]
INVALID = [case for case in corpus.read('http/invalid') if not case.limits]
# Valid requests that nginx refuses.
TOO_MUCH_FOR_NGINX = {'chunked_coding_blanks', 'host_00', 'method_get_lower',
                      'method_of_token_marks', 'method_trace', 'options_asterisk'}
# Invalid requests that must never be served, not even after nginx mended them: it is in doubt where
# they end, or whom they are for.
DOUBTFUL = ('length_', 'coding_', 'cr_in', 'fold', 'nul', 'host_twice', 'control_00',
            'name_length', 'name_coding', 'name_blank', 'name_tab')


@pytest.fixture(scope='module', params=['http', 'uwsgi'])
def site(request, module_server, tmp_path_factory):
    """(the server, nginx's address)"""
    running = module_server(APP, {'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0']})
    kept = f'upstream kept {{ server 127.0.0.1:{running.port(0)}; keepalive 4; }}'
    by_uwsgi = f'{PARAMETERS} uwsgi_pass 127.0.0.1:{running.port(1)};'
    locations = LOCATIONS.format(passing=BY_HTTP if request.param == 'http' else by_uwsgi)
    with services.nginx(tmp_path_factory.mktemp('nginx'), locations, kept) as address:
        yield running, address


def seen(running):
    return int(running.get('/seen-so-far').text)


def answers(address, data, methods=()):
    """All responses of nginx to these bytes, except those without a head (HTTP/0.9)."""
    found, methods = [], list(methods)
    with RawClient(address) as client, contextlib.suppress(ConnectionError, AssertionError,
                                                           ValueError):
        client.send(data)
        client.finish_sending()
        while True:
            answer = client.read_answer(methods[0] if methods else 'GET')
            if answer.status != 100:
                found.append(answer)
                del methods[:1]
    return found


def check_connections_are_clean(address, name):
    """Further requests on the kept connections get their own responses."""
    for number in range(2):
        path = f'/probe-{name}-{number}'
        assert json.loads(ask(address, path).body)['PATH_INFO'] == path


def as_nginx_tells(expected):
    """nginx sends only the path, with dot segments resolved for uwsgi's PATH_INFO."""
    if (expected.get('target', '/').startswith('/') and expected.get('path') != '*'
            and '/.' not in expected.get('path_info', '')):
        return expected
    return {key: value for key, value in expected.items() if key in ('method', 'query', 'content')}


def test_valid_requests_arrive_as_they_were_meant(site):
    running, address = site
    refused = set()
    for case in VALID:
        before = seen(running)
        requests = case.expected['requests']
        methods = [expected.get('method', 'GET') for expected in requests]
        found = answers(address, case.data, methods)
        assert len(found) >= 1, case
        if found[0].status != 200:
            refused.add(case.name)
            assert seen(running) == before, case
            continue
        assert len(found) == len(requests) and seen(running) - before == len(requests), case
        for expected, answer in zip(requests, found):
            if answer.body:
                check_told(case.name, as_nginx_tells(expected), json.loads(answer.body))
        check_connections_are_clean(address, case.name)
    assert refused <= TOO_MUCH_FOR_NGINX


def test_invalid_requests_smuggle_nothing(site):
    running, address = site
    for case in INVALID:
        if case.name.startswith('no_version') or case.name == 'limit_target_default':
            continue  # HTTP/0.9 to nginx: such responses have no heads to count
        before = seen(running)
        found = answers(address, case.data + BEHIND)
        served = [json.loads(answer.body)['PATH_INFO'] for answer in found if answer.status == 200]
        assert seen(running) - before == len(served), f'{case}: {served}'
        if case.name.startswith(DOUBTFUL):
            assert not served, f'{case}: {served}'
        assert '/behind' not in served[:-1], f'{case}: {served}'
        check_connections_are_clean(address, case.name)
