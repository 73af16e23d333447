# SPDX-License-Identifier: MIT
"""Applications that Paste Deploy files describe."""
import pytest

APP = '''
import logging

log = logging.getLogger('shop')


def make(global_conf, greeting='none'):
    log.info('made with %s', greeting)

    def application(environ, start_response):
        log.info('asked')
        body = f"{greeting} {global_conf['shelf']}".encode()
        start_response('200 OK', [('Content-Length', str(len(body)))])
        return [body]
    return application
'''

FILE = '''
[DEFAULT]
shelf = top

[app:main]
use = call:shop:make
greeting = hello from %(here)s

[app:other]
use = call:shop:make
greeting = other
'''

LOGGING = '''
[loggers]
keys = root, shop

[handlers]
keys = console

[formatters]
keys = plain

[logger_root]
level = WARNING
handlers = console

[logger_shop]
level = INFO
handlers =
qualname = shop

[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain

[formatter_plain]
format = PASTE %(name)s: %(message)s
'''


def made_with(make_server, module, file=FILE):
    made = make_server()
    made.write_app(APP, 'shop.py')
    made.write_app(file, 'production.ini')
    made.write_config({'app': {'module': module}})
    return made


@pytest.mark.parametrize('module, text', [
    ('paste:production.ini#main', 'hello from {} top'),
    ('paste:production.ini', 'hello from {} top'),
    ('paste:./production.ini#other', 'other top'),
])
def test_a_file_describes_the_application(make_server, module, text):
    made = made_with(make_server, module)
    assert made.start().get('/').text == text.format(made.folder)


def test_a_mount_may_be_described_too(make_server):
    made = made_with(make_server, None)
    made.write_config({'app': {'module': None, 'mounts': {'/shop': 'paste:production.ini#other'}}})
    assert made.start().get('/shop').text == 'other top'


def test_its_logging_is_applied(make_server):
    running = made_with(make_server, 'paste:production.ini#other', FILE + LOGGING).start()
    running.wait_log('^PASTE shop: made with other$')
    running.get('/')
    running.wait_log('^PASTE shop: asked$')


def test_names_that_differ_in_capitals_are_two_as_for_paste_deploy(make_server):
    made = made_with(make_server, 'paste:production.ini#other',
                     FILE.replace('shelf = top', 'shelf = top\nSHELF = bottom'))
    assert made.start().get('/').text == 'other top'


def test_a_change_of_the_file_is_a_change_of_the_application(make_server):
    made = made_with(make_server, 'paste:production.ini#other')
    made.write_config({'app': {'module': 'paste:production.ini#other', 'reload-on-change': True}})
    running = made.start()
    made.write_app(FILE.replace('greeting = other', 'greeting = changed'), 'production.ini')
    running.wait_log('production.ini has changed: reload')
    running.wait_workers(1, generation=2)
    assert running.get('/').text == 'changed top'


@pytest.mark.parametrize('module, why', [
    ('paste:production.ini#none', "app: paste:production.ini#none: No section 'none'"),
    ('paste:nowhere.ini', 'app: there is no file .*/nowhere.ini'),
])
def test_what_is_wrong_is_told_in_a_sentence(make_server, module, why):
    made = made_with(make_server, module)
    made.start_in_vain(why)


@pytest.mark.parametrize('file, why', [
    (FILE + 'greeting = again\n', "option 'greeting' in section 'app:other' already exists"),
    ('x = 1\n' + FILE, 'File contains no section headers')])
def test_a_file_that_paste_deploy_cannot_read_is_told_in_a_sentence(make_server, file, why):
    made = made_with(make_server, 'paste:production.ini#other', file)
    made.expected_exit = 1
    made.expect_error('.')
    made.start(wait=False)
    assert made.wait_exit() == 1
    made.wait_log(f'app: paste:production.ini#other: .*{why}')
    assert 'Traceback' not in made.log.text()


def test_a_python_without_paste_deploy_is_told_what_to_install(make_server):
    made = made_with(make_server, 'paste:production.ini')
    made.write_app('import sys\nsys.modules["paste.deploy"] = None\n', 'hiding.py')
    made.write_config({'app': {'module': 'paste:production.ini', 'before-load': 'hiding'}})
    made.start_in_vain('app: paste:production.ini needs PasteDeploy, which .* does not have')
