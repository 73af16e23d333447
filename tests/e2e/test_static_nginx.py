# SPDX-License-Identifier: MIT
"""Static files as nginx serves them: both are asked for the same, and the answers compared."""
import os
import typing
import urllib.parse

import pytest

from harness import services, site
from harness.client import RawClient

pytestmark = pytest.mark.skipif(services.find('nginx') is None, reason='nginx is not installed')

APP = '''
def application(environ, start_response):
    start_response('404 Not Found', [('X-Application', 'yes')])
    return [b'of the application']
'''
# As RFC 9110 has it: a file is unchanged if it is not newer than the date.
LOCATION = '''
        root {root};
        include /etc/nginx/mime.types;
        types {{ text/javascript js; application/gzip gz; }}
        default_type application/octet-stream;
        absolute_redirect off;
        if_modified_since before;
        location / {{ index index.html; }}
'''
OTHER_USER = 'www-data' if os.geteuid() == 0 else None  # to root no file is locked


class Ask(typing.NamedTuple):
    """A request; {etag} and {date} in a header stand for those of hello.txt at that server."""
    target: str
    headers: str = ''
    method: str = 'GET'


def about(target, *headers, method='GET'):
    return [Ask(target, header, method) for header in headers]


HELLO, BIG = '/static/hello.txt', '/static/big.bin'
PLAIN = [Ask(f'/static/{urllib.parse.quote(name)}') for name in site.FILES
         if not name.startswith('locked')]
RANGES = [f'Range: bytes={ranges}' for ranges in (
    '0-4', '0-0', '5-', '-5', '-1', '0-12', '0-13', '0-99999', '12-', '13-', '999-', '-13', '-99',
    '-0', '5-2', '99999999999999999999-', '0-99999999999999999999', '-99999999999999999999',
    '', '-', 'a', 'a-b', '0-a', '1-1-1', '--1', '0x1-2', '0-4;5-6', '0-4 5-6', ' 0-4', '0 - 4',
    '0-4 ', '+0-4', '-+5')] + [
    'Range: bytes', 'Range: items=0-4', 'Range: ', 'Range: 0-4', 'Range: bytes 0-4',
    'Range: BYTES=0-4', 'Range: none']
PARTS = [f'Range: bytes={ranges}' for ranges in (
    '0-4,7-11', '0-0,-1', '0-4, 7-', '7-11,0-4', '0-4,5-9', '0-4,0-4', '0-9,5-12', '0-12,0-12',
    '0-4,99-', '99-,0-4', '98-,99-', '0-4,', ',0-4', '0-4,,7-8', '0-4,x', '5-2,0-4', '-0,0-4',
    '0-4 , 7-8', '0-0,2-2,4-4,6-6,8-8')]
CONDITIONS = [
    'If-None-Match: {etag}', 'If-None-Match: W/{etag}', 'If-None-Match: *', 'If-None-Match: "x"',
    'If-None-Match: "x", {etag}', 'If-None-Match: "x" , W/{etag},"y"', 'If-None-Match: ',
    'If-None-Match: {etag}x', 'If-None-Match: "x, {etag}',
    'If-Modified-Since: {date}', f'If-Modified-Since: {site.EARLIER}',
    f'If-Modified-Since: {site.LATER}', 'If-Modified-Since: tomorrow', 'If-Modified-Since: ',
    'If-Modified-Since: Tuesday, 14-Nov-23 22:13:20 GMT',
    'If-Modified-Since: Tue Nov 14 22:13:20 2023',
    'If-Modified-Since: Tue, 14 Nov 1923 22:13:20 GMT',
    'If-Match: {etag}', 'If-Match: W/{etag}', 'If-Match: *', 'If-Match: "x"',
    'If-Match: "x", {etag}',
    'If-Unmodified-Since: {date}', f'If-Unmodified-Since: {site.EARLIER}',
    f'If-Unmodified-Since: {site.LATER}',
    'If-None-Match: "x"\r\nIf-Modified-Since: {date}',
    'If-None-Match: {etag}\r\nIf-Modified-Since: {date}',
    'If-Match: {etag}\r\nIf-None-Match: {etag}', 'If-Match: "x"\r\nIf-None-Match: {etag}',
    'If-Match: {etag}\r\nIf-Unmodified-Since: {date}',
    'If-None-Match: {etag}\r\nRange: bytes=0-4', 'If-Match: "x"\r\nRange: bytes=0-4',
    'If-None-Match: "x"\r\nRange: bytes=0-4', 'If-Match: {etag}\r\nRange: bytes=999-',
    'If-Range: {etag}', 'If-Range: {etag}\r\nRange: bytes=0-4', 'If-Range: "x"\r\nRange: bytes=0-4',
    'If-Range: W/{etag}\r\nRange: bytes=0-4', 'If-Range: {date}\r\nRange: bytes=0-4',
    f'If-Range: {site.EARLIER}\r\nRange: bytes=0-4', f'If-Range: {site.LATER}\r\nRange: bytes=0-4',
    'If-Range: x\r\nRange: bytes=0-4', 'If-Range: "x"\r\nRange: bytes=999-',
    'If-Range: {etag}\r\nRange: bytes=999-',
]
FOLDERS = [Ask(target) for target in (
    '/static', '/static/', '/static?a=b', '/static/?a=b', '/static/sub', '/static/sub/',
    '/static/sub?a=b&c=%20', '/static/sub?', '/static/no-index', '/static/no-index/',
    '/static/empty/', '/static/folder%20with%20%C3%BC', '/static/folder%20with%20%C3%BC/',
    '/static/strange/', '/static/linked', '/static/linked/', '/static/hello.txt/',
    '/static/hello.txt/x', '/static/empty.txt/', '/static/sub/index.html/', '/static/sub//',
    '/static/.well-known', '/static/.hidden/')]
ENTRIES = [Ask(target) for target in (
    '/static/link.txt', '/static/linked/deep/file.txt', '/static/dangling', '/static/fifo',
    '/static/socket', '/static/locked.txt', '/static/locked/', '/static/locked/file.txt',
    '/static/locked/missing', '/static/missing', '/static/missing/', '/static/missing/file.txt',
    f'/static/{"m" * 255}', f'/static/{"m" * 256}', '/static/' + 'mm/' * 1000)]
SPELLINGS = [Ask(target) for target in (
    '/static/hello.txt?', '/static/hello.txt?v=1', '/static/hello.txt?../../secret.txt',
    '/static/%68ello.txt', '/static/hello%2etxt', '/%73tatic/hello.txt', '/static%2fhello.txt',
    '/static/sub%2fdeep%2Ffile.txt', '/static/with%20space.txt', '/static/plus+sign.txt',
    '/static/plus%2bsign.txt', '/static/with+space.txt', '/static/100%25.txt', '/static/100%.txt',
    '/static/%', '/static/%4', '/static/%zz', '/static/hello.txt%', '/static/%ff%fe.txt',
    '/static/a;b=c.txt', '/static/a:b.txt', '/static/HELLO.TXT', '/STATIC/hello.txt',
    '/static/hello.txt%20', '/static/hello.txt.', '/static/hello.txt~', '/staticx',
    '/static.txt', '/stati', '/static/back%5cslash.txt', '/static/...', '/static/%252e',
    'http://other.example/static/hello.txt', '/static/./hello.txt', '/static/sub/../hello.txt',
    '/static//hello.txt', '/static/sub/./deep/../../hello.txt', '/./static/hello.txt',
    '/static/sub/..', '/static/sub/.', '/static/hello.txt/../hello.txt',
    '/static/missing/../hello.txt')]
HOSTILE = [Ask(target) for target in (
    '/static/../secret.txt', '/static/../../secret.txt', '/static/sub/../../../secret.txt',
    '/static/%2e%2e/%2e%2e/secret.txt', '/static/..%2f..%2fsecret.txt',
    '/static/%2e%2e%2f%2e%2e%2fsecret.txt', '/static/.%2e/.%2e/secret.txt',
    '/static/..%5c..%5csecret.txt', '/static/..\\..\\secret.txt', '/static/%252e%252e/secret.txt',
    '/static/%c0%ae%c0%ae/%c0%ae%c0%ae/secret.txt', '/static/..;/..;/secret.txt',
    '/static/.../.../secret.txt', '/static/..%00/..%00/secret.txt', '/static/hello.txt%00',
    '/static/hello.txt%00.png', '/static/%00', '/static/hello.txt%0a', '/static/%0d%0aX-Bad:%20a',
    '/static//../../secret.txt', '/static/....//....//secret.txt', '/static/%2f..%2f../secret.txt',
    '/static/sub/%2e%2e/%2e%2e/%2e%2e/secret.txt', '/static///etc/passwd', '/static/%2fetc/passwd',
    '/static//%65tc/passwd', '/../static/hello.txt', '/static/../../../../../../etc/passwd',
    '/static/..', '/static/../', '/static/../static/hello.txt', '/static/~root/.profile')]
METHODS = [Ask(target, headers, method) for target, headers, method in (
    *((HELLO, '', method) for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'MKCOL')),
    (HELLO, 'Content-Length: 0', 'POST'), (HELLO, 'If-None-Match: {etag}', 'POST'),
    (HELLO, 'Range: bytes=0-4', 'DELETE'), (HELLO, '', 'HEAD'), (BIG, '', 'HEAD'),
    ('/static/empty.txt', '', 'HEAD'), ('/static/missing', '', 'HEAD'), ('/static/', '', 'HEAD'),
    ('/static/sub', '', 'HEAD'), (HELLO, 'Range: bytes=0-4', 'HEAD'),
    (HELLO, 'Range: bytes=999-', 'HEAD'), (HELLO, 'If-None-Match: {etag}', 'HEAD'),
    (HELLO, 'If-Match: "x"', 'HEAD'))]
ASKED = [
    *PLAIN, *about(HELLO, *RANGES, *PARTS, *CONDITIONS), *FOLDERS, *ENTRIES, *SPELLINGS,
    *HOSTILE, *METHODS,
    *about(BIG, 'Range: bytes=100000-200000', 'Range: bytes=-100000', 'Range: bytes=319999-',
           'Range: bytes=320000-', 'Range: bytes=0-9,300000-300009',
           'Range: bytes=0-1,2-99999'),
    *about('/static/empty.txt', 'Range: bytes=0-', 'Range: bytes=0-0', 'Range: bytes=-1'),
    *about('/static/one', 'Range: bytes=0-0', 'Range: bytes=0-', 'Range: bytes=1-'),
    *about('/static/missing', 'Range: bytes=0-4', 'If-None-Match: *', 'If-Match: *'),
    *about('/static/sub', 'Range: bytes=0-4', 'If-None-Match: *'),
    *about('/static/sub/', 'Range: bytes=3-5', f'If-Modified-Since: {site.DATE}'),
    *about(HELLO, 'Connection: close', 'Accept: image/png', 'Accept-Encoding: gzip, br')]


class Both(typing.NamedTuple):
    """Two servers of the same files, and what a header says of hello.txt at each."""
    nginx: tuple
    ours: tuple
    etags: dict


@pytest.fixture(scope='module')
def both(module_server, tmp_path_factory):
    process = {'user': OTHER_USER} if OTHER_USER else {}
    running = module_server(APP, {
        'static': [{'path': '/static', 'root': './site/static'}], 'process': process},
        prepare=site.make)
    locations = LOCATION.format(root=running.folder / 'site')
    with services.nginx(tmp_path_factory.mktemp('nginx'), locations, user=OTHER_USER) as nginx:
        yield Both(nginx, running.address(), {
            address: answer(address, Ask(HELLO), '').header('etag')
            for address in (nginx, running.address())})
    site.unmake(running.folder)


def answer(address, ask, etag):
    """What that server says, byte for byte as sent by us."""
    headers = ask.headers.replace('{etag}', etag).replace('{date}', site.DATE)
    request = f'{ask.method} {ask.target} HTTP/1.1\r\nHost: localhost\r\n' + (
        f'{headers}\r\n' if headers else '') + '\r\n'
    with RawClient(address) as client:
        client.send(request.encode())
        return client.read_answer(ask.method)


COMPARED = {200: ('content-length', 'last-modified', 'accept-ranges'),
            206: ('content-length', 'content-range', 'last-modified'),
            304: ('last-modified', 'content-length'), 416: ('content-range',)}


def essence(found):
    """What is compared: not the words of errors, nor which characters an ETag consists of."""
    told = {'status': found.status}
    for name in COMPARED.get(found.status, ()):
        told[name] = found.header(name)
    if found.status // 100 == 2:
        told['type'], _, rest = (found.header('content-type') or '').partition(';')
        told['body'] = found.body
    if told.get('type') == 'multipart/byteranges':
        told['body'] = parts_of(found.body, rest.partition('boundary=')[2])
        del told['content-length']  # of which the boundaries are a part
    if found.status // 100 == 2 or found.status == 304:
        told['etag'] = (found.header('etag') or 'none')[:1]
    if found.status == 301:
        told['location'] = urllib.parse.unquote(found.header('location'), 'latin-1')
    return told


def parts_of(body, boundary):
    """[(Content-Range, content)], checked for its form."""
    begin, *parts, end = body.split(b'--' + boundary.encode())
    assert begin.strip() == b'' and end == b'--\r\n'
    found = []
    for part in parts:
        head, _, content = part.partition(b'\r\n\r\n')
        assert head.startswith(b'\r\n') and content.endswith(b'\r\n')
        lines = dict(line.split(': ', 1) for line in head.decode().strip().split('\r\n'))
        found.append((lines['Content-Range'], content[:-2]))
    return found


# Where the answers differ on purpose: our status, and why.
DIFFERENT = {
    # The list is read as far as it can be read; nginx looks for a comma behind the tag.
    Ask(HELLO, 'If-None-Match: {etag}x'): 304,
    # By RFC 9110 the tag is "x, " here; nginx looks for its own tag behind any comma.
    Ask(HELLO, 'If-None-Match: "x, {etag}'): 200,
    # An index that is a folder is none; nginx redirects to it.
    Ask('/static/strange/'): 403,
    # What is no regular file is not there; nginx fails to open a socket.
    Ask('/static/socket'): 404,
    # These are the application's paths; nginx has none.
    Ask('/../static/hello.txt'): 404, Ask('/static/..'): 404, Ask('/static/../'): 404,
}


def difference(ask, both):
    """What is not as it should be, in words; '' when all is."""
    theirs, ours = (essence(answer(address, ask, both.etags[address]))
                    for address in (both.nginx, both.ours))
    if ask in DIFFERENT:
        return '' if ours['status'] == DIFFERENT[ask] else f'{ask}: {ours["status"]}'
    unlike = [f'{name} {ours.get(name)!r:.80}, nginx {theirs.get(name)!r:.80}'
              for name in theirs | ours if theirs.get(name) != ours.get(name)]
    return f'{ask}: {"; ".join(unlike)}' if unlike else ''


def test_every_answer_is_nginxs_or_differs_for_a_reason(both):
    assert len(ASKED) > 250
    found = [told for told in (difference(ask, both) for ask in ASKED) if told]
    assert not found, '\n'.join(found)
