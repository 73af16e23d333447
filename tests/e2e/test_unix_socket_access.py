# SPDX-License-Identifier: MIT
"""`mode` and `owner` of unix sockets."""
import grp
import os
import pwd
import stat

import pytest

from harness import program
from harness.apps import HELLO

as_root = pytest.mark.skipif(os.geteuid() != 0, reason='only root may give sockets away')


def listen(**options):
    return {'listen': {'address': 'http+unix:app.sock', **options}}


@pytest.mark.parametrize('mode', ['0600', '0660', '0666'])
def test_the_mode_is_as_configured(server, mode):
    running = server(HELLO, listen(mode=mode))
    status = (running.folder / 'app.sock').stat()
    assert stat.S_IMODE(status.st_mode) == int(mode, 8)
    assert running.get('/').body == b'hello'


@as_root
@pytest.mark.parametrize('owner, expected', [
    ('nobody', (65534, None)), ('nobody:www-data', (65534, 33)), ('33:33', (33, 33))])
def test_the_owner_is_as_configured(server, owner, expected):
    status = (server(HELLO, listen(owner=owner)).folder / 'app.sock').stat()
    user, group = expected
    assert status.st_uid == user
    assert group is None or status.st_gid == group


def test_without_mode_and_owner_the_group_may_connect(server):
    running = server(HELLO, listen())
    assert stat.S_IMODE((running.folder / 'app.sock').stat().st_mode) == 0o660
    running.wait_log(r'ready: .* http\+unix:\S*app\.sock \(\S+:\S+ 0660\)')


@as_root
@pytest.mark.parametrize('group, expected', [(None, 'www-data'), ('games', 'games')])
def test_without_mode_and_owner_it_belongs_to_the_workers_user(make_server, group, expected):
    made = make_server()
    made.write_app(HELLO)
    made.folder.parent.chmod(0o755)
    made.folder.chmod(0o755)
    process = {'user': 'www-data', **({'group': group} if group else {})}
    made.write_config({**listen(), 'process': process})
    made.start()
    made.wait_log(rf'ready: .*\(www-data:{expected} 0660\)')
    status = (made.folder / 'app.sock').stat()
    assert (pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name) == (
        'www-data', expected)


def test_a_reload_changes_the_mode_and_keeps_the_socket(server):
    running = server(HELLO, listen(mode='0600'))
    path = running.folder / 'app.sock'
    before = path.stat()
    running.write_config(listen(mode='0666'))
    result = running.ctl('reload')
    assert result.returncode == 0, result.stderr
    after = path.stat()
    assert (after.st_ino, stat.S_IMODE(after.st_mode)) == (before.st_ino, 0o666)


@as_root
def test_an_unknown_owner_is_an_error_that_names_it(make_server):
    made = make_server()
    made.write_app(HELLO)
    made.write_config(listen(owner='nobody-has-this-name'))
    code, output = program.check(made)
    assert code == 1
    assert 'nobody-has-this-name' in output
