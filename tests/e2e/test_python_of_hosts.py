# SPDX-License-Identifier: MIT
"""What an application finds around itself is the same whatever hosts it: the program that embeds
CPython, or python3 that has loaded geventd's module."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from harness import procfs
from harness.apps import HELLO
from harness.evaluate import application, ask
from harness.limits import GEVENTD, IS_MODULE, PYTHON
from harness.program import check

PRELUDE = '''
import __main__
import json
import multiprocessing
import signal
import sys
import traceback

main = sorted(vars(__main__))
stack = [frame.filename for frame in traceback.extract_stack()]
'''

# What runs the application, or whose CPython is embedded.
INTERPRETER = GEVENTD.parent / 'python3' if IS_MODULE else PYTHON
PRELOADS = pytest.mark.parametrize('preload', [True, False])


def start(server, preload=True, **app):
    return server(application(PRELUDE), {'app': {'preload': preload, **app}})


@PRELOADS
def test_no_script_is_seen(server, preload):
    running = start(server, preload)
    assert ask(running, 'sys.argv') == ['geventd']
    names = ask(running, 'main')
    assert not {'__file__', 'main', 'os'} & set(names) and '__loader__' in names
    path = ask(running, 'sys.path')
    assert path[0] == str(running.folder)
    assert not [folder for folder in path if os.path.exists(os.path.join(folder, 'worker.py'))]
    assert ask(running, 'geventd.__name__ if "geventd" in globals() else __import__("geventd").'
                        '__name__') == 'geventd'


def test_the_modules_names_are_the_same(server):
    running = start(server)
    names = set(ask(running, '[name for name in dir(__import__("geventd")) if name[0] != "_"]'))
    assert {'signal', 'add_cron', 'lock', 'QueueFull', 'SignalInfo'} <= names
    assert ask(running, '__import__("geventd").QueueFull.__module__') == 'geventd'


@PRELOADS
def test_the_environment_is_that_of_the_exec(server, preload):
    running = start(server, preload, environment={
        'COLOUR': 'red', 'PYTHONHASHSEED': '7', 'PYTHONOPTIMIZE': '1'})
    assert ask(running, 'os.environ["COLOUR"]') == 'red'
    seeded = subprocess.run([INTERPRETER, '-c', 'print(hash("geventd"))'], capture_output=True,
                            env={'PYTHONHASHSEED': '7'}, check=True)
    assert ask(running, 'hash("geventd")') == int(seeded.stdout)
    assert ask(running, 'sys.flags.optimize') == 1
    for pid in procfs.children(running.pid):
        assert b'COLOUR=red' in procfs.environ(pid).split(b'\0')


def test_a_library_that_is_loaded_before_all_others(server, folder):
    """By LD_PRELOAD of app.environment, as for another allocator."""
    (folder / 'before.c').write_text('int loaded_before_all_others;\n')
    library = folder / 'before.so'
    subprocess.run(['gcc', '-shared', '-o', library, folder / 'before.c'], check=True)
    running = start(server, environment={'LD_PRELOAD': str(library)})
    status = running.status()
    for pid in (status['generations'][0]['template_pid'], status['workers'][0]['pid']):
        assert str(library) in pathlib.Path(f'/proc/{pid}/maps').read_text()
    assert str(library) not in pathlib.Path(f'/proc/{running.pid}/maps').read_text()


def test_the_environment_changes_with_a_reload(server):
    running = start(server, environment={'COLOUR': 'red'})
    running.write_config({'app': {'environment': {'OTHER': 'blue'}}})
    assert running.ctl('reload').returncode == 0
    assert ask(running, '(os.environ.get("COLOUR"), os.environ.get("OTHER"))') == (None, 'blue')


def test_the_servers_short_name_and_title(server):
    running = start(server)
    worker, = running.workers()
    assert 'worker 1' in procfs.command(worker)
    for pid in procfs.children(running.pid):
        with open(f'/proc/{pid}/comm') as comm:
            assert comm.read() == 'geventd-worker\n'
        program = os.path.basename(os.readlink(f'/proc/{pid}/exe'))
        assert program.startswith('python3' if IS_MODULE else 'geventd-worker')


def test_no_stack_shows_the_server_below_the_application(server):
    running = start(server)
    told = running.stacks('--json').stdout
    found = json.loads(told)['workers'][0]['found']
    assert 'main' in {greenlet['kind'] for greenlet in found['greenlets']}
    assert 'worker.py' not in told


def test_a_module_that_hangs_is_told_without_the_servers_calls(make_server):
    made = make_server()
    made.write_app('import threading\nthreading.Event().wait()\n')
    made.write_config({'limits': {'load-time': '5s'}, 'app': {'monkey-patch': 'none'}})
    made.start_in_vain(r'was not ready after \S+ s \(limits.load-time\)')
    assert 'app.py", line 2 in <module>' in made.log.text()
    assert 'worker.py' not in made.log.text()


@pytest.fixture
def with_package():
    """Runs the interpreter outside of the server, where it finds the package geventd."""
    if not IS_MODULE:
        pytest.skip('the program that embeds CPython comes without a package')
    packages, = GEVENTD.parents[1].glob('lib/python3.*/site-packages')

    def run(*arguments, python=INTERPRETER, **options):
        return subprocess.run(
            [python, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={'PYTHONPATH': str(packages), 'PYTHONDONTWRITEBYTECODE': '1'}, **options)
    return run


@pytest.mark.parametrize('arguments', [
    ['-c', 'import geventd'], ['-m', 'shop'], ['-m', 'shop.orders'], ['-m', 'shop', 'geventd']])
def test_outside_of_the_server_the_package_says_what_it_is(with_package, arguments, tmp_path):
    (tmp_path / 'shop').mkdir()
    (tmp_path / 'shop/__init__.py').write_text('import geventd\n')
    for name in ('__main__', 'orders'):
        (tmp_path / f'shop/{name}.py').touch()
    said = with_package(*arguments, cwd=tmp_path).stderr
    assert 'ImportError: geventd cannot be used' in said


@pytest.mark.parametrize('arguments', [['-m', 'geventd'], ['-mgeventd'], ['-Bsm', 'geventd']])
def test_python_m_geventd_is_the_program_installed_with_the_package(with_package, arguments):
    assert with_package(*arguments, '--version').stdout.startswith('geventd ')


def test_python_m_geventd_serves_in_the_environment_of_its_interpreter(with_package, tmp_path):
    """Though the package lies outside."""
    subprocess.run([INTERPRETER, '-m', 'venv', '--system-site-packages', '--without-pip', 'venv'],
                   cwd=tmp_path, check=True)
    (tmp_path / 'app.py').write_text(HELLO)
    result = with_package('-m', 'geventd', '--check', '--set', 'app=app', '--set',
                          'listen=http://127.0.0.1:0', python=tmp_path / 'venv/bin/python',
                          cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f' of {tmp_path}/venv/bin/python3, from VIRTUAL_ENV\n' in result.stdout


@PRELOADS
def test_an_output_of_a_sitecustomize_is_taken_as_it_is(server, folder, preload):
    """Also if nobody can set the length of its lines."""
    (folder / 'sitecustomize.py').write_text('''
import sys


class Output:
    def __init__(self, stream):
        self.write, self.flush, self.fileno = stream.write, stream.flush, stream.fileno


sys.stdout = Output(sys.stdout)
''')
    running = start(server, preload, environment={'PYTHONPATH': str(folder)})
    assert ask(running, 'type(sys.stdout).__name__') == 'Output'


def test_the_ready_line_and_check_tell_which_python(server):
    running = start(server)
    told = f' of {INTERPRETER}' if IS_MODULE else ', embedded'
    running.wait_log(rf' ready: .* \(CPython \d[.\d]+{told}[,)]')
    code, output = check(running)
    assert code == 0
    assert re.search(rf'the application runs on CPython 3[.\d]+{told}(,|$)', output, re.M)
