# SPDX-License-Identifier: MIT
"""geventd examines the types of all objects for greenlets, and all modules for files. This runs no
code of the application, and no object that it meets ends a process."""
import json
import re

import pytest

from harness.program import check

# Each object records when anybody but the application and gevent accesses it.
APP = '''
import json
import sys
import threading
import types

import gevent
from gevent import monkey

touched = []
hub_thread = monkey.get_original('_thread', 'get_ident')()


def note(what):
    caller = sys._getframe(2)
    while caller is not None and caller.f_code.co_filename.startswith('<frozen'):
        caller = caller.f_back
    other_thread = monkey.get_original('_thread', 'get_ident')() != hub_thread
    if caller is None or other_thread or caller.f_code.co_filename.startswith('<geventd>'):
        touched.append(what)
        raise RuntimeError(what + ' is not ready')


def noting(*names):
    def method(name):
        return lambda self, *_: note(type(self).__qualname__ + '.' + name)
    body = {name: method(name) for name in names if name.startswith('__') and name != '__class__'}
    body |= {name: property(method(name)) for name in names if name not in body}
    return body


Lazy = type('Lazy', (), noting('__class__', '__getattr__', '__bool__', '__len__', '__repr__',
                               '__str__', '__eq__', '__hash__', '__call__', '__dict__'))
Meta = type('Meta', (type,), noting('__getattribute__', '__instancecheck__', '__repr__'))


class Odd(metaclass=Meta):
    pass


class Module(types.ModuleType):
    def __getattribute__(self, name):
        note('Module.' + name)
        return super().__getattribute__(name)


class Task(gevent.Greenlet):
    locals().update(noting('name', 'gr_frame', 'spawning_stack', 'started', 'dead', 'minimal_ident',
                           '__bool__', '__repr__', '__class__'))

    def _run(self):
        gevent.sleep(1000)


class Thread(threading.Thread):
    locals().update(noting('name', 'native_id', '__repr__'))

    def run(self):
        gevent.sleep(1000)


kept = [type.__call__(Lazy) for _ in range(3)] + [type.__call__(Odd)]
sys.modules['lazy_module'] = Module('lazy_module')
sys.modules['no_module'] = kept[0]
sys.modules['no_attributes'] = object()
task = Task()
task.start()
thread = Thread(daemon=True)
thread.__dict__['_name'] = 'odd'
thread.start()
gevent.sleep(0)


def application(environ, start_response):
    body = json.dumps(touched).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
'''

QUICK = {'limits': {'drain-background': '0s'}}


@pytest.mark.parametrize('config', [
    {}, {'app': {'preload': False}}, {'app': {'reload-on-change': True}},
    {'app': {'monkey-patch': 'before-start'}},
], ids=['preload', 'no preload', 'reload on change', 'patched late'])
def test_nothing_of_the_application_runs_because_geventd_looks(server, config):
    running = server(APP, {**QUICK, **config})
    [pid] = running.workers()
    assert json.loads(running.get('/').text) == []
    shown = running.stacks()
    assert shown.returncode == 0, shown.stderr
    assert re.search(r'in (Task\.)?_run$', shown.stdout, re.M)
    assert json.loads(running.get('/').text) == []
    assert running.workers() == [pid]


def test_check_looks_as_a_start_does(make_server):
    made = make_server()
    made.write_app(APP + '''
import atexit
atexit.register(lambda: print('touched:', touched, flush=True))
''')
    made.write_config({'app': {'reload-on-change': True}})
    code, said = check(made)
    assert code == 0, said
    assert 'touched: []' in said
    assert 'started threads while it was loaded (odd)' in said


def test_a_greenlets_class_may_have_no_hash(server):
    running = server('''
import gevent


class Job(gevent.Greenlet):
    def __eq__(self, other):
        raise RuntimeError('not ready yet')

    def __bool__(self):
        raise RuntimeError('not ready yet')


def work():
    try:
        gevent.sleep(1000)
    finally:
        print('the job has ended', flush=True)


def application(environ, start_response):
    Job(work).start()
    Job.spawn(work)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''', {'limits': {'drain-background': '100ms'}})
    assert running.get('/').text == 'ok'
    running.wait_status(lambda status: status['workers'][0]['background'] == 2)
    assert running.stop() == 0
    assert running.log.text().count('the job has ended') == 2


CLASS_THAT_RAISES = '''
class Lazy:
    @property
    def __class__(self):
        raise RuntimeError('not ready yet')


lazy = Lazy()


def application(environ, start_response):
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
'''


def test_a_lazy_object_that_cannot_be_made_yet_ends_no_start(server, make_server):
    assert server(CLASS_THAT_RAISES).get('/').text == 'ok'
    made = make_server()
    made.write_app(CLASS_THAT_RAISES)
    made.write_config()
    assert check(made)[0] == 0


@pytest.mark.parametrize('failure', [
    "error = Odd('on purpose'); error.__cause__ = Other(); error.__cause__.__cause__ = error",
    "error = Odd('on purpose'); error.__class__ = Raising",
    "error = ImportError('on purpose'); error.name = Lazy()",
    "error = SyntaxError('on purpose'); error.filename = Lazy()",
], ids=['a circle of causes', 'attributes that raise', 'an odd name', 'an odd file'])
def test_a_load_that_fails_oddly_is_told_as_it_is(make_server, failure):
    made = make_server()
    made.write_app(f'''
class Lazy:
    def __getattribute__(self, name):
        raise RuntimeError('not ready yet')


class Odd(Exception):
    def __bool__(self):
        raise RuntimeError('not ready yet')


class Other(Exception):
    def __len__(self):
        return 0


class Raising(Odd):
    __notes__ = filename = name = property(lambda self: 1 / 0)


{failure}
raise error
''')
    made.write_config({'app': {'reload-on-change': True}})
    code, said = check(made)
    assert code == 1
    assert 'on purpose' in said
