# SPDX-License-Identifier: MIT
"""uWSGI's files as the converter reads them: uWSGI itself shows what they say."""
import os
import re
import shutil
import subprocess

import pytest
from convert.model import Unreadable
from convert.read.uwsgi_magic import present_value
from convert.read.uwsgi_reader import UwsgiReader

UWSGI = shutil.which('uwsgi')
NO_OPTIONS = ('ini', 'yaml', 'json', 'xml', 'show-config', 'no-server', 'for', 'for-times',
              'endfor', 'end-for', 'endif', 'if-env', 'if-not-env', 'if-exists', 'if-opt')

# Names that are no options are placeholders, which uWSGI shows like any other.
INI = r'''
; a comment
[other]
lost = 1
[uwsgi]
# another = comment
first = one
spaces   =   kept inside
both = %(first)-%(spaces)
equals = a=b=c
hash = value # no comment
percent = 100%%
folder = %d
name = %n.%e
whole = %p
parts = %0/%1
above = %c
cores = 4
sum = %(cores + 2)
product = %(cores * 2)
chained = %(cores * 2 + 1)
glued = %(first cores)
less = %(cores - 6)
half = %(cores / 3)
next = %(cores ++)
unset = $(SURELY_NOT_SET)
home = $(CONVERT_TEST)
nested = %(home)/x
missing = %(nobody)
flag
repeated = 1
repeated = 2
log = %(method) %(uri)
file = @(%dcontent)
last = %(repeated)
'''
LOGIC = '''
[uwsgi]
first = one
for = a b c
letter = <%(_)>
other = %(_)%(_)
endfor =
for-times = 3
count = %(_)
end-for =
if-env = CONVERT_TEST
yes = %(_)
endif =
if-not-env = CONVERT_TEST
never = 1
endif =
if-exists = /etc/passwd
there = %(_)
endif =
if-opt = first=one
equal = 1
endif =
if-env = CONVERT_TEST=other
wrong = 1
endif =
'''
YAML = '''
# a comment
other:
  lost: 1
uwsgi:
  first: one
  quoted: "two words"   # a comment
  single: 'it''s'
  url: http://host:80/
  repeated:
    - 1
    - second one
  folder: "%d"
  last: "%(first)"
'''
JSON = '''{"other": {"lost": 1}, "uwsgi": {"first": "one", "number": 4, "on": true, "off": false,
"repeated": ["a", "b"], "last": "%(first)-%n"}}'''
XML = '''<uwsgi><first>one</first><empty/><repeated>a</repeated><repeated>b</repeated>
<!-- comment --><name>%n %(first)</name></uwsgi>'''


def read(path):
    reader = UwsgiReader('test')
    reader.add_file(str(path))
    return reader.finish()


def our_options(path):
    return [(option.name, present_value(option.value)) for option in read(path).options
            if option.name not in NO_OPTIONS]


def uwsgis_options(path):
    kind = {'.ini': 'ini', '.yml': 'yaml', '.json': 'json', '.xml': 'xml'}[path.suffix]
    done = subprocess.run([UWSGI, f'--{kind}', str(path), '--show-config', '--no-server'],
                          capture_output=True, text=True, timeout=60, check=False,
                          cwd=path.parent)
    shown = re.search(r'^\[uwsgi\]\n(.*?)^;end of configuration', done.stdout + done.stderr,
                      re.M | re.S)
    assert shown, done.stdout + done.stderr
    pairs = [line.partition(' = ') for line in shown[1].splitlines()]
    return [(name, value) for name, _, value in pairs if name not in NO_OPTIONS]


@pytest.mark.skipif(UWSGI is None, reason='uwsgi is not installed')
@pytest.mark.parametrize('name, text', [
    ('plain.ini', INI), ('logic.ini', LOGIC), ('dotted.name.ini', INI), ('a.yml', YAML),
    ('a.json', JSON), ('a.xml', XML)], ids=['ini', 'logic', 'dots', 'yaml', 'json', 'xml'])
def test_uwsgi_reads_the_same(folder, monkeypatch, name, text):
    monkeypatch.setenv('CONVERT_TEST', '/home/test')
    (folder / 'content').write_text('what the file holds\n')
    path = folder / name
    path.write_text(text)
    ours = our_options(path)
    assert ours == [(option, value.replace('$(SURELY_NOT_SET)', ''))
                    for option, value in uwsgis_options(path)]
    assert len(ours) > 4


def test_environment_variables_stay_open(folder):
    (folder / 'a.ini').write_text('[uwsgi]\nhttp = :$(PORT)\nkey = $(KEY:-none)\nprice = ${5}\n')
    assert [option.value for option in read(folder / 'a.ini').options] == [
        ':${PORT}', '${KEY:-none}', '$${5}']


@pytest.mark.parametrize('text, expected', [
    ('processes = %k', 'cpus'), ('n = %k\nworkers = %(n * 2 + 1)', 'cpus*2+1'),
    ('n = 3\nprocesses = %(n * 2)', '6')])
def test_a_number_of_workers_follows_the_number_of_cpus(folder, text, expected):
    (folder / 'a.ini').write_text(f'[uwsgi]\n{text}\n')
    assert read(folder / 'a.ini').options[-1].value == expected


def test_any_other_value_has_the_number_of_cpus_of_now(folder, monkeypatch):
    monkeypatch.setattr('convert.read.uwsgi_magic.cpus', lambda: 2)
    (folder / 'a.ini').write_text('[uwsgi]\nn = %k\ngevent = %(n * 100)\nthreads = %k\n'
                                  'workers = %(n + 1 * 4)\nfor-times = %k\nx = %(_)\nendfor =\n')
    assert [(option.name, option.value) for option in read(folder / 'a.ini').options] == [
        ('n', '2'), ('gevent', '200'), ('threads', '2'), ('workers', '12'), ('x', '1'), ('x', '2')]


def test_a_paste_deploy_file_has_options_too(folder):
    (folder / 'p.ini').write_text('[app:main]\nuse = x\n[uwsgi]\nhttp-socket = :80\n')
    (folder / 'a.ini').write_text('[uwsgi]\nini-paste-logged = %dp.ini\npaste-name = b\n')
    assert [(option.name, option.value) for option in read(folder / 'a.ini').options] == [
        ('ini-paste-logged', f'{folder}/p.ini'), ('http-socket', ':80'), ('paste-name', 'b')]
    (folder / 'p.ini').write_text('[app:main]\nuse = x\n[app:other]\nuse = x\n')
    assert len(read(folder / 'a.ini').options) == 2


def test_each_option_knows_its_line(folder):
    (folder / 'a.ini').write_text('[uwsgi]\n\nhttp =  :80%%1\n')
    option = read(folder / 'a.ini').options[0]
    assert (option.line, option.place, option.value) == ('http =  :80%%1', 'a.ini:3', ':80%1')


def test_else_counts_when_the_condition_failed(folder, monkeypatch):
    monkeypatch.setenv('CONVERT_TEST', '1')
    (folder / 'a.ini').write_text('[uwsgi]\nif-env = CONVERT_TEST\na = 1\nelse =\nb = 1\nendif =\n'
                                  'if-not-env = CONVERT_TEST\nc = 1\nelse =\nd = 1\nendif =\n')
    found = read(folder / 'a.ini')
    assert [option.name for option in found.options] == ['a', 'd']
    assert found.remarks == ['`if-env = CONVERT_TEST` was true while converting.',
                             '`if-not-env = CONVERT_TEST` was false while converting.']


def test_a_variable_that_was_asked_for_stays_a_variable(folder, monkeypatch):
    monkeypatch.setenv('CONVERT_TEST', 'hidden')
    (folder / 'a.ini').write_text('[uwsgi]\nif-env = CONVERT_TEST\nenv = A=%(_)\nendif =\n')
    assert read(folder / 'a.ini').options[0].value == 'A=${CONVERT_TEST}'


def test_includes_are_followed_where_they_stand(folder):
    (folder / 'sub').mkdir()
    (folder / 'sub/more.yml').write_text('uwsgi:\n  b: 2\n  e: %D\n')
    (folder / 'a.ini').write_text('[uwsgi]\na = 1\ninclude = sub/more.yml\nini = :third\nd = 4\n'
                                  '[third]\nc = 3\n')
    assert [(option.name, option.value) for option in read(f'{folder}/a.ini').options] == [
        ('a', '1'), ('b', '2'), ('e', f'{folder}/'), ('c', '3'), ('d', '4')]


def test_files_that_include_one_another_are_refused(folder):
    (folder / 'a.ini').write_text('[uwsgi]\ninclude = %p\n')
    with pytest.raises(Unreadable, match='include one another without end'):
        read(folder / 'a.ini')


def test_a_section_can_be_named_and_the_only_one_is_taken(folder):
    (folder / 'a.ini').write_text('[web]\na = 1\n')
    assert [option.name for option in read(folder / 'a.ini').options] == ['a']
    assert 'its section web was taken' in read(folder / 'a.ini').remarks[0]
    (folder / 'b.ini').write_text('[web]\na = 1\n[admin]\nb = 2\n')
    assert [option.name for option in read(f'{folder}/b.ini:admin').options] == ['b']
    with pytest.raises(Unreadable, match='no section uwsgi .there are: web, admin.'):
        read(folder / 'b.ini')


@pytest.mark.parametrize('name, text, fault', [
    ('a.json', '{', 'is no JSON'), ('a.xml', '<uwsgi>', 'is no XML'),
    ('a.yml', '  a: 1\n', 'below no section'), ('a.yml', 'uwsgi:\n  - x\n', 'not of the form')])
def test_what_is_broken_is_one_sentence(folder, name, text, fault):
    (folder / name).write_text(text)
    with pytest.raises(Unreadable, match=fault):
        read(folder / name)


def test_a_missing_file_is_one_sentence():
    with pytest.raises(Unreadable, match='No such file'):
        read('/nowhere/uwsgi.ini')


def test_variables_of_the_environment_are_options():
    reader = UwsgiReader('test')
    reader.add_environment({'UWSGI_HTTP_SOCKET': ':80', 'UWSGI_MASTER': '1', 'PATH': os.defpath,
                            'UWSGI_RELOADS': '1'})
    assert [(option.name, option.value) for option in reader.finish().options] == [
        ('http-socket', ':80'), ('master', '1')]
