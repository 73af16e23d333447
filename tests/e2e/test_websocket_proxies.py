# SPDX-License-Identifier: MIT
"""WebSockets through nginx (HTTP and uwsgi protocol), Apache and HAProxy, as docs/websockets.md has
them."""
import pytest

from harness import services
from harness.websockets import CLOSE, PING, PONG, TEXT, RawSocket, frame

APP = '''
import geventd


def application(environ, start_response):
    ws = geventd.websocket(environ)
    if ws is None:
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'a page']
    ws.accept()
    for message in ws:
        ws.send(message)
    print('ended', ws.close_code, flush=True)
    return []
'''
NGINX = '''
        location /http/ {{
            proxy_pass http://127.0.0.1:{http};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
        location /uwsgi/ {{
            uwsgi_param REQUEST_METHOD $request_method;
            uwsgi_param REQUEST_URI $request_uri;
            uwsgi_param PATH_INFO $document_uri;
            uwsgi_param QUERY_STRING $query_string;
            uwsgi_param SERVER_PROTOCOL $server_protocol;
            uwsgi_param SERVER_NAME $server_name;
            uwsgi_param SERVER_PORT $server_port;
            uwsgi_pass 127.0.0.1:{uwsgi};
        }}
'''
MAP = "map $http_upgrade $connection_upgrade { default upgrade; '' close; }"
HAPROXY = '''
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout tunnel 75s
frontend web
    bind 127.0.0.1:{port}
    default_backend app
backend app
    server a 127.0.0.1:{http}
'''


@pytest.fixture(scope='module')
def running(module_server):
    return module_server(APP, {'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0']})


def talk(running, address, path):
    with RawSocket(address, path) as client:
        assert client.head.startswith('HTTP/1.1 101 ')
        for message in (b'hello', b'x' * 100_000):
            client.send(frame(TEXT, message))
            assert client.read_frame() == (TEXT, message)
        client.send(frame(PING, b'p'))
        assert client.read_frame() == (PONG, b'p')
        client.send(frame(CLOSE, b'\x03\xe9'))
        assert client.read_close() == 1001
        assert client.is_closed_by_server()
    running.wait_log('ended 1001')


@pytest.mark.skipif(services.find('nginx') is None, reason='nginx is not installed')
@pytest.mark.parametrize('path', ['/http/', '/uwsgi/'])
def test_nginx(running, path, folder):
    locations = NGINX.format(http=running.port(0), uwsgi=running.port(1))
    with services.nginx(folder, locations, MAP) as address:
        talk(running, address, path)


@pytest.mark.skipif(services.find('apache2') is None, reason='apache2 is not installed')
def test_apache(running, folder):
    folder.chmod(0o755)
    directives = f'ProxyPass / http://127.0.0.1:{running.port(0)}/ upgrade=websocket\n'
    with services.apache(folder, ['proxy', 'proxy_http'], directives) as address:
        talk(running, address, '/')


@pytest.mark.skipif(services.find('haproxy') is None, reason='haproxy is not installed')
def test_haproxy(running, folder):
    port = services.free_port()
    text = HAPROXY.format(port=port, http=running.port(0))
    with services.haproxy(folder, ('127.0.0.1', port), text) as proxy:
        talk(running, proxy.address, '/')
