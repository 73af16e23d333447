# SPDX-License-Identifier: MIT
"""uWSGI's own examples of WebSockets, of its newest source archive. Those that are in Python 2 are
translated; nothing else is changed but where Redis is. OTHER_LOOPS names those that are not run."""
import contextlib
import re
import subprocess
import tarfile

import pytest
from redis import Redis

from harness.limits import DEADLINE, PYTHON
from harness.websockets import connect

# Python 3 has a function print(), and Redis' answers are bytes there.
TRANSLATION = [(r'print (".*)$', r'print(\1)'), (r"== 'message'", "== b'message'")]
# Those that are not run, and why.
OTHER_LOOPS = {
    'websockets_chat_async.py': "it needs uWSGI's own loop (--async, wait_fd_read, suspend)",
    'websockets_chat_asyncio.py': "it needs uWSGI's loop of asyncio (--asyncio, --greenlet)",
}
RUN = {'websockets.py', 'websockets_chat.py', 'websockets_chat_2.py', 'websockets_echo.py'}
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


def join(running, count=3):
    return [connect(running, '/foobar/') for _ in range(count)]


def say_and_hear(clients):
    """One after the other says something, and all hear it."""
    for number, speaker in enumerate(clients):
        speaker.send(f'ciao {number}')
        for client in clients:
            assert f'ciao {number}' in client.recv()
    for client in clients:
        client.close()


def test_echo(server, examples):
    say_and_hear(join(server((examples / 'websockets_echo.py').read_text()), 1))


def test_echo_by_a_queue(server, examples):
    say_and_hear(join(server(translated(examples / 'websockets.py')), 1))


def test_chat_with_redis(server, examples, redis):
    place = (REDIS[0], REDIS[1].format(str(redis)))
    running = server(translated(examples / 'websockets_chat.py', place))
    with contextlib.closing(Redis.from_url(f'unix://{redis}', socket_timeout=DEADLINE)) as store, \
            store.monitor() as monitor:
        clients = join(running)
        commands = (each['command'].upper() for each in monitor.listen())
        for _ in clients:
            next(each for each in commands if each.startswith('SUBSCRIBE'))
    say_and_hear(clients)


def test_chat_of_greenlets(server, examples):
    running = server(translated(examples / 'websockets_chat_2.py'))
    say_and_hear(join(running))
    for _ in range(3):
        running.wait_log('bye bye')


def test_no_example_is_forgotten(examples):
    assert {path.name for path in examples.glob('*.py')} == RUN | set(OTHER_LOOPS)
