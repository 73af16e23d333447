# SPDX-License-Identifier: MIT
"""The files of certificates: what is refused at the start, and how new ones are taken."""
import os
import pathlib
import subprocess

import pytest
from harness.apps import HELLO, HOLD
from harness.limits import GEVENTD
from harness.tls import Authority, TlsClient


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def https(*certificates, **keys):
    return {'address': 'https://127.0.0.1:0', 'certificates': list(certificates), **keys}


def serial(running, authority, host='one.test'):
    """The number of the certificate that a new connection gets."""
    with TlsClient(running.address(), authority.trusting(), host) as client:
        assert client.get('/').status == 200
        return client.socket.getpeercert()['serialNumber']


def wait_serial(running, authority, former):
    """Waits until new connections get another certificate."""
    while True:
        now = serial(running, authority)
        if now != former:
            return now


def start_in_vain(make_server, listen, why):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'listen': listen})
    made.start_in_vain(why)


def test_a_missing_file_is_named(make_server, authority):
    entry = authority.issue('one.test')
    os.unlink(entry['key'])
    start_in_vain(make_server, https(entry),
                  r'listen\[0\]\.certificates\[0\]\.key: .*-ec\.key cannot be read: No such')


def test_a_key_of_another_certificate_is_refused(make_server, authority):
    entry, other = authority.issue('one.test'), authority.issue('two.test')
    start_in_vain(make_server, https({**entry, 'key': other['key']}),
                  r'listen\[0\]\.certificates\[0\]: .*-ec\.pem is no certificate of this key')


def test_a_chain_in_the_wrong_order_is_refused(make_server, authority):
    entry = authority.issue('one.test')
    pem = pathlib.Path(entry['certificate'])
    pem.write_text(authority.path.read_text() + pem.read_text())
    start_in_vain(make_server, https(entry), 'begins with another certificate')


def test_an_expired_certificate_is_refused(make_server, authority):
    start_in_vain(make_server, https(authority.issue('one.test', days=-1)),
                  r'listen\[0\]\.certificates\[0\]: .*one\.test-ec\.pem has expired at 20')


def test_what_is_no_certificate_is_refused(make_server, authority):
    entry = authority.issue('one.test')
    pathlib.Path(entry['certificate']).write_text('nothing\n')
    start_in_vain(make_server, https(entry), 'holds no certificate, expected a PEM file')


def test_a_key_with_a_passphrase_needs_it(make_server, authority, tmp_path):
    entry = authority.issue('one.test', passphrase='secret')
    start_in_vain(make_server, https(entry), 'a private key with a passphrase')
    (tmp_path / 'word').write_text('wrong\n')
    start_in_vain(make_server, https({**entry, 'passphrase-file': str(tmp_path / 'word')}),
                  'the passphrase is another')


def test_ciphers_that_nobody_knows_are_refused(make_server, authority):
    start_in_vain(make_server, https(authority.issue('one.test'), ciphers='NONE-SUCH'),
                  r'listen\[0\]: ciphers: no cipher match')


def test_a_passphrase_from_a_file(server, authority, tmp_path):
    entry = authority.issue('one.test', passphrase='secret')
    (tmp_path / 'word').write_text('secret\n')
    running = server(HELLO, {'listen': https({**entry, 'passphrase-file': str(tmp_path / 'word')})})
    assert serial(running, authority)


def test_a_key_that_is_too_short_is_refused(make_server, authority):
    start_in_vain(make_server, https(authority.issue('one.test', kind='weak')),
                  r'listen\[0\]: .*one\.test-weak\.pem: ee key too small')


def test_a_new_key_that_is_too_short_is_not_used(server, authority):
    entry = authority.issue('one.test')
    running = server(HELLO, {'listen': https(entry)})
    former = serial(running, authority)
    running.expect_error('changed certificates cannot be used')
    authority.issue('one.test', kind='weak', file='one.test-ec')
    running.wait_log(r'cannot be used, the former ones stay: listen\[0\]: .*ee key too small')
    assert serial(running, authority) == former


@pytest.mark.parametrize('wish, why', [({'days': -1}, 'has expired'),
                                       ({'kind': 'weak'}, 'ee key too small')])
def test_the_check_refuses_what_the_start_refuses(make_server, authority, wish, why):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'listen': https(authority.issue('one.test', **wish))})
    checked = subprocess.run([GEVENTD, '--check', '-c', made.config_path], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert checked.returncode == 1
    assert why in checked.stdout


@pytest.mark.parametrize('listen, why', [
    ('https://127.0.0.1:0', 'certificates: is missing for https://'),
    ({'address': 'http://127.0.0.1:0', 'certificates': 'x.pem'}, 'is for https:// addresses'),
    ({'address': 'uwsgi://127.0.0.1:0', 'ciphers': 'HIGH'}, 'is for https:// addresses'),
    ({'address': 'https://127.0.0.1:0', 'certificates': [{'key': 'x.key'}]},
     r'certificates\[0\]\.certificate: is missing'),
    ({'address': 'https://127.0.0.1:0', 'certificates': 'x.pem', 'client-certificates': 'require'},
     'client-ca: is missing'),
    ({'address': 'https://127.0.0.1:0', 'certificates': 'x.pem', 'client-ca': 'x.pem'},
     'expected client-certificates'),
])
def test_contradictions_are_refused_with_their_line(make_server, listen, why):
    start_in_vain(make_server, listen, r'server\.yaml:\d+:\d+: listen\[0\]\..*' + why)


def test_sessions_in_one_worker_need_plain_addresses(make_server, authority):
    made = make_server()
    made.write_app(HELLO)
    made.write_config({'listen': https(authority.issue('one.test')), 'sticky': {'query': 'sid'}})
    made.start_in_vain(r'sticky: cannot hand connections of https://.* to another worker')


def test_new_files_are_taken_while_connections_live(server, authority):
    entry = authority.issue('one.test')
    running = server(HOLD, {'listen': https(entry), 'workers': {'processes': 2}})
    former = serial(running, authority)
    with TlsClient(running.address(), authority.trusting(), 'one.test') as kept:
        assert kept.get('/kept').body == b'/kept'
        workers = running.workers()
        authority.issue('one.test')
        running.wait_log(r'one\.test-ec\.pem has changed: one\.test is valid until 20')
        wait_serial(running, authority, former)
        assert kept.get('/still').body == b'/still'
    assert [w['pid'] for w in running.workers()] == [w['pid'] for w in workers]


def test_a_worker_that_starts_later_has_the_new_ones(server, authority):
    entry = authority.issue('one.test')
    running = server(HOLD, {'listen': https(entry)})
    former = serial(running, authority)
    authority.issue('one.test')
    newer = wait_serial(running, authority, former)
    pid = running.workers()[0]['pid']
    os.kill(pid, 9)
    running.expect_error('.')
    running.wait_workers(1, without=[pid])
    assert serial(running, authority) == newer


def test_links_are_followed_as_certbot_and_kubernetes_use_them(server, authority, tmp_path):
    for number in ('1', '2'):
        (tmp_path / number).mkdir()
        entry = authority.issue('one.test')
        os.rename(entry['certificate'], tmp_path / number / 'tls.crt')
        os.rename(entry['key'], tmp_path / number / 'tls.key')
    (tmp_path / '..data').symlink_to('1')
    for name in ('tls.crt', 'tls.key'):
        (tmp_path / name).symlink_to(f'..data/{name}')
    running = server(HELLO, {'listen': https(
        {'certificate': str(tmp_path / 'tls.crt'), 'key': str(tmp_path / 'tls.key')})})
    former = serial(running, authority)
    (tmp_path / '..data_tmp').symlink_to('2')
    os.rename(tmp_path / '..data_tmp', tmp_path / '..data')
    wait_serial(running, authority, former)


def test_a_key_may_come_after_its_certificate(server, authority):
    entry = authority.issue('one.test')
    running = server(HELLO, {'listen': https(entry), 'log': {'level': 'debug'}})
    former = serial(running, authority)
    other = authority.issue('one.test', file='other')
    os.rename(other['certificate'], entry['certificate'])
    running.wait_log('changed certificates cannot be used yet: .*is no certificate of this key')
    os.rename(other['key'], entry['key'])
    wait_serial(running, authority, former)
    assert 'the former ones stay' not in running.log.text()


def test_broken_files_change_nothing_and_are_told(server, authority):
    entry = authority.issue('one.test')
    running = server(HELLO, {'listen': https(entry)})
    former = serial(running, authority)
    running.expect_error('changed certificates cannot be used')
    pathlib.Path(entry['certificate']).write_text('broken\n')
    running.wait_log('changed certificates cannot be used, the former ones stay: '
                     r'listen\[0\]\.certificates\[0\]')
    assert serial(running, authority) == former
    authority.issue('one.test')
    wait_serial(running, authority, former)


def test_a_response_that_clients_would_refuse_is_left_out(server, authority, tmp_path):
    (tmp_path / 'staple.der').write_bytes(b'nothing')
    running = server(HELLO, {'listen': https(
        {**authority.issue('one.test'), 'ocsp': str(tmp_path / 'staple.der')})})
    running.wait_log(r'listen\[0\]\.certificates\[0\]\.ocsp: .*staple\.der is no OCSP response')
    assert serial(running, authority)
    assert running.log.text().count('is no OCSP response') == 1


def test_a_reload_with_broken_files_fails(server, authority):
    entry = authority.issue('one.test')
    running = server(HELLO, {'listen': https(entry)})
    former = serial(running, authority)
    other = authority.issue('two.test')
    running.write_config({'listen': https({**entry, 'key': other['key']})})
    running.expect_error('the reload failed')
    assert running.ctl('reload').returncode != 0
    assert serial(running, authority) == former


def test_the_expiry_is_warned_of_and_shown(server, authority):
    running = server(HELLO, {'listen': https(authority.issue('one.test', days=5))})
    running.wait_log(r'one\.test-ec\.pem expires on 20\d\d-\d\d-\d\d, in [45] days')
    shown = running.status()['certificates']
    assert [c['names'] for c in shown] == [['one.test']]
    assert shown[0]['expires'].startswith('20')
    assert shown[0]['file'].endswith('one.test-ec.pem')
    assert 4 * 86400 < shown[0]['left'] <= 5 * 86400
    assert 'one.test-ec.pem expires in 4 days' in ' '.join(running.ctl('status').stdout.split())


def test_a_root_master_hands_keys_to_workers_that_cannot_read_them(server, authority):
    if os.geteuid() != 0:
        pytest.skip('needs root')
    entry = authority.issue('one.test')
    os.chmod(entry['key'], 0o600)
    running = server(HELLO, {'listen': https(entry), 'process': {'user': 'nobody'}})
    assert serial(running, authority)
