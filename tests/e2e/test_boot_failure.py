# SPDX-License-Identifier: MIT
"""An application that cannot be loaded at the first start: a reason, exit code 1, no storm."""
import pytest

from harness.apps import HELLO

EVERYTHING = '.'


def start_and_fail(make_server, app, config=None, **options):
    made = make_server()
    made.write_app(app)
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
