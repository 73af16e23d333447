# SPDX-License-Identifier: MIT
"""uWSGI's own Python programs under geventd, and signals to and from a real uWSGI server.

The programs come from uWSGI's source archive on PyPI, whose hash is known; Debian's has them in
Python 2."""
import hashlib
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

import pytest

from harness import apps, services
from harness.evaluate import application, ask
from harness.limits import DEADLINE

ARCHIVE = 'uwsgi-2.0.30'
DIGEST = 'c12aa652124f062ac216077da59f6d247bd7ef938234445881552e58afb1eb5f'
KEPT = pathlib.Path(tempfile.gettempdir()) / 'geventd-uwsgi-source'
UWSGI = services.find('uwsgi')

SERVED_BY_UWSGI = '''
import uwsgi


def handler(num):
    print('uWSGI has handled', num, flush=True)


uwsgi.register_signal(17, '', handler)
'''


def is_known(archive):
    return archive.exists() and hashlib.sha256(archive.read_bytes()).hexdigest() == DIGEST


@pytest.fixture(scope='session')
def source(tmp_path_factory):
    """A function that returns the text of a file of uWSGI's source archive, which it keeps."""
    folder = tmp_path_factory.mktemp('source')
    archive = KEPT / f'{ARCHIVE}.tar.gz'
    if not is_known(archive):
        (folder / 'wanted').write_text(f'uwsgi==2.0.30 --hash=sha256:{DIGEST}')
        result = subprocess.run(
            ['/usr/bin/python3', '-m', 'pip', 'download', '--quiet', '--no-binary', ':all:',
             '--no-deps', '--no-build-isolation', '--require-hashes', '-d', str(folder), '-r',
             str(folder / 'wanted')], capture_output=True, text=True, timeout=300)
        if result.returncode != 0:
            pytest.skip(f"did not run: no uWSGI source from PyPI: {result.stderr[-300:]}")
        KEPT.mkdir(exist_ok=True)
        shutil.move(folder / archive.name, KEPT / f'{folder.parent.name}.tmp')
        (KEPT / f'{folder.parent.name}.tmp').rename(archive)

    def read(name):
        with tarfile.open(archive) as files:
            return files.extractfile(f'{ARCHIVE}/{name}').read().decode()
    return read


def test_ugevent(server, source):
    text = re.sub(r'^(\s+)yield (.*)$', r'\1yield (\2).encode()', source('tests/ugevent.py'),
                  flags=re.M)
    running = server(text, {'app': {'module': 'app'}, 'workers': {'processes': 2, 'cores': 100}})
    answer = running.request('GET', '/', index=0)
    assert answer.status == 200
    assert answer.text.startswith('sleeping for 3 seconds...<br/>done<br>getting some ips...<br/>')
    assert answer.text.count('ip = ') == 4
    running.wait_log('background task 9')
    running.wait_log(r'hello i am signal 17, i am here because the background job is finished')
    running.wait_log(r'10 seconds elapsed, signal 0 raised')
    since = running.log.mark()
    with tempfile.TemporaryDirectory(prefix='gd-', dir='/tmp'):
        running.wait_log(r'/tmp has been touched, i am the greenlet <.*> running on worker [12]',
                         since=since)


def test_timers(make_server, source):
    running = make_server()
    running.write_app(source('t/python/timers.py'), 'timers.py')
    running.write_app('import timers\n' + apps.HELLO)
    running.write_config()
    running.start()
    assert running.get('/').status == 200
    running.wait_log('^500 ms timer$', count=3)


@pytest.mark.skipif(UWSGI is None, reason='did not run: there is no uWSGI here')
def test_an_application_signals_a_real_uwsgi_server(server, folder):
    home = folder / 'uwsgi'
    home.mkdir()
    (home / 'app.py').write_text(SERVED_BY_UWSGI)
    path = str(home / 'uwsgi.sock')
    arguments = [UWSGI, '--plugin', 'python3', '--plugin', 'gevent_python3', '--plugin', 'signal',
                 '--socket', path, '--socket', (tcp := f'127.0.0.1:{services.free_port()}'),
                 '--gevent', '5', '--master', '--module', 'app', '--die-on-term']
    running = server(application())
    with services.running(arguments, path, home):
        services.wait_text(home / 'uwsgi.log', 'spawned uWSGI worker')
        for count, node in enumerate((path, tcp), 1):
            assert ask(running, f'uwsgi.signal(17, {node!r})') is None
            services.wait_text(home / 'uwsgi.log', 'uWSGI has handled 17\n' * count)
    assert ask(running, f'uwsgi.signal(17, {tcp!r})').startswith('OSError')


@pytest.mark.skipif(UWSGI is None, reason='did not run: there is no uWSGI here')
def test_uwsgis_program_signals_geventd(server):
    running = server(application("uwsgi.register_signal(17, '', lambda num: say('got', num))"), {
        'listen': ['http://127.0.0.1:0', 'uwsgi://127.0.0.1:0', 'uwsgi+unix:app.sock']})
    for count, node in enumerate(('%s:%d' % running.address(1), running.address(2)), 1):
        result = subprocess.run([UWSGI, '--signal', f'{node},17'], capture_output=True,
                                timeout=DEADLINE)
        assert result.returncode == 0, result
        running.wait_log('^got 17$', count=count)
