# SPDX-License-Identifier: MIT
"""Locks and signal_wait() before a worker serves: in its hooks, and while the application is
loaded. What waits there turns the hub."""
import pytest

WORK = '''
import os
import gevent
import uwsgi
import uwsgidecorators


def tick():
    while True:
        gevent.sleep(0.001)
        uwsgi.ticks += 1


def work():
    """One worker after the other does this; the first holds the lock until it is told to go on."""
    uwsgi.ticks = 0
    ticking = gevent.spawn(tick)
    if not uwsgi.lock(timeout=0):
        print('waits', flush=True)
        before = uwsgi.ticks
        uwsgi.lock()
        assert uwsgi.ticks > before  # other greenlets went on
    print(f'{uwsgi.worker_id()} in', flush=True)
    while not os.path.exists('go'):
        gevent.sleep(0.001)
    print(f'{uwsgi.worker_id()} out', flush=True)
    uwsgi.unlock()
    ticking.kill()


def application(environ, start_response):
    print('a request', flush=True)
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'ok']
'''
PLACES = {
    'hook': (WORK + 'uwsgidecorators.postfork(work)\n', {}),
    'hook_without_preload': (WORK + 'uwsgidecorators.postfork(work)\n', {'preload': False}),
    'import': (WORK + 'work()\n', {'preload': False}),
}


@pytest.mark.parametrize('place', PLACES)
def test_one_worker_prepares_while_the_others_wait(server, place):
    source, app = PLACES[place]
    running = server(source, {'app': app, 'workers': {'processes': 2}}, wait=False)
    running.wait_log('^waits$')
    running.wait_status(lambda status: [lock['waiting'] for lock in status['locks']] == [1])
    assert not [line for line in running.log.lines() if line.endswith(' out')]
    (running.folder / 'go').touch()
    running.wait_ready()
    told = [line for line in running.log.lines() if line.endswith((' in', ' out'))]
    assert sorted(told) == ['1 in', '1 out', '2 in', '2 out']
    assert [line[0] for line in told] in (list('1122'), list('2211'))
    assert running.get('/').body == b'ok'
    assert running.status()['locks'] == []


def test_no_request_is_served_while_a_hook_waits(server):
    running = server(WORK + '''
uwsgidecorators.postfork(work)
uwsgidecorators.postfork(lambda: print('the hooks are over', flush=True))
''', {'listen': 'http+unix:s'}, wait=False)
    running.wait_log('^1 in$')
    running.wait_status(lambda status: status['listen'])
    running.addresses = running.status()['listen']
    with running.raw() as client:
        client.send(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
        (running.folder / 'go').touch()
        assert client.read_answer().body == b'ok'
    running.wait_log('^a request$')
    lines = running.log.lines()
    assert lines.index('the hooks are over') < lines.index('a request')


def test_a_template_has_locks_of_its_own(server):
    running = server('''
import gevent
import uwsgi

uwsgi.lock()
order = []


def next_one(name):
    order.append(name + ' asks')
    with_lock = uwsgi.lock(timeout=10)
    order.append(name + ' has it')
    uwsgi.unlock()
    return with_lock


second = gevent.spawn(next_one, 'second')
gevent.sleep(0)
order.append(uwsgi.is_locked())
try:
    uwsgi.lock()
except RuntimeError as error:
    order.append(str(error))
uwsgi.unlock()
order.append(second.get())
try:
    uwsgi.unlock()
except RuntimeError as error:
    order.append(str(error))
uwsgi.lock()  # and never freed


def hook():
    order.append(uwsgi.is_locked())
    uwsgi.lock()
    uwsgi.unlock()


uwsgi.post_fork_hook = hook


def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [repr(order).encode()]
''')
    assert running.get('/').text == repr([
        'second asks', True, 'lock 0 is held by this greenlet already', 'second has it',
        True, 'lock 0 is not held by this process', False])
    running.wait_log('warning template.* lock 0 is still held now that the application is loaded')


def test_a_hook_can_wait_for_a_signal(server):
    running = server('''
import gevent
import uwsgi


def handler(num):
    print(f'handles {num}', flush=True)


uwsgi.register_signal(17, 'worker', handler)


def hook():
    gevent.spawn(uwsgi.signal, 17)
    assert uwsgi.signal_wait(17) is True
    print(f'heard {uwsgi.signal_received()}', flush=True)


uwsgi.post_fork_hook = hook
application = print
''')
    running.wait_log('^handles 17$')
    running.wait_log('^heard 17$')


def test_a_failed_hook_that_waited_ends_its_worker(make_server):
    made = make_server()
    made.write_app(WORK + '''
uwsgidecorators.postfork(work)
uwsgidecorators.postfork(lambda: 1 / 0)
''')
    made.write_config()
    (made.folder / 'go').touch()
    made.expected_exit = 1
    made.expect_error('.')
    made.start(wait=False)
    assert made.wait_exit() == 1
    assert 'uwsgi.post_fork_hook failed' in made.log.text()
