# SPDX-License-Identifier: MIT
"""The converter's tables: every option of both servers has an answer, and the docs are made of
them."""
import ast
import collections
import importlib.util
import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from convert.model import MAPPED
from convert.read import gunicorn_reader, gunicorn_words, uwsgi_words
from convert.tables import gunicorn_table, uwsgi_table
from convert.tables.rows import find_row

from harness.conversions import convert
from harness.limits import PYTHON, REPOSITORY

UWSGI = shutil.which('uwsgi')
PLUGINS = pathlib.Path('/usr/lib/uwsgi/plugins')
# What newer versions than Debian's have, or plugins that do not load beside one another.
NEWER = '''cheaper-idle gevent-early-monkey-patch gevent-monkey-patch gevent-wait-for-hub gevent
    greenlet harakiri-graceful-timeout http-path-info-no-decode-slashes log-date max-requests-delta
    max-worker-lifetime-delta mongrel2 reload-on-pss reload-on-uss subscription-notify-socket
    worker-mount zmq-socket'''.split()


def named(rows):
    return [name for row in rows for name in row.names]


def uwsgis_options():
    """{name} of uWSGI with all plugins."""
    plugins = [word for path in sorted(PLUGINS.glob('*_plugin.so'))
               for word in ('--plugin', path.name[:-len('_plugin.so')])]
    done = subprocess.run([UWSGI, *plugins, '--help'], capture_output=True, text=True, timeout=60,
                          check=False)
    return set(re.findall(r'^ +(?:-.\|)?--([\w-]+)', done.stdout + done.stderr, re.M))


@pytest.mark.skipif(UWSGI is None, reason='uwsgi is not installed')
def test_every_option_of_the_installed_uwsgi_has_a_row():
    options = uwsgis_options()
    assert len(options) > 700
    assert sorted(name for name in options if find_row(uwsgi_table.ROWS, name) is None) == []


def test_newer_options_of_uwsgi_have_a_row():
    assert [name for name in NEWER if find_row(uwsgi_table.ROWS, name) is None] == []


@pytest.mark.skipif(UWSGI is None, reason='uwsgi is not installed')
@pytest.mark.parametrize('name', ['master', 'socket', 'need-app', 'chmod-socket', 'log-4xx',
                                  'log-slow', 'vacuum', 'touch-reload', 'memory-report'])
def test_uwsgi_agrees_which_options_take_a_value(name):
    """A word that is no option is complained of, unless it is the value of the one before."""
    done = subprocess.run([UWSGI, f'--{name}', '--surely-first', '--surely-second'],
                          capture_output=True, text=True, timeout=60, check=False)
    complained = re.search(r"unrecognized option '--surely-(\w+)'", done.stdout + done.stderr)[1]
    assert uwsgi_words.takes_value(name) == (complained == 'second')


SHOW_SETTINGS = '''
import json
from gunicorn.config import KNOWN_SETTINGS
print(json.dumps([(one.name, one.cli or [], one.action) for one in KNOWN_SETTINGS]))
'''
Setting = collections.namedtuple('Setting', 'name cli action')


@pytest.fixture(scope='session', params=['of Debian', 'the newest'])
def gunicorn_settings(request, tmp_path_factory):
    """gunicorn's own list; the newest is taken from PyPI."""
    folder = tmp_path_factory.mktemp('gunicorn')
    if request.param == 'the newest':
        result = subprocess.run(
            [PYTHON, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps',
             '--target', str(folder), 'gunicorn'], capture_output=True, text=True, timeout=180,
            check=False)
        if result.returncode != 0:
            pytest.skip(f'gunicorn could not be had, so this did not run: {result.stderr[-300:]}')
    shown = subprocess.run([PYTHON, '-c', SHOW_SETTINGS], env={'PYTHONPATH': str(folder)},
                           capture_output=True, text=True, check=True)
    return [Setting(*one) for one in json.loads(shown.stdout)]


def test_every_setting_of_gunicorn_has_a_row(gunicorn_settings):
    names = [setting.name for setting in gunicorn_settings]
    assert len(names) > 60
    assert [name for name in names if find_row(gunicorn_table.ROWS, name) is None] == []
    assert set(names) <= gunicorn_reader.SETTINGS | {'prefix', 'django_settings'}


def test_every_option_of_gunicorns_command_line_is_known(gunicorn_settings):
    for setting in gunicorn_settings:
        for option in setting.cli:
            known = gunicorn_words.OPTIONS[option]
            assert known.strip('!') == setting.name
            is_flag = setting.action in ('store_true', 'store_const')
            assert known.startswith('!') == is_flag or option in gunicorn_words.MAY_STAND_ALONE


@pytest.mark.parametrize('table', [uwsgi_table, gunicorn_table])
def test_no_option_has_two_rows(table):
    names = named(table.ROWS)
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize('table', [uwsgi_table, gunicorn_table])
def test_every_row_says_something_and_names_keys_that_exist(table):
    keys = set(re.findall(r'^\| `([a-z.-]+)', (REPOSITORY / 'docs/configuration.md').read_text(),
                          re.M)) | {'monitors', 'static', 'timers'}
    for row in table.ROWS:
        assert row.verdict == MAPPED or row.text, row
        assert not row.key or row.key in keys, row


def test_the_docs_are_made_from_the_tables():
    path = REPOSITORY / 'master/ctl/convert_docs.py'
    spec = importlib.util.spec_from_file_location('convert_docs', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, text in module.pages().items():
        assert (REPOSITORY / 'docs' / name).read_text() == text, f'run {path}'


def test_the_package_needs_python_39_and_nothing_else():
    for path in (REPOSITORY / 'master/ctl/convert').rglob('*.py'):
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        imported = {name.name.partition('.')[0] for node in ast.walk(tree)
                    if isinstance(node, ast.Import) for name in node.names}
        imported |= {node.module.partition('.')[0] for node in ast.walk(tree)
                     if isinstance(node, ast.ImportFrom) and not node.level}
        assert imported - {'convert', 'stand_ins'} <= sys.stdlib_module_names, path


def test_what_was_never_an_option_is_answered():
    done = convert('--', 'uwsgi', '--http', ':80', '--module', 'app', '--no-such-thing=1')
    assert done.returncode == 0
    assert '- --no-such-thing=1, because uWSGI has no such option and ignores it' in done.stdout
