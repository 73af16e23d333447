# SPDX-License-Identifier: MIT
"""Behind nginx: uwsgi_pass over TCP and unix sockets, proxy_pass with kept connections."""
import json

import pytest

from harness import behind, documents, services

pytestmark = pytest.mark.skipif(services.find('nginx') is None, reason='nginx is not installed')
PARAMETERS = '\n'.join(f'uwsgi_param {line};' for line in '''QUERY_STRING $query_string
REQUEST_METHOD $request_method
CONTENT_TYPE $content_type
CONTENT_LENGTH $content_length
REQUEST_URI $request_uri
PATH_INFO $document_uri
DOCUMENT_ROOT $document_root
SERVER_PROTOCOL $server_protocol
REQUEST_SCHEME $scheme
HTTPS $https if_not_empty
REMOTE_ADDR $remote_addr
REMOTE_PORT $remote_port
SERVER_PORT $server_port
SERVER_NAME $server_name'''.splitlines())
LOCATIONS = '''
        {parameters}
        location /tcp/ {{ uwsgi_pass 127.0.0.1:{port}; }}
        location /unix/ {{ uwsgi_pass unix:{path}; }}
        location /direct/ {{
            uwsgi_pass unix:{path};
            uwsgi_buffering off;
            uwsgi_request_buffering off;
        }}
        location /http/ {{
            proxy_pass http://kept;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For 203.0.113.9;
            proxy_set_header X-Forwarded-Proto https;
            proxy_request_buffering off;
            proxy_buffering off;
        }}
'''


@pytest.fixture(scope='module')
def site(module_server, tmp_path_factory):
    """(the server, nginx's address)"""
    running = module_server(behind.APP, {'listen': [
        'uwsgi://127.0.0.1:0', 'uwsgi+unix:app.sock',
        {'address': 'http://127.0.0.1:0', 'trusted-proxies': ['127.0.0.1']}],
        'limits': {'request-head': '48KiB'}})
    locations = LOCATIONS.format(parameters=PARAMETERS, port=running.port(0),
                                 path=running.address(1))
    folder = tmp_path_factory.mktemp('nginx')
    upstream = f'upstream kept {{ server 127.0.0.1:{running.port(2)}; keepalive 4; }}'
    with services.nginx(folder, locations, upstream) as address:
        yield running, address


EVERY = pytest.mark.parametrize('prefix', ['/tcp', '/unix', '/direct', '/http'])


@EVERY
def test_requests_and_answers(site, prefix):
    behind.check_plain(site[1], prefix, '203.0.113.9' if prefix == '/http' else '127.0.0.1')


@EVERY
def test_uploads(site, prefix):
    behind.check_uploads(site[1], prefix)


@EVERY
def test_big_cookies(site, prefix):
    behind.check_big_heads(site[1], prefix)


@EVERY
def test_big_downloads(site, prefix):
    behind.check_download(site[1], prefix)


@pytest.mark.parametrize('prefix', ['/direct', '/http'])
def test_pieces_arrive_as_they_are_made(site, prefix):
    behind.check_streaming(site[1], prefix, site[0])


def test_kept_connections_carry_many_requests(site):
    running, address = site
    accepted = running.status()['workers'][0]['accepted']
    for _ in range(30):
        assert behind.ask(address, '/', '/http').status == 201
    assert running.status()['workers'][0]['accepted'] - accepted <= 4


def test_what_nginx_tells_of_the_client_is_believed(site):
    told = json.loads(behind.ask(site[1], '/', '/http').body)
    assert (told['REMOTE_ADDR'], told['wsgi.url_scheme']) == ('203.0.113.9', 'https')


def test_a_refused_request_is_no_bad_gateway(site):
    """nginx passes our response on instead of making up a 502."""
    answer = behind.ask(site[1], '/', '/tcp', headers={'X-Big': 'x' * 60_000})
    assert answer.status == 431


def as_documented(server, tmp_path, name, path, address):
    """What the application is told of a request for `path`, with both files of docs/proxies.md."""
    pages = documents.examples('docs/proxies.md')
    settings, location = pages[f'{name}-settings'], pages[f'{name}-location']
    own = 'http://127.0.0.1:0' if address.startswith('http:') else 'http+unix:app.sock'
    running = server(behind.APP, settings.replace(address, own).replace(
        'myapp:application', 'app:application') + 'control: ctl\n')
    at = running.address()
    with services.nginx(tmp_path, location.replace(
            address.replace('http+unix:', 'unix:').replace('http://', ''),
            f'unix:{at}' if isinstance(at, str) else f'127.0.0.1:{at[1]}')) as nginx:
        answer = behind.ask(nginx, path, headers={'X-Forwarded-For': '6.6.6.6',
                                                  'X-Forwarded-Proto': 'https'})
    assert 'which is ignored' not in running.log.text()
    return json.loads(answer.body)


def test_the_documented_files_tell_of_the_client(server, tmp_path):
    told = as_documented(server, tmp_path, 'nginx', '/a', 'http+unix:/run/geventd/app.sock')
    # 127.0.0.1 is the client of nginx: what it has forged is not believed, nor passed on.
    assert (told['REMOTE_ADDR'], told['wsgi.url_scheme'], told['PATH_INFO']) == (
        '127.0.0.1', 'http', '/a')
    assert told['HTTP_X_FORWARDED_FOR'] == '6.6.6.6, 127.0.0.1'
    assert 'REMOTE_PORT' not in told


def test_the_documented_files_for_an_application_below_a_path(server, tmp_path):
    told = as_documented(server, tmp_path, 'prefix', '/shop/a', 'http://127.0.0.1:8000')
    assert (told['SCRIPT_NAME'], told['PATH_INFO'], told['HTTP_X_FORWARDED_PROTO']) == (
        '/shop', '/a', 'http')
