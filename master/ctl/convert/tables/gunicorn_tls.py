# SPDX-License-Identifier: MIT
"""gunicorn's settings for TLS, which concern all of its addresses."""
from ..model import Setting
from .rows import built_in, maps, refused
from .values import fact

CLIENTS = {'0': 'none', '1': 'optional', '2': 'require'}
EACH = 'each address is then https://'

TLS = (
    maps('certfile', 'listen.certificates', fact('certfile'), EACH),
    maps('keyfile', 'listen.certificates', fact('keyfile'), 'key, beside certificate'),
    maps('ca_certs', 'listen.client-ca', fact('ca_certs')),
    maps('cert_reqs', 'listen.client-certificates', fact('cert_reqs'),
         '0: none, 1: optional, 2: require'),
    maps('ciphers', 'listen.ciphers', fact('ciphers'), 'of TLS 1.2'),
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
    _finish_clients(facts, entry)
    if 'ciphers' in facts:
        entry.keys['ciphers'] = Setting(str(facts['ciphers'].value), [facts['ciphers'].origin()])


def _finish_clients(facts, entry):
    asked, authorities = facts.get('cert_reqs'), facts.get('ca_certs')
    wanted = CLIENTS.get(str(int(asked.value)) if asked else '0', 'require')
    if wanted == 'none' or authorities is None:
        return
    entry.keys['client-certificates'] = Setting(wanted, [asked.origin()])
    entry.keys['client-ca'] = Setting(str(authorities.value), [authorities.origin()])
