# SPDX-License-Identifier: MIT
"""Flask and Django from Debian's packages: sessions, form posts, a file upload."""
import hashlib
import io
import re

import pytest
import requests

from harness.limits import EXAMPLES

APPLICATIONS = ['flask', 'django']


@pytest.mark.parametrize('framework', APPLICATIONS)
@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
def test_sessions_forms_and_uploads_work(server, framework, greenlet):
    running = server(EXAMPLES / framework,
                     {'workers': {'processes': 2, 'cores': 20, 'greenlet': greenlet}})
    url = running.url('')
    with requests.Session() as browser:
        assert 'here 1 times' in browser.get(url + '/').text
        page = browser.get(url + '/').text
        assert 'here 2 times' in page and 'stranger' in page

        form = {'name': 'Gévent & friends'}
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token:
            form['csrfmiddlewaretoken'] = token[1]
        page = browser.post(url + '/name', data=form)
        assert page.status_code == 200 and 'here 3 times, Gévent' in page.text

        for size in (10, 100_000, 10 << 20):
            data = bytes(range(256)) * (size // 256 + 1)
            answer = browser.post(url + '/upload', files={'file': ('höhe.bin', io.BytesIO(data))})
            assert answer.json() == {'name': 'höhe.bin', 'size': len(data),
                                     'sha256': hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize('framework', APPLICATIONS)
def test_it_loads_without_preload_too(server, framework):
    running = server(EXAMPLES / framework,
                     {'app': {'preload': False}, 'workers': {'processes': 1, 'cores': 5}})
    assert 'here 1 times' in running.get('/').text
