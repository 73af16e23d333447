# SPDX-License-Identifier: MIT
"""uwsgi's functions for signals, timers and locks, on geventd's own: uWSGI's names, arguments and
results. What signals promise is tested in test_signals.py."""
import socket
import threading

import pytest

from harness.evaluate import application, ask

HANDLERS = '''
def told(num):
    say('handler of', num, 'in', uwsgi.worker_id())


def fails(num):
    raise ValueError('on purpose')


assert uwsgi.register_signal(17, '', told) is None
uwsgi.register_signal(18, b'workers', told)
uwsgi.register_signal(19, '', fails)
'''
PACKET = b'\x6e\0\0\x11'  # modifier 110, no variables, signal 17


@pytest.fixture(scope='module')
def running(module_server):
    running = module_server(application(HANDLERS), {
        'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0', 'uwsgi+unix:app.sock']})
    running.expect_error('on purpose|signal 19')
    return running


def test_a_signal_runs_its_handler(running):
    since = running.log.mark()
    assert ask(running, 'uwsgi.signal(17)') is None
    running.wait_log('^handler of 17 in 1$', since=since)
    assert ask(running, 'uwsgi.signal(18)') is None
    running.wait_log('^handler of 18 in 1$', since=since)


def test_what_is_registered(running):
    assert ask(running, '[uwsgi.signal_registered(17), uwsgi.signal_registered(16)]') == [
        True, None]


@pytest.mark.parametrize('call, answer', [
    ('signal(256)', 'ValueError'), ('signal(-1)', 'ValueError'), ('signal(99)', 'ValueError'),
    ('signal("x")', 'TypeError'), ('register_signal(300, "", print)', 'ValueError'),
    ('register_signal(1, "mules", print)', 'ValueError'),
    ('register_signal(1, "worker9", print)', 'ValueError'),
    ('register_signal(17, "workers", print)', 'ValueError'),
    ('register_signal(1, "", "x")', 'TypeError'), ('add_timer(17, 0)', 'ValueError'),
    ('add_ms_timer(17, -5)', 'ValueError'), ('add_rb_timer(17, 1, -1)', 'ValueError'),
    ('add_cron(17, 60, -1, -1, -1, -1)', 'ValueError'), ('lock(1)', 'ValueError'),
    ('unlock(-1)', 'ValueError'), ('is_locked(7)', 'ValueError'), ('unlock()', 'RuntimeError'),
    ('signal(256, "127.0.0.1:1")', 'ValueError'), ('signal(1, "127.0.0.1:1")', 'OSError'),
    ('signal(1, "/nowhere")', 'OSError'), ('signal(1, "@nobody")', 'OSError')])
def test_wrong_calls(running, call, answer):
    assert ask(running, f'uwsgi.{call}').startswith(answer + ': ')


def test_a_full_queue_is_told(server):
    running = server(application('''
from gevent.event import Event
go = Event()
uwsgi.register_signal(1, '', lambda num: go.wait())


def fill():
    for count in range(1000):
        try:
            uwsgi.signal(1)
        except Exception as error:
            return type(error).__name__, count
'''), {'signals': {'queue': 64, 'concurrency': 1}})
    name, count = ask(running, 'fill()')
    assert name == 'QueueFull' and 0 < count <= 65
    ask(running, 'go.set()')


def test_signal_wait_waits_for_a_handler_while_others_run(running):
    assert ask(running, '''[
        (greenlets := [gevent.spawn(lambda num=num: (uwsgi.signal_wait(*num),
                                                     uwsgi.signal_received()))
                       for num in ([17], [18], [])]),
        gevent.sleep(0), uwsgi.signal(17), greenlets[0].get(), greenlets[2].get(),
        uwsgi.signal(18), greenlets[1].get(), uwsgi.signal_received()][3:]''') == [
            (True, 17), (True, 17), None, (True, 18), None]


def test_signal_wait_hears_of_a_handler_that_fails(running):
    assert ask(running, '[gevent.spawn_later(0, uwsgi.signal, 19), uwsgi.signal_wait(19)][1]') \
        is True
    running.wait_log('on purpose')


def test_handled_signals_are_counted_for_each_worker(server):
    running = server(application(HANDLERS), {'workers': {'processes': 2}})
    ask(running, '[uwsgi.signal(18) for _ in range(5)]')
    running.wait_status(lambda status: any(
        entry['number'] == 18 and entry['handled'] == 10 for entry in status['signals']))
    assert ask(running, '[row["signals"] for row in uwsgi.workers()]') == [5, 5]


@pytest.mark.parametrize('add, ticks', [
    ('add_timer(1, 1)', 1), ('add_ms_timer(1, 20)', 3), ('add_rb_timer(1, 1)', 1),
    ('add_rb_timer(1, 1, 1)', 1), ('add_file_monitor(1, os.getcwd())', 1)])
def test_sources_send_the_signal(server, add, ticks):
    running = server(application(f'''
uwsgi.register_signal(1, '', lambda num: say('tick', num))
assert uwsgi.{add} is None
'''))
    if 'monitor' in add:
        (running.folder / 'new').touch()
    running.wait_log('^tick 1$', count=ticks)


@pytest.mark.slow
def test_cron_sends_the_signal(server):
    running = server(application('''
uwsgi.register_signal(1, '', lambda num: say('tick', num))
uwsgi.add_cron(1, -1, -1, -1, -1, -1)
'''))
    running.wait_log('^tick 1$', timeout=75)


def test_locks_let_other_greenlets_run(running):
    assert ask(running, '''[
        uwsgi.is_locked(), uwsgi.lock(), uwsgi.is_locked(0),
        (greenlet := gevent.spawn(lambda: (say('waits'), uwsgi.lock(0), uwsgi.unlock(0)))) and
        gevent.sleep(0), greenlet.ready(), gevent.spawn(uwsgi.lock, timeout=0.001).get(),
        uwsgi.unlock(), greenlet.get()[1:], uwsgi.is_locked()]''') == [
            False, None, True, None, False, False, None, (None, None), False]


@pytest.mark.parametrize('index', [1, 2], ids=['tcp', 'unix'])
@pytest.mark.parametrize('form', ['str', 'bytes'])
def test_a_signal_to_a_uwsgi_server(running, index, form):
    since = running.log.mark()
    address = running.address(index)
    node = address if isinstance(address, str) else '%s:%d' % address
    node = node.encode() if form == 'bytes' else node
    assert ask(running, f'uwsgi.signal(17, {node!r})') is None
    running.wait_log('^handler of 17 in 1$', since=since)


@pytest.mark.parametrize('answer, error', [
    (b'\xff\0\0\1', None), (b'\xff\0\0\0', 'ValueError: {} has refused signal 17'),
    (b'', 'OSError: signal 17 cannot be delivered to {}: it closed the connection'),
    (b'\xff\0', 'OSError: signal 17 cannot be delivered to {}: it closed the connection')])
def test_what_the_other_server_answers(running, answer, error):
    with socket.create_server(('127.0.0.1', 0)) as listener:
        node = '127.0.0.1:%d' % listener.getsockname()[1]
        answers = []
        asker = threading.Thread(
            target=lambda: answers.append(ask(running, f'uwsgi.signal(17, {node!r})')))
        asker.start()
        with listener.accept()[0] as connection:
            assert connection.recv(64) == PACKET
            assert ask(running, '6 * 7') == 42  # the worker still serves while one waits
            connection.sendall(answer)
        asker.join()
    assert answers == [error and error.format(node)]
