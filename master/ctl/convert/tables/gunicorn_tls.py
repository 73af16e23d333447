# SPDX-License-Identifier: MIT
"""gunicorn's settings for TLS, which concern all of its addresses."""
from ..model import Setting
from .rows import built_in, maps, refused
from .values import fact

CLIENTS = {0: 'none', 1: 'optional', 2: 'require'}
EACH = 'each address is then https://'


def given(name):
    """Keeps the option for the end, unless it is None or empty, as it is without it."""
    def take(draft, option):
        if option.value not in (None, ''):
            fact(name)(draft, option)
    return take


def clients(draft, option):
    """Whether certificates are asked for: a number, or one of Python's constants."""
    if option.value is None:
        return None
    if _mode(option) is None:
        return draft.leave_out(option, 'its value is not 0, 1 or 2',
                               'write listen.client-certificates by hand', protects=True)
    return fact('cert_reqs')(draft, option)


def _mode(option):
    try:
        return CLIENTS.get(int(option.value))
    except (TypeError, ValueError):
        return None


TLS = (
    maps('certfile', 'listen.certificates', given('certfile'), EACH),
    maps('keyfile', 'listen.certificates', given('keyfile'), 'key, beside certificate'),
    maps('ca_certs', 'listen.client-ca', given('ca_certs')),
    maps('cert_reqs', 'listen.client-certificates', clients, '0: none, 1: optional, 2: require'),
    maps('ciphers', 'listen.ciphers', given('ciphers'), 'of TLS 1.2'),
    built_in('ssl_version', 'TLS 1.2 and 1.3, or with listen.tls-minimum only 1.3'),
    built_in('suppress_ragged_eofs do_handshake_on_connect',
             'the loop does the handshakes, before a core is taken'),
    refused('ssl_context', 'there is no hook that makes the context of TLS',
            'listen.certificates, ciphers, tls-minimum, client-ca', protects=True),
)


def finish_tls(draft, entry):
    """Makes an https address of an http one, if there is a certificate."""
    facts = draft.facts
    certificate = facts.get('certfile') or facts.get('keyfile')
    if certificate is None or not entry.address.startswith('http'):
        return
    entry.address = 'https' + entry.address[len('http'):]
    files = {'certificate': str(certificate.value)}
    if 'keyfile' in facts and 'certfile' in facts:
        files['key'] = str(facts['keyfile'].value)
    origins = [facts[name].origin() for name in ('certfile', 'keyfile') if name in facts]
    entry.keys['certificates'] = Setting([files], ['; '.join(origins)])
    _finish_clients(draft, entry)
    if 'ciphers' in facts:
        entry.keys['ciphers'] = Setting(str(facts['ciphers'].value), [facts['ciphers'].origin()])


def _finish_clients(draft, entry):
    asked, authorities = draft.facts.get('cert_reqs'), draft.facts.get('ca_certs')
    if asked is None or _mode(asked) == 'none':
        return
    if authorities is None:
        del draft.facts['cert_reqs']  # said once, for all addresses
        draft.leave_out(asked, 'without ca_certs nobody may sign the certificates of clients',
                        'name the authorities in listen.client-ca', protects=True)
        return
    entry.keys['client-certificates'] = Setting(_mode(asked), [asked.origin()])
    entry.keys['client-ca'] = Setting(str(authorities.value), [authorities.origin()])
