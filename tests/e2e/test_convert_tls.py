# SPDX-License-Identifier: MIT
"""What the converter makes of gunicorn's and uWSGI's options for TLS."""
import ssl

import pytest
from harness.conversions import drafted

BIND = ('bind', '127.0.0.1:8443')


def keys(draft):
    return {name: setting.value for name, setting in draft.listeners[0].keys.items()}


def gunicorn(*options):
    return drafted('gunicorn', BIND, ('wsgi_app', 'app:app'), *options)


def test_none_is_no_certificate():
    draft = gunicorn(('certfile', None), ('keyfile', None), ('ca_certs', None),
                     ('cert_reqs', ssl.CERT_NONE), ('ciphers', None))
    assert draft.listeners[0].address == 'http://127.0.0.1:8443'
    assert 'certificates' not in keys(draft)
    assert draft.left_out == []


@pytest.mark.parametrize('asked, expected', [
    ('1', 'optional'), (2, 'require'), (ssl.CERT_REQUIRED, 'require'), ('0', None)])
def test_clients_with_certificates(asked, expected):
    found = keys(gunicorn(('certfile', 'a.pem'), ('ca_certs', 'ca.pem'), ('cert_reqs', asked)))
    assert found.get('client-certificates') == expected
    assert found.get('client-ca') == (expected and 'ca.pem')


@pytest.mark.parametrize('options', [
    [('cert_reqs', '2')], [('cert_reqs', '${MODE}'), ('ca_certs', 'ca.pem')]])
def test_what_protects_is_not_lost_in_silence(options):
    draft = gunicorn(('certfile', 'a.pem'), *options)
    assert len(draft.left_out) == 1
    assert 'client-certificates' not in keys(draft)


def test_an_inherited_socket_of_uwsgi_is_left_out():
    draft = drafted('uwsgi', 'https==0,a.crt,b.key', 'module=app')
    assert len(draft.left_out) == 1


def test_an_authority_of_uwsgi():
    found = keys(drafted('uwsgi', 'https-socket=:443,a.crt,b.key,HIGH,!ca.pem', 'module=app'))
    assert (found['client-certificates'], found['client-ca']) == ('require', 'ca.pem')
    assert found['ciphers'] == 'HIGH'
