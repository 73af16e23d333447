# SPDX-License-Identifier: MIT
"""Applications that a factory makes, with arguments; and what runs before they are loaded."""
import pytest

MAKERS = '''
import before


class Maker:
    @staticmethod
    def build(name, *, root='/', numbers=()):
        def application(environ, start_response):
            body = f'{name} {root} {list(numbers)} {before.seen}'.encode()
            start_response('200 OK', [('Content-Length', str(len(body)))])
            return [body]
        return application


create_app = Maker.build
'''

# Imported by the application, and before it when app.before-load says so.
BEFORE = '''
import sys
from gevent import monkey

seen = []


def look():
    seen.append((monkey.is_module_patched('socket'), 'makers' in sys.modules))
'''


def made_with(make_server, app):
    made = make_server()
    made.write_app(MAKERS, 'makers.py')
    made.write_app(BEFORE, 'before.py')
    made.write_config({'app': app})
    return made


@pytest.mark.parametrize('module, text', [
    ('makers:create_app("prod")', 'prod / [] []'),
    ("makers:create_app('a:b', root='/x', numbers=[1, 2])", 'a:b /x [1, 2] []'),
    ('makers:Maker.build(name="held")', 'held / [] []'),
    ('makers.py:create_app("from a file")', 'from a file / [] []'),
])
def test_a_factory_gets_its_arguments(make_server, module, text):
    assert made_with(make_server, {'module': module}).start().get('/').text == text


@pytest.mark.parametrize('module, why', [
    ('makers:create_app(prod)', "'create_app\\(prod\\)' is no call of a factory"),
    ('makers:create_app(*[1])', 'is no call of a factory'),
    ('makers:create_app("x"', 'is no call of a factory'),
    ('makers:create_app(root="/")', "missing 1 required positional argument: 'name'"),
    ('makers:nothing("x")', "makers has no 'nothing'"),
    ('makers:create_ap("x")', "makers has no 'create_ap', did you mean 'create_app'\\?"),
    ('makers:Maker.buidl("x")', "makers has no 'Maker.buidl', did you mean 'build'\\?"),
    ('makers:app', "makers has no 'app', did you mean 'create_app'\\?"),
])
def test_a_call_that_cannot_be_made_is_told_in_a_sentence(make_server, module, why):
    made = made_with(make_server, {'module': module})
    made.start_in_vain(why)


CALLABLES = '''
class NoArguments:
    def __call__(self, environ, start_response):
        start_response('200 OK', [])
        return [b'called']

    def bound(self, environ):
        pass


class Wants(NoArguments):
    def __init__(self, root, *, debug):
        pass


class Application:
    def __init__(self, environ, start_response, more=None):
        self.start = start_response

    def __iter__(self):
        self.start('200 OK', [])
        yield b'made'


class AnyArguments(NoArguments):
    def __new__(cls, *arguments):
        assert len(arguments) == 2
        arguments[1]('200 OK', [])
        return [b'new']


class Scope:
    def __call__(self, scope):
        pass


class Foreign(type):
    def __call__(cls, *arguments):
        arguments[1]('200 OK', [])
        return [b'meta']


class Meta(metaclass=Foreign):
    pass


def create_app(config=None):
    pass


def make_app():
    pass


def rest(*arguments):
    return NoArguments()(*arguments)


def keyword(environ, start_response, *, debug):
    pass


instance, scope, bound = NoArguments(), Scope(), NoArguments().bound
'''


@pytest.mark.parametrize('name, why', [
    ('create_app', r'takes \(config\), not .*; if it makes one, call it: makers:create_app\('),
    ('make_app', r'takes \(\), not .*; if it makes one, call it: makers:make_app\(\)$'),
    ('keyword', r'takes \(environ, start_response, debug\), not '),
    ('NoArguments', r'takes \(\), not .*; if it makes one, call it: makers:NoArguments\(\)$'),
    ('Wants', r'takes \(root, debug\), not '),
    ('bound', r'takes \(environ\), not \(environ, start_response\): it is no WSGI application$'),
    ('scope', r'takes \(scope\), not \(environ, start_response\): it is no WSGI application$'),
])
def test_what_cannot_be_called_for_a_request_is_told(make_server, name, why):
    made = make_server()
    made.write_app(CALLABLES, 'makers.py')
    made.write_config({'app': {'module': f'makers:{name}'}})
    made.start_in_vain(f'app: makers:{name} {why}')


@pytest.mark.parametrize('name, text', [
    ('instance', 'called'), ('NoArguments()', 'called'), ('Application', 'made'),
    ('AnyArguments', 'new'), ('Meta', 'meta'), ('rest', 'called')])
def test_what_may_be_called_for_a_request_is(make_server, name, text):
    made = make_server()
    made.write_app(CALLABLES, 'makers.py')
    made.write_config({'app': {'module': f'makers:{name}'}})
    assert made.start().get('/').text == text


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('value', ['before:look', ['before', 'before:look']])
def test_before_load_comes_after_the_patch_and_before_the_application(make_server, value, preload):
    made = made_with(make_server, {'module': 'makers:create_app("x")', 'before-load': value,
                                   'preload': preload})
    assert made.start().get('/').text == 'x / [] [(True, False)]'


def test_before_load_works_without_the_patch(make_server):
    made = made_with(make_server, {'module': 'makers:create_app("x")', 'before-load': 'before:look',
                                   'monkey-patch': 'none'})
    assert made.start().get('/').text == 'x / [] [(False, False)]'


@pytest.mark.parametrize('module, why', [
    (':application', "app: '' is no module, expected a whole name"),
    ('.x', r"app: '\.x' is no module, expected a whole name"),
    ('..x:application', r"app: '\.\.x' is no module, expected a whole name"),
    ('/', 'app: / is a folder, expected a file or a module'),
    ('./:application', 'app: /.* is a folder, expected a file or a module'),
    ('makers..x', "app: there is no module 'makers.*'")])
def test_what_names_no_module_is_told_in_a_sentence(make_server, module, why):
    made = made_with(make_server, {'module': module})
    made.start_in_vain(why)
    assert 'Traceback' not in made.log.text()


@pytest.mark.parametrize('value, why', [
    ('.x', r"app.before-load: '\.x' is no module"),
    ('nowhere', "app.before-load: there is no module 'nowhere'"),
    ('nowhere:f', "app.before-load: there is no module 'nowhere'"),
    ('before:nothing', "app.before-load: before:nothing: before has no 'nothing'"),
    ('a b', "'a b' is neither a module nor module:function"),
])
def test_what_cannot_run_before_the_load_is_told_in_a_sentence(make_server, value, why):
    made = made_with(make_server, {'module': 'makers:create_app("x")', 'before-load': value})
    made.start_in_vain(why)
