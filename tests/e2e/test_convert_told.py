# SPDX-License-Identifier: MIT
"""What moving changes, and how the converter tells of it."""
import ast
import re

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


@pytest.mark.parametrize('options, because, instead', [
    (['socket=0.0.0.0:'], '0.0.0.0: names no port', 'name a port'),
    (['socket=0.0.0.0:http'], 'http is no port', 'name a port'),
    (['socket='], 'it names no address', 'name one'),
    (['socket==0'], 'the descriptor is inherited', 'let systemd open it')])
def test_an_address_that_is_none_is_told_with_what_to_do(options, because, instead):
    left, = drafted('uwsgi', *options).left_out
    assert left.because == because and left.instead.startswith(instead)


def test_gunicorns_address_without_a_port_is_told(folder):
    told = convert('--', 'gunicorn', 'a:a', '-b', '0.0.0.0:', folder=folder).stdout
    assert '-b 0.0.0.0:, because 0.0.0.0: names no port; do this instead: name a port' in told


@pytest.mark.parametrize('options, name', [
    (['http-socket=:1', 'chown-socket=a:b'], 'chown-socket'),
    (['http-socket=:1', 'chmod-socket=664'], 'chmod-socket'),
    (['socket=@abstract', 'chmod-socket=664'], 'chmod-socket'),
    (['module=a:b', 'paste-name=x'], 'paste-name')])
def test_what_counts_with_another_option_only_is_told_without_it(options, name):
    (option, why), = [entry for entry in drafted('uwsgi', *options).built_in
                      if entry[0].name == name]
    assert option.line.startswith(name) and 'only' in why


def test_the_mode_of_a_unix_socket_is_taken_over_beside_an_address():
    draft = drafted('uwsgi', 'http-socket=:1', 'socket=/run/a', 'chmod-socket=664')
    assert draft.listeners[1].keys['mode'].value == '664' and draft.built_in == []


def test_a_callable_beside_one_of_the_module_is_told():
    setting = drafted('uwsgi', 'module=a:b', 'callable=c').settings['app.module']
    assert setting.value == 'a:b' and 'instead of callable = c' in ' '.join(setting.comments)


@pytest.mark.parametrize('options, module', [
    (['module=site:app', 'mount=/=other:app'], 'other:app'),
    (['mount=/=other:app', 'module=site:app'], 'site:app'),
    (['module=site:app', 'wsgi=other:app'], 'other:app'),
    (['wsgi-file=a.py', 'file=b.py', 'module=site:app'], 'b.py:application'),
    (['module=site:app', 'module=other:app', 'module=last:app'], 'last:app'),
    (['paste=config:/a.ini', 'paste=config:/b.ini', 'module=site:app'], 'paste:/b.ini')])
def test_comments_tell_of_all_applications(options, module):
    setting = drafted('uwsgi', *options).settings['app.module']
    said = ' '.join(setting.comments)
    assert setting.value == module and said.count('instead of ') == len(options) - 1
    assert [one for one in options if one.replace('=', ' = ', 1) not in said] == []


@pytest.mark.parametrize('options, limit', [
    (['reload-on-rss=256', 'evil-reload-on-rss=512'], '256MiB'),
    (['evil-reload-on-rss=512', 'reload-on-as=256', 'reload-on-uss=0'], '256MiB'),
    (['reload-on-rss=256', 'reload-on-rss=512'], '512MiB'), (['reload-on-rss=0'], '0'),
    (['reload-on-rss=${A}', 'evil-reload-on-rss=512'], '512MiB'),
    (['reload-on-rss=${A}', 'reload-on-as=0'], '${A}MiB')])
def test_of_several_limits_of_memory_the_smallest_counts(options, limit):
    setting = drafted('uwsgi', *options).settings['workers.reload-on-rss']
    assert setting.value == limit
    assert len({name.partition('=')[0] for name in options}) == len(setting.comments)


# --- gunicorn ------------------------------------------------------------------------------------

def pasted(text):
    """The lines to paste below an entry of the list."""
    return re.sub(r'^#       |^#$', '', text.partition('\n#\n#       ')[2], flags=re.M)


HOOK = '''import os.path as paths
import signal
LIMIT = 3


def post_worker_init(worker):
    try:
        signal.signal(signal.SIGUSR2, lambda *_: None)
        paths.exists(LIMIT)
    except OSError as error:
        print(error)%s
'''


def test_a_hook_is_written_out(folder):
    (folder / 'gunicorn.conf.py').write_text(HOOK % '')
    said = convert('gunicorn.conf.py', folder=folder).stdout
    program, _, key = pasted(said).partition('# here\n')
    ast.parse(program)
    assert '\ndef post_worker_init():\n' in program
    assert 'import os.path as paths\nimport signal\n' in program
    assert '# LIMIT: as in gunicorn.conf.py\n' in program and ', error' not in program
    assert key.startswith('hooks:\n  post-fork: geventd_hooks:post_worker_init\n')
    assert 'it sends SIGUSR2 to no worker' in ' '.join(said.replace('\n#', ' ').split())


def test_what_a_hook_does_with_gunicorns_arguments_is_told(folder):
    (folder / 'gunicorn.conf.py').write_text(HOOK % '\n    worker.tmp = 1')
    said = convert('gunicorn.conf.py', folder=folder).stdout
    assert '#           # geventd gives no worker: write what stands for it\n' in said


@pytest.mark.parametrize('setting, call', [
    ('logconfig = "a.conf"', 'logging.config.fileConfig("a.conf", disable_existing_loggers=False)'),
    ('logconfig_dict = {"version": 1}', 'logging.config.dictConfig({...})'),
    ('logconfig_json = "a.json"', 'logging.config.dictConfig(json.load(open("a.json")))')])
def test_logging_is_configured_by_lines_to_paste_and_has_lines_of_requests(folder, setting, call):
    (folder / 'gunicorn.conf.py').write_text(setting)
    said = convert('gunicorn.conf.py', folder=folder).stdout
    assert 'access: combined' in said and call in pasted(said)
    assert '\napp:\n  before-load: [logging_setup]\n' in pasted(said)


@pytest.mark.parametrize('setting', ['logconfig_dict = {}', 'logconfig = None', ''])
def test_without_its_logging_gunicorn_has_no_lines_of_requests(folder, setting):
    (folder / 'gunicorn.conf.py').write_text(setting)
    assert 'access: off' in convert('gunicorn.conf.py', folder=folder).stdout


EFFECTS = '''import os
import sys
from os import environ
import helper
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib/.."))
sys.path.insert(0, "nearer")
os.environ["PLAIN"] = "1"
environ.setdefault("DEFAULT", "2")
os.environ["OPEN"] = "x" + os.environ["HIDDEN"]
os.environ["COMPUTED"] = os.environ["HIDDEN"].lower()
os.environ["TWICE"] = "3"
pythonpath = "first"
raw_env = ["TWICE=4"]
del os.environ["GONE"]
'''


def test_what_gunicorns_file_does_to_its_process_is_taken_over(folder):
    yaml = pytest.importorskip('yaml')
    (folder / 'helper.py').write_text('import os\nos.environ["UNSEEN"] = "secret"\n')
    (folder / 'gunicorn.conf.py').write_text(EFFECTS)
    done = convert('gunicorn.conf.py', folder=folder, environment={'HIDDEN': 'Secret', 'GONE': '1'})
    app = yaml.safe_load(done.stdout)['app']
    assert app['python-path'] == ['first', f'{folder}/nearer', str(folder)]
    assert app['environment'] == {'PLAIN': '1', 'DEFAULT': '${DEFAULT:-2}', 'OPEN': 'x${HIDDEN}',
                                  'COMPUTED': 'secret', 'TWICE': '4'}
    said = ' '.join(done.stdout.replace('\n#', ' ').split())
    assert 'removes GONE' in said and 'UNSEEN of the environment are set' in said
    assert 'computes COMPUTED of os.environ' in said
    comments = ' '.join(re.findall('#.*', done.stdout)).lower()
    assert 'secret' not in comments.replace('of secrets', '')


PROMETHEUS = '''def child_exit(server, worker):
    from prometheus_client import multiprocess
    multiprocess.mark_process_dead(worker.pid)%s
'''


@pytest.mark.parametrize('more, is_told', [('', False), ('\n    worker.age', True)])
def test_the_hook_of_a_dead_worker_has_its_pid(folder, more, is_told):
    (folder / 'gunicorn.conf.py').write_text(PROMETHEUS % more)
    said = convert('gunicorn.conf.py', folder=folder).stdout
    assert 'def child_exit(pid, reason):' in said and 'mark_process_dead(pid)' in said
    assert ('geventd gives no worker' in said) == is_told


LOGS = '''def post_fork(server, worker):
    """gunicorn's example."""
    server.log.info("Worker spawned (pid: %s)", worker.pid)

def worker_exit(server, worker):
    worker.log.info("gone")
    open("gone", "w").write(str(worker.pid))
'''


def test_a_hook_that_only_logs_is_needed_no_more(folder):
    (folder / 'gunicorn.conf.py').write_text(LOGS)
    needless, left = convert('gunicorn.conf.py', folder=folder).stdout.split('# Not taken over:')
    assert '# - def post_fork(server, worker): it only writes to the log' in needless
    assert 'def post_fork' not in left
    for line in ('import logging', 'import os', 'def worker_exit():',
                 'logging.getLogger(\'gunicorn.error\').info("gone")',
                 'open("gone", "w").write(str(os.getpid()))'):
        assert line in left
    assert 'geventd gives no' not in left


def test_the_variables_of_the_command_count_for_its_file(folder):
    (folder / 'conf.py').write_text('import os\nbind = ":" + os.environ.get("PORT", "8000")\n'
                                    'workers = int(os.environ.get("WORKERS", 1))\n')
    (folder / 'Procfile').write_text('web: env PORT=9000 gunicorn -c conf.py a:b\n')
    said = convert('Procfile', folder=folder).stdout
    assert 'address: http://0.0.0.0:9000' in said and 'processes: ${WORKERS:-1}' in said


def test_what_the_standard_library_can_do_without_is_not_missing(folder):
    (folder / 'gunicorn.conf.py').write_text('import copy, pickle\nimport nothing_such\n')
    said = convert('gunicorn.conf.py', folder=folder).stdout
    assert 'not installed here: nothing_such. Stand-ins' in said


def test_a_result_that_cannot_be_started_is_told(folder):
    (folder / 'a.ini').write_text('[uwsgi]\nemperor = /etc/vassals\n')
    done = convert('a.ini', folder=folder)
    assert 'the result is not complete: it has no listen and no app.module' in done.stderr
    assert 'convert each of' in done.stdout


@pytest.mark.parametrize('head', [
    'import os\ndef env(name):\n    return os.environ.get(name)\n',
    'from os import environ as e\nenv = e.get\n', 'from os import getenv as env\n'])
def test_what_a_function_of_the_file_does_not_find_is_told(folder, head):
    (folder / 'gunicorn.conf.py').write_text(
        f'{head}certfile = env("CERT")\nuser, x = env("RUN_AS"), env("OTHER")\ngroup = None\n')
    done = convert('gunicorn.conf.py', folder=folder)
    assert done.returncode == 1
    assert 'certfile = env("CERT"), user' in done.stderr
    assert 'it depends on CERT, which' in done.stdout and 'group' not in done.stderr


def test_what_another_module_does_not_find_is_told(folder):
    (folder / 'base.py').write_text('import os\ncertfile = os.environ.get("CERT")\n')
    (folder / 'gunicorn.conf.py').write_text('from base import *\n')
    done = convert('gunicorn.conf.py', folder=folder)
    assert done.returncode == 1 and 'depends on CERT' in done.stdout
