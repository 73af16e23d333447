# SPDX-License-Identifier: MIT
"""SIGHUP: a new generation, ready before the old one drains; a broken one changes nothing."""
import os
import signal

import pytest

from harness.apps import HOLD

VERSION = '''
def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '%d')])
    return [b'%s']
'''


def version(text):
    return VERSION % (len(text), text)


def serving(running):
    """The number of the serving generation."""
    return max(g['number'] for g in running.status()['generations'] if g['state'] == 'serving')


@pytest.mark.parametrize('preload', [True, False])
def test_the_new_code_serves_after_it(server, preload):
    running = server(version('old'), {'app': {'preload': preload}, 'workers': {'processes': 2}})
    old = running.workers()
    running.write_app(version('new'))
    running.signal(signal.SIGHUP)
    running.wait_workers(2, without=old)
    running.wait_status(lambda s: len(s['generations']) == 1)
    assert running.get('/').text == 'new'


def test_the_configuration_is_read_again(server):
    running = server(version('old'), {'workers': {'processes': 1, 'cores': 3}})
    before = serving(running)
    running.write_config({'workers': {'processes': 3, 'cores': 4}})
    running.signal(signal.SIGHUP)
    status = running.wait_status(
        lambda s: [g['number'] for g in s['generations']] == [before + 1]
        and len([w for w in s['workers'] if w['state'] == 'ready']) == 3)
    assert {w['cores'] for w in status['workers']} == {4}


def test_the_old_generation_finishes_its_requests(server):
    running = server(HOLD, {'log': {'level': 'debug'}})
    old, = running.workers()
    with running.raw() as held:
        held.send(b'GET /hold HTTP/1.1\r\nHost: x\r\n\r\n')
        running.wait_log('a request is held')
        with running.raw() as release:
            release.send(b'GET /release HTTP/1.1\r\nHost: x\r\n')
            running.wait_status(lambda s: sum(w['connections'] for w in s['workers']) == 2)
            running.signal(signal.SIGHUP)
            running.wait_workers(1, without=[old])
            # Until told to drain, the worker takes connections, and keeps those it has.
            running.wait_log('accepts no connection and finishes its requests')
            assert int(running.get('/pid').body) != old
            release.send(b'\r\n')
            assert release.read_answer().status == 200
        answer = held.read_answer()
        assert (answer.body, answer.header('connection')) == (b'/hold', 'close')
    running.wait_status(lambda s: old not in [w['pid'] for w in s['workers']])


def test_a_kept_connection_lives_until_its_next_answer(server):
    running = server(HOLD)
    old, = running.workers()
    with running.raw() as kept:
        kept.send(b'GET /pid HTTP/1.1\r\nHost: x\r\n\r\n')
        assert int(kept.read_answer().body) == old
        running.signal(signal.SIGHUP)
        running.wait_workers(1, without=[old])
        answer = None
        while answer is None or answer.header('connection') != 'close':
            # The first request may still overtake the master's message to the old worker.
            kept.send(b'GET /pid HTTP/1.1\r\nHost: x\r\n\r\n')
            answer = kept.read_answer()
            assert int(answer.body) == old
        assert kept.is_closed_by_server()


BROKEN_CONFIG = 'listen: http://127.0.0.1:0\napp: app:application\nworkers: {coers: 3}\n'


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('fault', ['config', 'application'])
def test_what_is_broken_leaves_the_old_one_serving(server, fault, preload):
    running = server(version('old'), {'app': {'preload': preload}})
    old = running.workers()
    running.expect_error('.')
    if fault == 'config':
        running.config_path.write_text(BROKEN_CONFIG + f'control: {running.control_path}\n')
    else:
        running.write_app('import is_not_there\n')
    running.signal(signal.SIGHUP)
    status = running.wait_status(lambda s: s['reload']['result'] == 'failed')
    assert ('coers' if fault == 'config' else 'is_not_there') in status['reload']['error']
    running.wait_log('coers' if fault == 'config' else 'is_not_there')
    assert running.workers() == old
    assert running.get('/').text == 'old'
    running.write_app(version('mended'))
    running.write_config({'app': {'preload': preload}})
    running.signal(signal.SIGHUP)
    running.wait_workers(1, without=old)
    running.wait_status(lambda s: len(s['generations']) == 1)
    assert running.get('/').text == 'mended'


def test_geventctl_reload_waits_and_tells(server):
    running = server(version('old'))
    running.expect_error('.')
    running.write_app(version('new'))
    old, = running.workers()
    assert running.ctl('reload').returncode == 0
    running.wait_status(lambda s: old not in [w['pid'] for w in s['workers']])
    assert running.get('/').text == 'new'
    running.write_app('1 / 0\n')
    result = running.ctl('reload')
    assert result.returncode == 1
    assert 'ZeroDivisionError' in result.stdout + result.stderr
    assert running.get('/').text == 'new'


def test_sighups_during_a_reload_become_one_more(server):
    running = server(version('old'))
    before = serving(running)
    for _ in range(10):
        running.signal(signal.SIGHUP)
    running.wait_status(lambda s: s['reload']['result'] == 'done' and s['reload']['count'] >= 1
                        and len(s['generations']) == 1)
    assert before < serving(running) <= before + 3


def test_a_respawn_uses_the_serving_code_when_the_disk_is_broken(server):
    running = server(version('good'))
    running.expect_error('worker .* died')
    old = running.wait_workers(1)
    running.wait_status(lambda s: s['generations'][0]['spare_pid'])
    running.write_app('1 / 0\n')
    os.kill(old[0], signal.SIGKILL)
    running.wait_workers(1, without=old)
    assert running.get('/').text == 'good'
