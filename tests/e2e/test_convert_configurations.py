# SPDX-License-Identifier: MIT
"""Configurations of many kinds of projects: each is converted, checked, started and asked once."""
import os
import re
import subprocess

import pytest

from harness import uwsgi
from harness.conversions import CASES, Case, convert_case
from harness.limits import GEVENTD
from harness.network import has_ipv6


@pytest.fixture
def case(request, make_server):
    server = make_server()
    server.folder.chmod(0o755)
    server.folder.parent.chmod(0o755)
    case = Case(request.param, server.folder)
    if case.all('root') and os.getuid() != 0:
        pytest.skip('needs root')
    if case.all('ipv6') and not has_ipv6():
        pytest.skip('this machine has no IPv6')
    case.server = server
    return case


def wanted_in(case, result):
    """The texts of `want`, `left` and `do` that the result lacks."""
    keys, _, left = result.partition('# Not taken over')
    left = ' '.join(left.replace('THIS PROTECTS: ', '').replace('\n#', ' ').split())
    return [text for text in case.all('want') if text not in keys] + [
        text for text in case.all('left') if not re.search(f'[-;] {re.escape(text)}', left)] + [
        text for text in case.all('do') if text not in left]


def ask(server, index, path):
    address = server.addresses[index]
    if not address.startswith('uwsgi'):
        return server.get(path, index=index).text
    with server.raw(index=index) as client:
        client.send(uwsgi.request(path))
        return client.read_all().decode()


@pytest.mark.parametrize('case', CASES, ids=lambda path: path.stem, indirect=True)
def test_a_configuration_moves_over(case):
    case.write()
    done = convert_case(case)
    assert done.returncode == int(case.one('exit', '0')), done.stderr
    assert wanted_in(case, done.stdout) == [], done.stdout
    case.server.write_config(done.stdout)
    arguments = ['-c', str(case.server.config_path), '--set', f'control={case.server.control_path}']
    for setting in case.all('set'):
        arguments += ['--set', setting]
    check = subprocess.run([GEVENTD, *arguments, '--check'], cwd=case.folder, check=False,
                           env=case.server.environment(case.environment), capture_output=True,
                           text=True)
    assert check.returncode == 0, check.stdout + check.stderr
    case.server.start(arguments, environment=case.environment)
    body = ask(case.server, int(case.one('index', '0')), case.one('ask', '/'))
    path, _ = case.applications()[-1]
    assert f'hello from {path}' in body
