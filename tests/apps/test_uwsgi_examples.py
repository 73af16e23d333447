# SPDX-License-Identifier: MIT
"""uWSGI's own examples of WebSockets, of its newest source archive. Those that are in Python 2 are
translated; nothing else is changed but where Redis is."""
import re
import subprocess
import tarfile

import pytest

from harness.limits import PYTHON
from harness.websockets import connect

# Python 3 has a function print(), and Redis' answers are bytes there.
TRANSLATION = [(r'print (".*)$', r'print(\1)'), (r"== 'message'", "== b'message'")]
REDIS = (r"redis\.StrictRedis\(.*\)", "redis.StrictRedis(unix_socket_path={!r})")


@pytest.fixture(scope='module')
def examples(tmp_path_factory):
    """The folder with the examples."""
    folder = tmp_path_factory.mktemp('uwsgi')
    done = subprocess.run([PYTHON, '-m', 'pip', '--disable-pip-version-check', 'download',
                           '--quiet', '--no-deps', '--no-binary', ':all:', '-d', folder, 'uwsgi'],
                          capture_output=True, text=True, check=False)
    archive = next(folder.glob('uwsgi-*.tar.gz'), None)
    if archive is None:
        pytest.skip(f'not to be had from the package index: {done.stderr[-300:]}')
    with tarfile.open(archive) as members:
        for member in members:
            if re.search(r'/tests/websockets\w*\.py$', member.name):
                member.name = member.name.rpartition('/')[2]
                members.extract(member, folder)
    return folder


def translated(path, *more):
    source = path.read_text()
    for pattern, replacement in [*TRANSLATION, *more]:
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return source


def say_and_hear(running, count=3):
    """Each of some clients says something, and all hear it."""
    clients = [connect(running, '/foobar/') for _ in range(count)]
    for client in clients:
        client.send('ciao')
    for client in clients:
        heard = [client.recv() for _ in range(count)]
        assert all('ciao' in text for text in heard), heard
    for client in clients:
        client.close()


def test_echo(server, examples):
    running = server((examples / 'websockets_echo.py').read_text())
    assert 'new WebSocket("ws://' in running.get('/').text
    say_and_hear(running, count=1)


def test_chat_with_redis(server, examples, redis):
    place = (REDIS[0], REDIS[1].format(str(redis)))
    running = server(translated(examples / 'websockets_chat.py', place))
    say_and_hear(running)


def test_chat_of_greenlets(server, examples):
    running = server(translated(examples / 'websockets_chat_2.py'))
    say_and_hear(running)
    for _ in range(3):
        running.wait_log('bye bye')
