# SPDX-License-Identifier: MIT
"""A process that the application forks ends like a forked python3, wherever it was forked, and
nothing from it reaches a client or the server."""
import json
import re

import pytest

from harness import procfs
from harness.fork_app import COMMON
from harness.limits import DEADLINE

ENDS = COMMON + '''
import atexit
import threading
from concurrent.futures import ThreadPoolExecutor

atexit.register(lambda: print('atexit of', os.getpid(), flush=True))
try:
    import uwsgi
    uwsgi.atexit = lambda: print('uwsgi.atexit of', os.getpid(), flush=True)
except ImportError:
    pass


def late(name):
    gevent.sleep(0.05)
    print('late word of a', name, flush=True)


class Text:
    def __str__(self):
        return 'the last word'


def child(how, start_response):
    gevent.sleep(0.01)
    print('child', os.getpid(), flush=True)
    if how == 'exit':
        sys.exit(7)
    if how == 'text':
        sys.exit(Text())
    if how == 'none':
        sys.exit()
    if how == 'raise':
        raise ValueError('in the child')
    if how == 'interrupt':
        raise KeyboardInterrupt
    if how == 'thread':
        threading.Thread(target=late, args=('thread',)).start()
        ThreadPoolExecutor(1).submit(late, 'pool')
        sys.exit(8)
    if how == '_exit':
        os._exit(9)
    write = start_response('200 OK', [('Content-Length', '6')])
    if how == 'write':
        write(b'child!')
    return [b'child!']


def pieces(start_response):
    start_response('200 OK', [])
    pid = os.fork()
    if pid:
        code = code_of(pid)
    else:
        gevent.sleep(0.01)
    yield b'%d' % (code if pid else 99)
    print('behind the piece', flush=True)


def application(environ, start_response):
    how = environ['PATH_INFO'][1:]
    if how == 'yield':
        return pieces(start_response)
    pid = os.fork()
    if pid == 0:
        return child(how, start_response)
    return answer(start_response, code_of(pid))
'''

CODES = {'exit': 7, 'text': 1, 'none': 0, 'raise': 1, 'interrupt': -2, '_exit': 9, 'return': 0,
         'write': 0, 'yield': 0, 'thread': 8}


@pytest.mark.parametrize('greenlet', ['raw', 'gevent'])
@pytest.mark.parametrize('patch', ['before-load', 'none'])
def test_the_end_of_its_code_is_its_end(server, patch, greenlet):
    running = server(ENDS, {'app': {'monkey-patch': patch}, 'workers': {'greenlet': greenlet}})
    worker = running.workers()[0]
    for how, code in CODES.items():
        with running.raw() as client:
            client.send(f'GET /{how} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'.encode())
            head, body = client.read_all().split(b'\r\n\r\n', 1)
            assert b'200 OK' in head and str(code).encode() in body, how
            assert b'child!' not in body and body.count(b'HTTP/') == 0
    assert running.workers() == [worker]
    running.stop()
    running.wait_log('ValueError: in the child')
    running.wait_log('the last word')
    running.wait_log('behind the piece')
    running.wait_log('late word of a thread')
    running.wait_log('late word of a pool')
    text = running.log.text()
    assert ' failed' not in text
    children = set(re.findall(r'child (\d+)', text))
    assert len(children) == len(CODES) - 1
    assert len(set(re.findall(r'^atexit of (\d+)', text, re.M)) & children) == len(children) - 1
    assert text.count('behind the piece') == 1
    assert re.findall(r'uwsgi.atexit of (\d+)', text) == [str(worker)]


REFUSED = COMMON + '''
import json

import geventd
import uwsgi


def tried(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    return None


def application(environ, start_response):
    pid = os.fork()
    if pid == 0:
        body = environ['wsgi.input']
        uwsgi.log('a word of the child')
        seen = {
            'signal': tried(geventd.signal, 1), 'lock': tried(uwsgi.lock),
            'disconnect': tried(uwsgi.disconnect), 'logvar': tried(uwsgi.set_logvar, 'a', 'b'),
            'accepting': tried(uwsgi.accepting), 'status': tried(geventd.status),
            'first': len(body.read(5)), 'rest': tried(body.read)}
        with open('seen', 'w') as file:
            json.dump(seen, file)
        os._exit(0)
    code_of(pid)
    return answer(start_response, environ['wsgi.input'].read().decode())
'''


def test_the_servers_functions_are_refused_there(server):
    running = server(REFUSED)
    assert running.request('POST', '/', b'whole body').body == b'whole body'
    seen = json.loads((running.folder / 'seen').read_text())
    running.wait_log('^a word of the child$')
    assert (seen.pop('first'), seen.pop('rest')) == (5, None)
    for name, text in seen.items():
        assert text and text.startswith('RuntimeError: '), (name, text)


def test_it_cannot_read_what_the_worker_has_not_received(server):
    running = server(REFUSED)
    with running.raw() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
                    b'Content-Length: 10\r\nConnection: close\r\n\r\n')
        client.send(b'whole body')
        assert client.read_all().endswith(b'whole body')
    running.expect_error('cannot be read in a process that the application forked')


ELSEWHERE = COMMON + '''
import threading
from gevent import monkey

import uwsgi

done = []


native_fork = monkey.get_original('os', 'fork')  # gevent's watches children in the main thread


def run(name, fork=os.fork):
    pid = fork()
    if pid == 0:
        gevent.sleep(0.01)
        print('child of', name, flush=True)
        raise ValueError('child of ' + name)
    return pid


def handler(number):
    done.append(run('handler'))


uwsgi.register_signal(1, 'worker', handler)


def background():
    done.append(run('background'))


def hook():
    pid = run('hook')
    print('code of hook', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def application(environ, start_response):
    where = environ['PATH_INFO'][1:]
    if where == 'handler':
        uwsgi.signal(1)
    elif where == 'background':
        gevent.spawn(background)
    elif where == 'raw':
        gevent.spawn_raw(background)
    elif where == 'callback':
        gevent.get_hub().loop.run_callback(lambda: done.append(os.fork()))
    elif where == 'thread':
        monkey.get_original('_thread', 'start_new_thread')(
            lambda: done.append(run('thread', native_fork)), ())
    elif where == 'pool':
        def task():
            pid = native_fork()
            if pid:
                done.append(pid)
        gevent.get_hub().threadpool.spawn(task)
    elif where == 'request':
        done.append(run('request'))
    while not done:
        gevent.sleep(0.005)
    pid = done.pop()
    # gevent collects children that it does not know of.
    return answer(start_response, pid if where in ('thread', 'pool') else code_of(pid))


uwsgi.post_fork_hook = hook
uwsgi.atexit = hook
'''


def test_wherever_it_is_forked(server):
    running = server(ELSEWHERE)
    running.expect_error('ValueError: child of')
    running.wait_log('code of hook 1')
    worker = running.workers()
    codes = {where: running.get(f'/{where}').body
             for where in ('request', 'handler', 'background', 'raw', 'callback')}
    assert codes == {'request': b'1', 'handler': b'1', 'background': b'1', 'raw': b'1',
                     'callback': b'0'}
    for where in ('thread', 'pool'):
        assert procfs.wait_gone(int(running.get(f'/{where}').body), DEADLINE)
    assert running.workers() == worker
    running.stop()
    assert running.log.text().count('code of hook 1') == 2


@pytest.mark.parametrize('end', ['raise ValueError("at the import")', 'sys.exit(3)', 'pass'])
def test_forked_while_the_application_is_loaded(server, end):
    running = server(COMMON + f'''
reading, writing = os.pipe()
pid = os.fork()
os.close(reading if pid else writing)
if pid == 0:
    os.read(reading, 1)  # so that gevent watches this process before that ends
    print('child', os.getpid(), flush=True)
    {end}
else:
    os.close(writing)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def application(environ, start_response):
    return answer(start_response, code)
''')
    code = {'r': b'1', 's': b'3', 'p': b'0'}[end[0]]
    assert running.get('/').body == code
    assert running.log.text().count('child ') == 1


@pytest.mark.parametrize('patch', ['before-load', 'none'])
@pytest.mark.parametrize('where', ['request', 'hook'])
def test_threads_that_wait_for_its_main_thread_go_on_when_that_ends(server, patch, where):
    running = server(COMMON + '''
import threading
import uwsgi


def wait_for_main():
    threading.main_thread().join()
    print('the main thread has ended', flush=True)


def run():
    pid = os.fork()
    if pid == 0:
        threading.Thread(target=wait_for_main).start()
        sys.exit(4)
    return code_of(pid)


def application(environ, start_response):
    return answer(start_response, run())


if %r == 'hook':
    uwsgi.post_fork_hook = lambda: print('code', run(), flush=True)
''' % where, {'app': {'monkey-patch': patch}})
    if where == 'hook':
        running.wait_log('^code 4')
    else:
        assert running.get('/').body == b'4'
    running.wait_log('the main thread has ended')
    assert 'Traceback' not in running.log.text()


AT_THE_END = COMMON + '''
import atexit

import uwsgi


def cleans_up_long():
    gevent.sleep(4)
    print('it has cleaned up', flush=True)


def child(code):
    atexit.register(cleans_up_long)
    gevent.sleep(0.01)
    sys.exit(code)


def in_background():
    try:
        gevent.sleep(100000)
    except gevent.GreenletExit:
        pid = os.fork()
        if pid == 0:
            child(7)
        open('background', 'w').write(str(pid))


def at_exit():
    pid = os.fork()
    if pid == 0:
        child(8)
    open('hook', 'w').write(str(pid))


uwsgi.atexit = at_exit


def application(environ, start_response):
    gevent.spawn(in_background)
    gevent.sleep(0)
    return answer(start_response, 'spawned')
'''


def test_its_end_has_nothing_of_the_end_of_the_worker_that_forked_it(server):
    """In the child this takes longer than the worker allows itself."""
    running = server(AT_THE_END, {'limits': {'drain-requests': '100ms',
                                             'drain-background': '100ms'}})
    running.get('/')
    running.stop()
    for name in ('background', 'hook'):
        assert procfs.wait_gone(int((running.folder / name).read_text()), DEADLINE)
    running.wait_log('it has cleaned up', count=2)


@pytest.mark.parametrize('greenlet', ['raw', 'background'])
@pytest.mark.parametrize('hook', ['post_fork_hook', 'atexit'])
def test_its_exit_code_is_its_own_beside_a_hook(server, greenlet, hook):
    spawn = {'raw': 'gevent.spawn_raw', 'background': 'gevent.spawn'}[greenlet]
    running = server(COMMON + f'''
import uwsgi


def fork():
    pid = os.fork()
    if pid == 0:
        gevent.sleep(0.01)
        sys.exit(7)
    print('code', code_of(pid), flush=True)
    open('told', 'w').close()


def hook():
    {spawn}(fork)
    wait('told')


uwsgi.{hook} = hook


def application(environ, start_response):
    return answer(start_response, 'ok')
''')
    running.get('/')
    running.stop()
    running.wait_log('^code 7')
