# SPDX-License-Identifier: MIT
"""What moving changes, and how the converter tells of it."""
import pytest

from harness.conversions import convert, drafted

SPA = 'static-map=/=/w'


@pytest.mark.parametrize('expression, told, untold', [
    (r'^(?!\/api)[^\.]*$', ['/apidocs', '/missing.js', '405', 'path: PREFIX'], []),
    (r'^(?!/api/).*', ['405'], ['/api', 'missing.js', 'PREFIX']),
    ('.*', ['405'], ['such as', 'PREFIX'])])
def test_what_a_route_of_uwsgi_changes_is_told(expression, told, untold):
    left, = drafted('uwsgi', SPA, f'route={expression} static:/w/index.html').left_out
    said = left.because + left.instead
    assert [text for text in told if text not in said] == []
    assert [text for text in untold if text in said] == []


OTHERS = '''[uwsgi]
module = a
ini = :common
[common]
http = :1
[web]
ini = %(file)s:uwsgi
[admin]
http = :2
[alembic]
script_location = x
[app:main]
use = egg:x
[loggers]
keys = root
'''


@pytest.mark.parametrize('file', ['', 'a.ini', '%p'])
def test_other_sections_of_the_file_are_told(folder, file):
    (folder / 'a.ini').write_text(OTHERS.replace('%(file)s', file))
    told = ('a.ini has further sections, which were not read: web, which includes uwsgi, admin. If '
            'the server was started with one of them, convert that: `geventctl convert a.ini:web`.')
    done = convert('-o', 'out.yaml', 'a.ini', folder=folder)
    assert told in done.stderr and 'address: http://0.0.0.0:1' in (folder / 'out.yaml').read_text()
    assert told in ' '.join(convert('a.ini', folder=folder).stdout.replace('\n#', ' ').split())
    assert 'further' not in convert('a.ini:uwsgi', folder=folder).stdout
