# SPDX-License-Identifier: MIT
"""Files that app.module and hooks name: each becomes one module, whose name means nothing else."""
import pytest

FILE = '''
from {other} import {name}

print('executed', __name__ == {plain!r}, flush=True)
marks = []


def start():
    marks.append('started')


def application(environ, start_response):
    start_response('200 OK', [])
    return [' '.join(marks).encode()]
'''


@pytest.mark.parametrize('file, other, name', [
    ('json.wsgi', 'json', 'dumps'), ('flask.wsgi', 'flask', 'Flask'),
    ('site.py', 'site', 'getsitepackages')])
def test_it_does_not_replace_the_module_of_its_name(make_server, file, other, name):
    made = make_server()
    made.write_app(FILE.format(other=other, name=name, plain=other), file)
    made.write_config({'app': {'module': f'./{file}'}})
    made.start()
    assert made.get('/').status == 200
    made.wait_log('executed False')


def test_its_own_name_is_kept_where_that_is_free(make_server):
    made = make_server()
    made.write_app(FILE.format(other='json', name='dumps', plain='shop'), 'shop.wsgi')
    made.write_config({'app': {'module': './shop.wsgi'}})
    made.start()
    made.wait_log('executed True')


def test_a_file_that_is_named_twice_is_executed_once(make_server):
    made = make_server()
    made.write_app(FILE.format(other='json', name='dumps', plain='app'))
    made.write_config({'app': {'module': 'app.py:application', 'before-load': './app.py'},
                       'hooks': {'post-fork': 'app.py:start'}})
    made.start()
    assert made.get('/').text == 'started'
    assert made.log.text().count('executed True') == 1
