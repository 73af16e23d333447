# SPDX-License-Identifier: MIT
"""The keys of `app`, each shown by its effect."""
import sys
import zipfile

import pytest

from harness.apps import HELLO

SAY = '''
def say(text):
    def application(environ, start_response):
        body = str(text() if callable(text) else text).encode()
        start_response('200 OK', [('Content-Length', str(len(body)))])
        return [body]
    return application
'''


@pytest.mark.parametrize('module, text', [
    ('forms', 'application'), ('forms:other', 'other'), ('forms:make()', 'made'),
    ('forms:holder.app', 'held'), ('sub/script.wsgi', 'script'), ('script.wsgi', 'script'),
    ('only_app', 'app'), ('mysite.wsgi:application', 'a module called wsgi'),
])
def test_module_takes_every_form(make_server, module, text):
    made = make_server()
    made.write_app(SAY, 'saying.py')
    made.write_app('''
from saying import say

application = say('application')
other = say('other')


def make():
    return say('made')


class holder:
    app = say('held')
''', 'forms.py')
    made.write_app("from saying import say\napplication = say('script')\n", 'sub/script.wsgi')
    made.write_app("from saying import say\napplication = say('script')\n", 'script.wsgi')
    made.write_app("from saying import say\napp = say('app')\n", 'only_app.py')
    made.write_app("from saying import say\napplication = say('a module called wsgi')\n",
                   'mysite/wsgi.py')
    made.write_config({'app': {'module': module}})
    assert made.start().get('/').text == text


def test_chdir_is_where_the_application_runs(make_server):
    made = make_server()
    made.write_app(SAY + 'import os\napplication = say(os.getcwd)\n', 'elsewhere/app.py')
    made.write_config({'app': {'chdir': str(made.folder / 'elsewhere')}})
    assert made.start(cwd='/').get('/').text == str(made.folder / 'elsewhere')


def test_chdir_is_relative_to_the_file(make_server):
    made = make_server()
    made.write_app(SAY + 'import os\napplication = say(os.getcwd)\n', 'elsewhere/app.py')
    made.write_config({'app': {'chdir': 'elsewhere'}})
    assert made.start(cwd='/').get('/').text == str(made.folder / 'elsewhere')


def test_python_path_is_searched_first(make_server):
    made = make_server()
    made.write_app(SAY + "application = say('first')\n", 'first/pathy.py')
    made.write_app(SAY + "application = say('last')\n", 'pathy.py')
    made.write_config({'app': {'module': 'pathy', 'python-path': ['first']}})
    assert made.start().get('/').text == 'first'


def test_environment_is_the_applications(make_server):
    made = make_server()
    made.write_app('import os\nseen = os.environ["COLOUR"]\n' + SAY + 'application = say(seen)\n')
    made.write_config({'app': {'environment': {'COLOUR': 'green'}}})
    assert made.start().get('/').text == 'green'


@pytest.mark.parametrize('preload, imports', [(True, 1), (False, 3)])
def test_preload_imports_once_for_all_workers(server, preload, imports):
    running = server('print("imported now", flush=True)\n' + HELLO,
                     {'app': {'preload': preload}, 'workers': {'processes': 3}})
    assert running.log.text().count('imported now') == imports


def test_python_picks_the_worker(make_server):
    made = make_server()
    made.write_app('import sys\n' + SAY + 'application = say(sys.version.split()[0])\n')
    made.write_config({'app': {'python': '3.11'}})
    assert made.start().get('/').text.startswith('3.11')


def test_a_python_without_a_worker_is_told(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'app': {'python': '3.2'}})
    made.expected_exit = 1
    made.expect_error('3.2')
    made.start(wait=False)
    assert made.wait_exit() == 1
    made.wait_log(r'3\.2')


PATCHED = '''
from gevent import monkey
AT_LOAD = sorted(n for n in ('socket', 'time', 'threading', 'ssl') if monkey.is_module_patched(n))
''' + SAY + '''
def now():
    found = [n for n in ('socket', 'time', 'threading', 'ssl') if monkey.is_module_patched(n)]
    return f'{" ".join(AT_LOAD)}/{" ".join(sorted(found))}'


application = say(now)
'''


@pytest.mark.parametrize('preload', [True, False])
@pytest.mark.parametrize('value, seen', [
    (None, 'socket ssl threading time/socket ssl threading time'),
    ('before-load', 'socket ssl threading time/socket ssl threading time'),
    ('before-start', '/socket ssl threading time'),
    ('none', '/'),
    (['socket', 'time'], 'socket time/socket time'),
])
def test_monkey_patch_in_all_its_forms(server, value, seen, preload):
    app = {'preload': preload}
    if value is not None:
        app['monkey-patch'] = value
    assert server(PATCHED, {'app': app}).get('/').text == seen


@pytest.mark.parametrize('used', [False, True])
def test_pkg_resources_is_there_for_those_who_import_it(server, used):
    running = server('import sys\n' + ('import pkg_resources\n' if used else '') + SAY + """
def now():
    module = sys.modules.get('pkg_resources')
    return 'absent' if module is None else f'{hasattr(module, "WorkingSet")}'


application = say(now)
""")
    assert running.get('/').text == ('True' if used else 'absent')


PLUGIN = {
    'some_plugin.py':
        'SEEN = []\n\n\ndef patched(event):\n    SEEN.append(type(event).__name__)\n',
    'INFO/entry_points.txt':
        '[gevent.plugins.monkey.did_patch_all]\nseen = some_plugin:patched\n',
    'INFO/PKG-INFO': 'Metadata-Version: 2.1\nName: some-plugin\nVersion: 1.0\n',
    'INFO/METADATA': 'Metadata-Version: 2.1\nName: some-plugin\nVersion: 1.0\n',
}


@pytest.mark.parametrize('place, info', [
    ('plugin', 'some_plugin-1.0.dist-info'), ('plugin', 'some_plugin.egg-info'),
    ('some_plugin.egg', 'EGG-INFO'), ('plugin.zip', 'some_plugin-1.0.dist-info')])
def test_plugins_of_gevent_are_called(make_server, place, info):
    """Plugins are entry points of installed packages, found on sys.path."""
    made = make_server()
    files = {name.replace('INFO/', info + '/', 1): text for name, text in PLUGIN.items()}
    if place.endswith('.zip'):
        with zipfile.ZipFile(made.folder / place, 'w') as archive:
            for name, text in files.items():
                archive.writestr(name, text)
    else:
        for name, text in files.items():
            made.write_app(text, f'{place}/{name}')
    made.write_app('import some_plugin\n' + SAY
                   + 'application = say(lambda: str(some_plugin.SEEN))\n')
    made.write_config({'app': {'python-path': [str(made.folder / place)]}})
    assert made.start().get('/').text == "['GeventDidPatchAllEvent']"


@pytest.mark.parametrize('preload', [True, False])
def test_an_application_may_patch_by_itself(server, preload):
    running = server('''
from gevent import monkey
monkey.patch_all()
import threading
import time


def application(environ, start_response):
    time.sleep(0.01)
    lock = threading.Lock()
    with lock:
        start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''', {'app': {'preload': preload, 'monkey-patch': 'none'}, 'workers': {'processes': 2}})
    assert running.get('/').body == b'ok'


def test_a_virtualenv_gives_its_packages(make_server):
    made = make_server()
    name = f'python{sys.version_info.major}.{sys.version_info.minor}'
    venv = made.folder / 'venv'
    made.write_app('home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.11.2\n',
                   'venv/pyvenv.cfg')
    made.write_app("COLOUR = 'from the virtualenv'\n",
                   f'venv/lib/{name}/site-packages/only_there.py')
    (venv / 'bin').mkdir()
    (venv / 'bin' / 'python3').symlink_to('/usr/bin/python3')
    made.write_app('import only_there, sys\n' + SAY
                   + 'application = say(lambda: f"{only_there.COLOUR} {sys.prefix}")\n')
    made.write_config({'app': {'virtualenv': str(venv)}})
    assert made.start().get('/').text == f'from the virtualenv {venv}'


@pytest.mark.parametrize('preload', [True, False])
def test_the_hub_may_be_used_while_loading(server, preload):
    """Its stack then begins deeper than the worker's own part."""
    running = server('''
import gevent

gevent.sleep(0.01)


def application(environ, start_response):
    gevent.sleep(0.01)
    start_response('200 OK', [('Content-Length', '2')])
    return [b'ok']
''', {'app': {'preload': preload}})
    assert [running.get('/').body for _ in range(3)] == [b'ok'] * 3
    assert running.stop() == 0


def test_greenlets_spawned_while_loading_are_warned_of(server):
    running = server(HELLO + '''
import gevent
gevent.spawn(gevent.sleep, 1000).name = 'ticker'
gevent.spawn(gevent.sleep, 0).join()
''', {'limits': {'drain-background': '0s'}})
    running.wait_log(r'warning template.*spawned greenlets while it was loaded \(ticker\)')


def test_using_the_hub_alone_is_no_hazard(server):
    running = server(HELLO + '''
import gevent.queue
gevent.queue.Queue().put(1)
gevent.sleep(0.01)
''')
    assert 'while it was loaded' not in running.log.text()
