# SPDX-License-Identifier: MIT
"""uWSGI's options for TLS."""
from ..model import Setting
from .addresses import NoAddress, listener
from .rows import built_in, maps, refused
from .values import refuse_value

FORM = 'of the form ADDRESS,CERTIFICATE,KEY'


def https(draft, option):
    """https = ADDRESS,CERTIFICATE,KEY[,CIPHERS[,AUTHORITY]]; a ! before the authority demands a
    certificate of each client."""
    parts = str(option.value).split(',')
    if not 3 <= len(parts) <= 5 or '' in parts[:3]:
        return refuse_value(draft, option, FORM, 'listen.certificates')
    address, certificate, key, ciphers, authority = parts + [''] * (5 - len(parts))
    try:
        entry = listener('https', address, option.origin())
    except NoAddress as error:
        return draft.leave_out(option, error.because, error.instead, protects=True)
    entry.keys['certificates'] = Setting([{'certificate': certificate, 'key': key}], [''])
    if ciphers:
        entry.keys['ciphers'] = Setting(ciphers, ['of TLS 1.2'])
    if authority:
        entry.keys['client-certificates'] = Setting(
            'require' if authority.startswith('!') else 'optional', [''])
        entry.keys['client-ca'] = Setting(authority.lstrip('!'), [''])
    return draft.listeners.append(entry)


def http_to_https(draft, option):
    """http-to-https = ADDRESS: redirects to the port 443."""
    try:
        entry = listener('http', str(option.value), option.origin())
    except NoAddress as error:
        return draft.leave_out(option, error.because, error.instead)
    entry.keys['redirect-https'] = Setting(443, [''])
    return draft.listeners.append(entry)


TLS = (
    maps('https https-socket', 'listen.certificates', https,
         'ADDRESS,CERTIFICATE,KEY becomes https://ADDRESS with certificates'),
    maps('http-to-https', 'listen.redirect-https', http_to_https, 'at the port 443'),
    built_in('https-session-context ssl-sessions-use-cache ssl-sessions-timeout '
             'ssl-session-timeout',
             'sessions go on by tickets, in all workers'),
    built_in('https-export-cert', 'HTTPS_CC and HTTPS_DN, if client-certificates asks for one'),
    refused('https2 https-socket-* suwsgi-socket ssl-* sni*',
            'listen.certificates has no such form', 'an entry of certificates for each host',
            protects=True),
)
