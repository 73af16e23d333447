# SPDX-License-Identifier: MIT
"""systemd's units: the sockets that a service is given, and how it is told to stop."""
import pytest
from convert.answer import answer
from convert.read.command_files import from_unit
from convert.read.sources import read_command
from convert.read.supervisord import from_supervisord

from harness.conversions import convert

SERVICE = '[Unit]\n{}\n[Service]\nEnvironment=PORT=8000\nExecStart=/bin/{}\n'


def draft_of(command):
    return answer(read_command(command, 'python3', {}, 'x'))


def sockets(folder, ask, words, socket=''):
    """[(address, name at systemd)] and the draft."""
    if socket:
        (folder / 'a.socket').write_text(f'[Socket]\n{socket}\n')
    draft = draft_of(from_unit(SERVICE.format(ask, words), f'{folder}/a.service'))
    return [(entry.address, entry.keys['systemd'].value if 'systemd' in entry.keys else '')
            for entry in draft.listeners], draft


@pytest.mark.parametrize('ask', ['Requires=a.socket', 'BindsTo=b.target a.socket', '',
                                 'Wants=docker.socket\n[Service]\nSockets=a.socket'])
def test_gunicorn_takes_systemds_sockets_instead_of_its_own(folder, ask):
    found, draft = sockets(folder, ask, 'gunicorn -b 10.0.0.1:80 a:b',
                           'ListenStream=/run/a.sock\nListenStream=81\n# no\nSocketMode=0600')
    assert found == [('http+unix:/run/a.sock', 'a.socket'), ('http://[::]:81', 'a.socket')]
    assert 'mode' not in draft.listeners[0].keys
    assert 'instead of -b 10.0.0.1:80' in ' '.join(draft.listeners[0].comments)


def test_a_socket_unit_that_is_not_there_opens_no_public_port(folder):
    found, draft = sockets(folder, 'Requires=a.socket', 'gunicorn a:b')
    assert found == [('http://127.0.0.1:8000', 'a.socket')]
    assert any('ListenStream=' in remark for remark in draft.remarks)
    assert sockets(folder, 'Requires=docker.socket', 'gunicorn a:b')[0] == [
        ('http://0.0.0.0:${PORT:-8000}', '')]


def test_a_name_of_a_descriptor_counts(folder):
    assert sockets(folder, '', 'gunicorn a:b', 'ListenStream=@x\nFileDescriptorName=web')[0] == [
        ('http+unix:@x', 'web')]


def test_uwsgi_listens_at_its_own_sockets_as_well(folder):
    found, _ = sockets(folder, 'Requires=a.socket', 'uwsgi --http :80 -s /run/a.sock -w a',
                       'ListenStream=/run/a.sock')
    assert found == [('uwsgi+unix:/run/a.sock', 'a.socket'), ('http://0.0.0.0:80', '')]


def test_how_the_unit_stops_the_server_is_told():
    command = from_unit('[Service]\nExecStop=/bin/kill -INT $MAINPID\nTimeoutStopSec=5\n'
                        'ExecStart=/bin/gunicorn a:b\n', 'x.service')
    assert any(remark.startswith('Leave ExecStop=/bin/kill -INT $MAINPID out: ')
               for remark in command.remarks)
    # systemd hears from geventd how long it takes.
    assert 'These lines stay in the unit: TimeoutStopSec=5.' in command.remarks


@pytest.mark.parametrize('text, told', [
    ('', 'supervisord\'s default is stopwaitsecs=10'), ('stopwaitsecs=20', 'stopwaitsecs=20'),
    ('stopwaitsecs=35', '')])
def test_a_stop_that_supervisord_cuts_short_is_told(text, told):
    draft = draft_of(from_supervisord(
        f'[program:a]\n{text}\ncommand=gunicorn --graceful-timeout 30 a:b\n', 'x'))
    said = [remark for remark in draft.remarks if 'a stop is cut short' in remark]
    assert [remark.partition(':')[0] for remark in said] == ([told] if told else [])
    assert not said or 'it may take 35 s' in said[0]


def test_a_socket_unit_may_take_its_addresses_back(folder):
    (folder / 'x.service').write_text('[Unit]\nRequires=x.socket\n[Service]\n'
                                      'ExecStart=/usr/bin/gunicorn a:b\n')
    (folder / 'x.socket').write_text('[Socket]\nListenStream=1\nListenStream=\nListenStream=80\n'
                                     'ListenStream=vsock::5\n')
    said = convert('x.service', folder=folder).stdout
    assert said.count('address: ') == 1 and 'address: "http://[::]:80"' in said


def test_a_template_of_a_unit_is_told(folder):
    (folder / 'x@.service').write_text('[Service]\nExecStart=gunicorn -b unix:/run/%i.sock a:b\n')
    assert 'puts nothing in for %i' in convert('x@.service', folder=folder).stdout
    (folder / 'x@shop.service').write_text((folder / 'x@.service').read_text())
    said = convert('x@shop.service', folder=folder).stdout
    assert '/run/shop.sock' in said and '%i' not in said
