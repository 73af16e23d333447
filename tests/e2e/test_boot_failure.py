# SPDX-License-Identifier: MIT
"""An application that cannot be loaded at the first start: a reason, exit code 1, no storm."""
import re

import pytest

from harness.apps import HELLO

EVERYTHING = '.'


def start_and_fail(make_server, app, config=None, other=None, **options):
    made = make_server()
    made.write_app(app)
    for name, source in (other or {}).items():
        made.write_app(source, name)
    made.write_config(config)
    made.expected_exit = 1
    made.expect_error(EVERYTHING)
    made.start(wait=False, **options)
    assert made.wait_exit() == 1
    assert made.log.wait_end()
    return made


@pytest.mark.parametrize('preload', [True, False])
def test_the_traceback_and_a_sentence_are_logged(make_server, preload):
    made = start_and_fail(make_server, 'print("import begins", flush=True)\n1 / 0\n',
                          {'app': {'preload': preload}, 'workers': {'processes': 1}})
    text = made.log.text()
    assert 'ZeroDivisionError' in text and 'Traceback' in text and 'app.py' in text
    assert text.count('import begins') == 1


def test_a_module_that_is_not_there_needs_no_traceback(make_server):
    made = start_and_fail(make_server, HELLO, {'app': {'module': 'absent:application'}})
    assert 'absent' in made.log.text() and 'Traceback' not in made.log.text()


def test_the_traceback_begins_with_the_applications_line(make_server):
    made = start_and_fail(make_server, """\
import importlib
try:
    importlib.import_module('broken')
except ZeroDivisionError as error:
    raise RuntimeError('the settings are wrong') from error
""", other={'broken.py': '1 / 0\n'})
    text = made.log.text()
    assert 'importlib/__init__.py' not in text
    assert '<frozen' not in text and '<geventd>' not in text
    assert re.findall(r'File ".*/(\w+\.py)", line (\d+)', text) == [
        ('app.py', '3'), ('broken.py', '1'), ('app.py', '5')]


def test_a_syntax_error_is_told_with_its_place_only(make_server):
    text = start_and_fail(make_server, 'def application(:\n').log.text()
    assert re.findall(r'File ".*/(\w+\.py)", line (\d+)', text) == [('app.py', '1')]
    assert '<frozen' not in text and '<geventd>' not in text


def test_a_factory_that_wants_arguments_is_told_in_a_sentence(make_server):
    made = start_and_fail(make_server, 'def make(name):\n    pass\n',
                          {'app': {'module': 'app:make()'}})
    text = made.log.text()
    assert "app:make(): make() missing 1 required positional argument: 'name'" in text
    assert 'Traceback' not in text


@pytest.mark.parametrize('module', ['app', 'app.py', 'app:application'])
def test_an_application_beside_the_configuration_names_chdir(make_server, module):
    made = start_and_fail(make_server, HELLO, {'app': {'module': module, 'chdir': None}}, cwd='/')
    assert f'so set app.chdir: {made.folder}' in made.log.text()


def test_no_chdir_is_named_where_it_would_not_help(make_server):
    made = start_and_fail(make_server, HELLO, {'app': {'module': 'absent', 'chdir': None}}, cwd='/')
    assert 'app.chdir' not in made.log.text()


def test_a_module_missing_in_the_systems_python_names_virtualenv(make_server):
    assert 'app.virtualenv' in start_and_fail(make_server, 'import absent_one\n').log.text()


def test_a_callable_that_is_not_there_needs_no_traceback(make_server):
    made = start_and_fail(make_server, HELLO, {'app': {'module': 'app:applikation'}})
    assert 'applikation' in made.log.text() and 'Traceback' not in made.log.text()


def test_an_application_that_exits_while_it_loads(make_server):
    made = start_and_fail(make_server, 'import os\nos._exit(3)\n')
    assert len(made.log.lines()) < 20


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('package, fake', [
    ('gevent', 'raise ImportError("no gevent here")'),
    ('greenlet', 'raise ImportError("no greenlet here")'),
    ('gevent', '__version__ = "1.2.3"'),
])
def test_missing_or_old_gevent_is_a_sentence(make_server, package, fake, preload):
    made = make_server()
    made.write_app(HELLO)
    made.write_app(fake + '\n', f'fakes/{package}/__init__.py')
    made.write_config({'app': {'python-path': ['fakes'], 'preload': preload}})
    made.expected_exit = 1
    made.expect_error(EVERYTHING)
    made.start(wait=False)
    assert made.wait_exit() == 1
    assert made.log.wait_end()
    assert package in made.log.text()
    assert 'Traceback' not in made.log.text()
