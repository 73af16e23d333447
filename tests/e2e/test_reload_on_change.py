# SPDX-License-Identifier: MIT
"""app.reload-on-change: edits are served at once, and faults are shown until they are fixed."""
import os
import signal

import pytest

APP = '''
import os

import part
from folder import inner


def application(environ, start_response):
    if environ['PATH_INFO'] == '/late':
        import late
        body = late.TEXT.encode()
    else:
        body = (part.TEXT + ' ' + inner.TEXT).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
'''


def text(value):
    return f'TEXT = {value!r}\n'


def begin(make_server, **app):
    made = make_server()
    made.write_app(APP)
    made.write_app('', 'folder/__init__.py')
    made.write_app(text('one'), 'folder/inner.py')
    made.write_app(text('one'), 'part.py')
    made.write_app(text('one'), 'late.py')
    made.write_config({'app': {'reload-on-change': True, **app}})
    return made.start()


def wait_reloads(running, count, result='done'):
    """Waits until that many reloads are over, and no worker of a former generation is left."""
    running.wait_status(lambda s: s['reload']['count'] >= count
                        and s['reload']['result'] == result and len(s['generations']) == 1)


def wait_failed(running):
    """Waits until the page is shown."""
    wait_reloads(running, 1, 'failed')
    running.wait_log('answers every request with the reason')


@pytest.mark.parametrize('preload', [True, False])
def test_an_edit_of_any_imported_module_reloads(make_server, preload):
    running = begin(make_server, preload=preload)
    assert running.get('/').body == b'one one'
    running.write_app(text('two'), 'part.py')
    running.wait_log('part.py has changed: reload')
    wait_reloads(running, 1)
    assert running.get('/').body == b'two one'
    count = running.status()['reload']['count']
    running.write_app(text('three'), 'folder/inner.py')
    wait_reloads(running, count + 1)
    assert running.get('/').body == b'two three'


def test_a_module_that_a_request_imported_is_watched_too(make_server):
    running = begin(make_server)
    assert running.get('/late').body == b'one'
    running.write_app(text('two'), 'late.py')  # before or after the worker has reported it
    running.wait_log('late.py has changed: reload')
    wait_reloads(running, 1)
    assert running.get('/late').body == b'two'


@pytest.mark.parametrize('preload', [True, False])
def test_a_syntax_error_is_shown_until_it_is_mended(make_server, preload):
    running = begin(make_server, preload=preload)
    running.expect_error('reload failed|died')
    old = running.workers()
    with running.http() as kept:
        kept.request('GET', '/')
        assert kept.getresponse().read() == b'one one'
        running.write_app('TEXT = "<script>" +\n', 'part.py')
        wait_failed(running)
        kept.request('GET', '/')
        answer = kept.getresponse()
        page = answer.read().decode()
    assert answer.status == 500
    assert answer.headers['Content-Type'] == 'text/html; charset=utf-8'
    assert 'SyntaxError' in page and 'part.py' in page
    assert '<script>' not in page and '&lt;script&gt;' in page
    assert running.workers() == old
    running.wait_log('SyntaxError')
    with running.raw() as client:
        client.send(b'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        head = client.read_all().decode()
    assert head.startswith('HTTP/1.1 500 ') and head.endswith('\r\n\r\n')
    running.write_app(text('two'), 'part.py')
    wait_reloads(running, 2)
    assert running.get('/').body == b'two one'


def test_a_module_that_is_missing_is_waited_for(make_server):
    running = begin(make_server)
    running.expect_error('reload failed')
    running.write_app('import extra\n' + text('two'), 'part.py')
    wait_failed(running)
    assert 'extra' in running.get('/').text
    running.write_app(text('x'), 'extra.py')
    running.wait_log('extra.py has changed: reload')
    wait_reloads(running, 2)
    assert running.get('/').body == b'two one'


def test_a_broken_configuration_is_shown_too_and_a_respawned_worker_knows(make_server):
    running = begin(make_server)
    running.expect_error('reload failed|died')
    good = running.config_path.read_text()
    running.write_config({'app': {'reload-on-change': True}, 'workers': {'cores': '<many>'}})
    wait_failed(running)
    page = running.get('/')
    assert page.status == 500 and '&lt;many&gt;' in page.text
    old = running.workers()
    os.kill(old[0], signal.SIGKILL)
    running.wait_workers(1, without=old)
    assert running.get('/').status == 500
    running.config_path.write_text(good)
    wait_reloads(running, 2)
    assert running.get('/').body == b'one one'


def test_it_is_off_unless_asked_for(make_server):
    running = begin(make_server, **{'reload-on-change': False})
    running.expect_error('reload failed')
    running.write_app('broken', 'part.py')
    assert running.ctl('reload').returncode == 1
    assert running.get('/').body == b'one one'
    assert running.status()['reload']['count'] == 1
