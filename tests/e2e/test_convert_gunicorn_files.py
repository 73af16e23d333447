# SPDX-License-Identifier: MIT
"""gunicorn's settings as the converter reads them."""
import os
import re
import shutil
import subprocess
import sys

import pytest
from convert.model import Unreadable
from convert.read import gunicorn_process, gunicorn_words
from convert.read.gunicorn_reader import GunicornReader
from convert.read.gunicorn_source import Source

from harness.conversions import convert
from harness.limits import DEADLINE
from harness.procfs import wait_gone


def settings(folder, text, environment=None, words=()):
    """{setting: option} of gunicorn.conf.py and what comes after it."""
    (folder / 'gunicorn.conf.py').write_text(text)
    reader = GunicornReader('test', sys.executable)
    reader.add_command_line(['-c', str(folder / 'gunicorn.conf.py'), *words], 'here',
                            environment or {})
    return {option.name: option for option in reader.finish().options}


def test_the_file_is_executed(folder):
    found = settings(folder, 'import math\nworkers = int(math.sqrt(16)) * 2 + 1\n'
                             'bind = ["a:1", "b:2"]\nunknown = 3\n_own = 4\n')
    assert found['workers'].value == 9
    assert found['workers'].note == 'computed while converting'
    assert found['workers'].place == 'gunicorn.conf.py:2'
    assert found['bind'].value == ['a:1', 'b:2'] and found['bind'].note == ''
    assert set(found) == {'workers', 'bind'}


def test_it_may_import_what_lies_beside_it(folder):
    (folder / 'common.py').write_text('COUNT = 3\n')
    assert settings(folder, 'from common import COUNT\nworkers = COUNT\n')['workers'].value == 3


def test_hooks_keep_their_line(folder):
    option = settings(folder, '\n\ndef post_fork(server, worker):\n    pass\n')['post_fork']
    assert (option.value['hook'], option.value['calls']) == ('post_fork', [])
    assert (option.line, option.place) == (
        'def post_fork(server, worker):', 'gunicorn.conf.py:3')


HOOKS_HEAD = 'import logging\nimport os.path\nfrom json import dumps as dump\n'


@pytest.mark.parametrize('body, calls', [
    ('from psycogreen.gevent import patch_psycopg\n    patch_psycopg()',
     ['psycogreen.gevent:patch_psycopg']),
    ('"""Why."""\n    os.path.walk()\n    worker.log.info("%s", worker.pid)\n    dump()',
     ['os.path:walk', 'json:dumps']),
    ('import a.b as c\n    c.d()', ['a.b:d']), ('pass', []), ('server.log.info("x")', []),
    ('dump(1)', []), ('dump()\n    worker.tmp = 1', []), ('unknown()', []),
    ('from . import x\n    x()', [])])
def test_what_a_hook_calls_is_seen(body, calls):
    source = Source(f'{HOOKS_HEAD}def post_fork(server, worker):\n    {body}\n')
    assert source.calls_of('post_fork') == calls


def test_hooks_of_a_module_that_need_no_arguments_are_named(folder):
    (folder / 'mine.py').write_text('def begin(server=None, worker=None):\n    pass\n\n'
                                    'def end(server, worker):\n    pass\n')
    found = settings(folder, 'from mine import begin as post_fork, end as worker_exit\n')
    assert found['post_fork'].value['calls'] == ['mine:begin']
    assert found['worker_exit'].value['calls'] == []


@pytest.mark.parametrize('text, fault', [
    ('workers = 1 / 0\n', r'gunicorn.conf.py:1: ZeroDivisionError: division by zero'),
    ('import nothing_such\nnothing_such + 1\n', r':2: TypeError.*name its Python with --python'),
    ('workers = (\n', r'SyntaxError'),
    ('raise SystemExit(3)\n', r'SystemExit: 3'),
    ('import os\nos._exit(1)\n', r'cannot be executed')])
def test_a_file_that_fails_is_one_sentence(folder, text, fault):
    with pytest.raises(Unreadable, match=fault):
        settings(folder, text)


def test_missing_packages_get_stand_ins(folder):
    found = settings(folder, 'import nothing_such.inner as inner\nfrom other import make\n'
                             'class Log(inner.Base):\n    pass\nmake(1)[2].go()\n'
                             'workers = make("web")\ntimeout = 5\nlogger_class = Log\n')
    assert found['workers'].value == {'missing': 'other.make()'}
    assert found['timeout'].value == 5


def test_optional_imports_stay_optional(folder):
    found = settings(folder, 'try:\n    import nothing_such\n    workers = 1\n'
                             'except ImportError:\n    workers = 2\n')
    assert found['workers'].value == 2


def test_what_the_file_prints_does_not_matter(folder):
    found = settings(folder, 'print("{}")\nworkers = 2\nprint("bye", end="")\n')
    assert found['workers'].value == 2


@pytest.mark.parametrize('expression, expected', [
    ('os.environ.get("WORKERS", "3")', '${WORKERS:-3}'),
    ('int(os.environ.get("WORKERS", 3))', '${WORKERS:-3}'),
    ('int(os.getenv("WORKERS", "3"))', '${WORKERS:-3}'),
    ('os.environ["HOME"]', '${HOME}'),
    ('"0.0.0.0:" + os.environ.get("PORT", "80")', '0.0.0.0:${PORT:-80}'),
    ('f"{HOST}:{os.environ.get(\'PORT\', 80)}"', 'localhost:${PORT:-80}'),
    ('os.environ.get("WORKERS")', None),
    ('int(os.environ.get("WORKERS", 3)) * 2', None)])
def test_environment_variables_stay_open_where_that_is_certain(monkeypatch, expression, expected):
    monkeypatch.delenv('WORKERS', raising=False)
    monkeypatch.delenv('PORT', raising=False)
    text = f'import os\nHOST = "localhost"\nname = {expression}\n'
    value = eval(expression, {'os': os, 'HOST': 'localhost'})
    assert Source(text).open_value('name', value) == expected


# --- what the environment holds may be a secret --------------------------------------------------

def unwrapped(text):
    return ' '.join(text.replace('\n#', ' ').split())


LISTS = [
    ('[f"A={os.environ[\'A\']}", "B=1"]', ['A=${A}', 'B=1']),
    ('("A=" + os.environ["A"],)', ['A=${A}']), ('["A=%s" % os.environ["A"]]', ['A=${A}']),
    ('["A={}:{}".format(os.getenv("A", "x"), 1)]', ['A=${A:-x}:1']),
    ('["A=" + (os.environ.get("A") or "x")]', ['A=${A:-x}']),
    ('[*COMMON, "B=$1"] + COMMON', ['A=${A}', 'B=$1', 'A=${A}']),
    ('[f"{k}={os.environ[k]}" for k in ("A", "HOME")]', ['A=${A}', 'HOME=${HOME}']),
    ('[f"{k}={v}" for k, v in PAIRS.items()]', ['X=${A}', 'Y=$${z}']),
    ('[f"{k}={v}" for k, v in [("X", os.environ["A"])]]', ['X=${A}']),
    ('["A=" + PAIRS["X"]]', ['A=${A}']), ('ADDED', ['A=${A}', 'B=${A}', 'C=${A}', 'HOME=${HOME}']),
    ('["A=" + os.environ["A"].lower(), "B=${A}"]', ['A=hidden', 'B=$${A}'])]
LISTS_HEAD = """
import os
from os import environ
COMMON = ["A=" + environ["A"]]
PAIRS = {"X": os.environ["A"], "Y": "${z}"}
ADDED = ["A=" + environ["A"]]
ADDED += ["B=" + environ["A"]]
ADDED.append("C=" + environ["A"])
for k in ["HOME"]:
    ADDED.append(f"{k}={environ[k]}")
"""


@pytest.mark.parametrize('expression, expected', LISTS)
def test_members_of_lists_stay_open_too(folder, monkeypatch, expression, expected):
    monkeypatch.setenv('A', 'HIDDEN')
    option = settings(folder, f'{LISTS_HEAD}raw_env = {expression}\n')['raw_env']
    assert [value.replace('HIDDEN', 'hidden') for value in option.value] == expected
    assert option.note == ('' if 'hidden' not in expected[0] else 'computed while converting')


@pytest.mark.parametrize('setting', [
    'raw_env = ["A=" + os.environ["A"]]', 'statsd_host = os.environ["A"] * 2',
    'chdir = os.environ["A"].lower()', 'worker_tmp_dir = os.environ["A"].lower()',
    'from other import user', 'globals()["raw_env"] = ["A=" + os.environ["A"]]',
    'umask = os.environ["A"]', 'logconfig_dict = {"a": os.environ["A"]}',
    'user = {"a": os.environ["A"]}'])
def test_no_comment_holds_what_the_environment_holds(folder, setting):
    (folder / 'other.py').write_text('import os\nuser = os.environ["A"]\n')
    (folder / 'gunicorn.conf.py').write_text(f'import os\n{setting}\n')
    done = convert('gunicorn.conf.py', folder=folder, environment={'A': 'Hidden'})
    comments = re.findall('#.*', done.stdout)
    assert comments and 'hidden' not in ' '.join(comments).lower()


def test_a_computed_environment_is_told(folder):
    (folder / 'gunicorn.conf.py').write_text('import os\nraw_env = [max("A=1", "A=2")]\n')
    done = convert('gunicorn.conf.py', folder=folder)
    assert ('raw_env of gunicorn.conf.py is computed: its values are written as they are now. '
            'Write ${NAME} in the place of secrets.') in unwrapped(done.stdout)


def test_what_is_no_text_is_left_out(folder):
    (folder / 'gunicorn.conf.py').write_text('import pathlib\nchdir = pathlib.Path("/x")\n'
                                             'user = object()\nraw_env = [print]\nwsgi_app = print')
    done = convert('gunicorn.conf.py', folder=folder)
    assert done.returncode == 1 and 'chdir: /x  #' in done.stdout
    assert unwrapped(done.stdout).count('because its value is neither a text nor a number') == 2
    assert '; wsgi_app = print (gunicorn.conf.py:5), because' in unwrapped(done.stdout)


@pytest.mark.parametrize('expression, expected', [
    ('cpu_count() * 2 + 1', 'cpus*2+1'), ('(2 * os.cpu_count()) + 1', '2*cpus+1'),
    ('CORES // 2', 'cpus/2'), ('int(CORES / 2)', 'cpus/2'), ('(os.cpu_count() or 1) + 1', 'cpus+1'),
    ('int(os.environ.get("W", CORES * 2))', '${W:-cpus*2}'), ('CORES', 'cpus'),
    ('2 * (CORES + 1)', None), ('min(CORES, 4)', None), ('int(CORES * 1.5)', None), ('3', None)])
def test_a_number_of_workers_follows_the_number_of_cpus(monkeypatch, expression, expected):
    monkeypatch.delenv('W', raising=False)
    text = f'import os\nfrom os import cpu_count\nCORES = cpu_count()\nworkers = {expression}\n'
    names = {}
    exec(text, names)
    assert Source(text).open_value('workers', names['workers'], counts_cpus=True) == expected


def test_a_value_that_is_changed_afterwards_does_not_stay_open():
    source = Source('import os\nname = os.environ.get("A", "1")\nif True:\n    name = "2"\n')
    assert source.open_value('name', '2') is None


LEAVES_PROCESSES = """
import os
import subprocess
import sys
sleeper = subprocess.Popen(["sleep", "1000"])
with open("pid", "w") as file:
    print(sleeper.pid, file=file)
if os.fork() == 0:
    workers = 3  # which its process does not tell
else:
    workers = 2
    os.wait()
"""


def test_processes_that_the_file_leaves_are_ended_and_not_waited_for(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert settings(folder, LEAVES_PROCESSES)['workers'].value == 2
    assert wait_gone(int((folder / 'pid').read_text()), DEADLINE)


def test_a_file_that_does_not_end_is_ended(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(gunicorn_process, 'PATIENCE', 3)
    with pytest.raises(Unreadable, match='gunicorn.conf.py did not end within 3 s'):
        settings(folder, LEAVES_PROCESSES + 'sleeper.wait()\n')
    assert wait_gone(int((folder / 'pid').read_text()), DEADLINE)


def test_later_ones_win(folder):
    found = settings(folder, 'workers = 1\ntimeout = 1\nbind = "a:1"\nthreads = 1\n',
                     {'GUNICORN_CMD_ARGS': '--workers 2 --timeout=2'},
                     ['-w', '3', '-b', 'x:1', '-b', 'y:2'])
    assert [found[name].value for name in ('threads', 'timeout', 'workers', 'bind')] == [
        1, '2', '3', ['x:1', 'y:2']]
    assert found['bind'].line == '-b x:1 -b y:2'


GUNICORN = shutil.which('gunicorn')
FILE = '''
import os
bind = ["127.0.0.1:1", "unix:/a"]
workers = 1 + 2
timeout = 5
keepalive = int(os.environ.get("KEEP", "7"))
accesslog = "-"
loglevel = "debug"
preload_app = True
raw_env = ["A=1"]
'''


@pytest.mark.skipif(GUNICORN is None, reason='gunicorn is not installed')
def test_gunicorn_understands_the_same(folder):
    words = ['--timeout=9', '-b', ':2', '--max-requests', '3', '--log-level', 'error', '-w4', '-D']
    environment = {'GUNICORN_CMD_ARGS': '--threads 2 --workers 8 --umask 7'}
    (folder / 'gunicorn.conf.py').write_text(FILE)
    (folder / 'app.py').write_text('app = print\n')
    done = subprocess.run(
        [GUNICORN, '--print-config', '-c', 'gunicorn.conf.py', *words, 'app:app'], cwd=folder,
        env={**environment, 'PATH': os.defpath}, capture_output=True, text=True, check=False)
    shown = dict(re.findall(r'^(\w+) += (.*)$', done.stdout, re.M))
    ours = settings(folder, FILE, environment, [*words, 'app:app'])
    assert len(ours) == 13 and len(shown) > 60, done.stderr
    for name, option in ours.items():
        value = option.value.replace('${KEEP:-7}', '7') if name == 'keepalive' else option.value
        if name == 'wsgi_app':  # which that version keeps elsewhere
            continue
        assert str(value) == shown[name], name


def test_words_are_taken_as_argparse_takes_them():
    words = ['-w4', '-k', 'gevent', '--bind=:80', '--reload', '-t', '30', '--max-requests-j', '5',
             '--no-sendfile', '--log-file', '-', 'app:app']
    assert [(name, value) for name, value, _ in gunicorn_words.parse(words)] == [
        ('workers', '4'), ('worker_class', 'gevent'), ('bind', ':80'), ('reload', True),
        ('timeout', '30'), ('max_requests_jitter', '5'), ('sendfile', False), ('errorlog', '-'),
        ('wsgi_app', 'app:app')]


@pytest.mark.parametrize('words, fault', [
    (['--nope'], 'gunicorn has no option --nope'), (['-z'], 'gunicorn has no option -z'),
    (['-w'], '-w of gunicorn needs a value')])
def test_wrong_words_are_one_sentence(words, fault):
    with pytest.raises(Unreadable, match=fault):
        list(gunicorn_words.parse(words))


# --- variables that are not set while converting -------------------------------------------------

OPEN = '''import os
certfile = os.environ.get("CERT")
KEY = os.getenv("KEY")
keyfile = KEY
user = os.getenv("RUN_AS")
reload = os.environ.get("DEBUG")
threads = os.environ.get("THREADS")
if os.environ.get("TLS"):
    ca_certs = "/ca"
    ssl_version = 3
elif "SLOW" in os.environ:
    max_requests = 5
def f():
    backlog = 5
'''


def test_what_depends_on_a_variable_that_is_not_set_is_told(folder):
    (folder / 'gunicorn.conf.py').write_text(OPEN)
    done = convert('gunicorn.conf.py', folder=folder)
    said = ' '.join(done.stdout.replace('\n#', ' ').split())
    assert done.returncode == 1 and 'is switched off' not in said and 'THREADS' in said
    for line, variable, protects in (
            ('certfile = os.environ.get("CERT")', 'CERT', True), ('keyfile = KEY', 'KEY', True),
            ('user = os.getenv("RUN_AS")', 'RUN_AS', True), ('ca_certs = "/ca"', 'TLS', True),
            ('reload = os.environ.get("DEBUG")', 'DEBUG', False),
            ('max_requests = 5', 'SLOW', False)):
        entry, = re.findall(rf'- ([^-]*{re.escape(line)}[^-]*)', said)
        assert entry.startswith('THIS PROTECTS: ') == protects
        assert f'because it depends on {variable}, which is not set here' in entry
    assert 'backlog = 5' not in said


def test_a_variable_that_is_set_stays_one(folder):
    (folder / 'gunicorn.conf.py').write_text(OPEN)
    done = convert('gunicorn.conf.py', folder=folder, environment={'RUN_AS': 'www', 'CERT': '/c'})
    assert 'user: ${RUN_AS}  # user = os.getenv("RUN_AS") (gunicorn.conf.py:5)' in done.stdout
    assert 'certfile = os.environ.get("CERT") (gunicorn.conf.py:2), because this version' in (
        ' '.join(done.stdout.replace('\n#', ' ').split()))
