# SPDX-License-Identifier: MIT
"""Requests through a web server in front of geventd."""
import hashlib
import json

from . import client

APP = '''
import hashlib
import json

from gevent.event import Event

steps = [Event() for _ in range(3)]


def pieces():
    for number, step in enumerate(steps):
        yield b'piece %d' % number
        step.wait()


def application(environ, start_response):
    path = '/' + environ['PATH_INFO'].rpartition('/')[2]  # without the web server's prefix
    if path == '/stream':
        for step in steps:
            step.clear()
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return pieces()
    if path.startswith('/step'):
        steps[int(path[5:])].set()
    if path == '/big':
        start_response('200 OK', [('Content-Type', 'application/octet-stream')])
        return (b'x' * 65536 for _ in range(160))
    digest, size = hashlib.sha256(), 0
    while piece := environ['wsgi.input'].read(65536):
        digest.update(piece)
        size += len(piece)
    told = {key: value for key, value in environ.items() if isinstance(value, str)}
    text = json.dumps({**told, 'size': size, 'digest': digest.hexdigest()})
    start_response('201 Created', [('Content-Type', 'application/json'), ('X-Own', 'yes'),
                                   ('Content-Length', str(len(text)))])
    return [text.encode()]
'''
MIB = 1 << 20


def ask(address, path, prefix='', method='GET', body=None, headers=None):
    connection = client.open_http(address)
    try:
        return client.exchange(connection, method, prefix + path, body, headers)
    finally:
        connection.close()


def check_plain(address, prefix, client_address='127.0.0.1'):
    answer = ask(address, '/a%20b/%C3%A9?x=%20', prefix)
    told = json.loads(answer.body)
    assert (answer.status, answer.header('x-own')) == (201, 'yes')
    assert told['PATH_INFO'].endswith('/a b/\xc3\xa9')
    assert told['QUERY_STRING'] == 'x=%20'
    assert told['REMOTE_ADDR'] == client_address
    assert ask(address, '/', prefix, 'HEAD').status == 201


def check_uploads(address, prefix, chunks=True):
    body = bytes(range(256)) * (10 * MIB // 256)
    digest = hashlib.sha256(body).hexdigest()
    told = json.loads(ask(address, '/upload', prefix, 'POST', body).body)
    assert (told['size'], told['digest'], told['CONTENT_LENGTH']) == (
        10 * MIB, digest, str(10 * MIB))
    if not chunks:
        return
    pieces = (body[i:i + 50_000] for i in range(0, MIB, 50_000))
    answer = ask(address, '/upload', prefix, 'POST', pieces)  # in chunks
    told = json.loads(answer.body)
    assert told['size'] == len(range(0, MIB, 50_000)) * 50_000
    assert prefix == '/http' or 'HTTP_TRANSFER_ENCODING' not in told


def check_big_heads(address, prefix, size=32 << 10):
    cookie = 'session=' + 'c' * (size - 8)
    assert json.loads(ask(address, '/', prefix, headers={'Cookie': cookie}).body)[
        'HTTP_COOKIE'] == cookie


def check_download(address, prefix):
    assert len(ask(address, '/big', prefix).body) == 10 * MIB


def check_streaming(address, prefix, running):
    """Each piece must arrive while the application waits to make the next."""
    with client.RawClient(address) as raw:
        raw.send(f'GET {prefix}/stream HTTP/1.0\r\nHost: x\r\n\r\n'.encode())
        raw.read_head()
        for number in range(3):
            assert raw.read_exactly(7) == b'piece %d' % number
            assert ask(running.address(-1), f'/step{number}').status == 201
        assert raw.is_closed_by_server()
