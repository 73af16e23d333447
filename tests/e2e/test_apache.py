# SPDX-License-Identifier: MIT
"""Behind Apache's mod_proxy_uwsgi and mod_proxy_http."""
import pytest

from harness import behind, services

pytestmark = pytest.mark.skipif(services.find('apache2') is None, reason='apache2 is not installed')


@pytest.fixture(scope='module')
def site(module_server, tmp_path_factory):
    running = module_server(behind.APP, {'listen': ['uwsgi://127.0.0.1:0', 'http://127.0.0.1:0']})
    directives = f'''
ProxyPass /uwsgi/ uwsgi://127.0.0.1:{running.port(0)}/
ProxyPass /http/ http://127.0.0.1:{running.port(1)}/
LimitRequestFieldSize 65536
'''
    folder = tmp_path_factory.mktemp('apache')
    for parent in [folder, *folder.parents][:3]:
        parent.chmod(0o755)
    with services.apache(folder, ['proxy', 'proxy_uwsgi', 'proxy_http'], directives) as address:
        yield running, address


EVERY = pytest.mark.parametrize('prefix', ['/uwsgi', '/http'])


@EVERY
def test_requests_and_answers(site, prefix):
    behind.check_plain(site[1], prefix)


@EVERY
def test_uploads(site, prefix):
    # Apache's uwsgi module itself answers chunked uploads with 411.
    behind.check_uploads(site[1], prefix, chunks=prefix == '/http')


@EVERY
def test_big_cookies(site, prefix):
    behind.check_big_heads(site[1], prefix)


@EVERY
def test_big_downloads(site, prefix):
    behind.check_download(site[1], prefix)
