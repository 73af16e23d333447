# SPDX-License-Identifier: MIT
"""Listening addresses: from the spellings of uWSGI and gunicorn to geventd's."""
import re

from ..model import Listener

VARIABLE = re.compile(r'\$\{[^{}]*\}')
DUAL = 'all IPv6 and IPv4 addresses, as the former server does with [::]'


class NoAddress(Exception):
    """geventd cannot listen there; the message says why."""


def listener(protocol, address, comment):
    """An entry of `listen` for uWSGI's or gunicorn's address."""
    text, note = translate(protocol, address.strip())
    return Listener(text, [comment + (f'; {note}' if note else '')])


def translate(protocol, address):
    """(geventd's address, note)"""
    for scheme in ('fd://', '='):
        if address.startswith(scheme):
            raise NoAddress('the descriptor is inherited')
    if not address:
        raise NoAddress('it names no address')
    if address.startswith('unix:'):
        path = address[len('unix:'):]
        return f'{protocol}+unix:{path[2:] if path.startswith("//") else path}', ''
    if VARIABLE.fullmatch(address):
        return f'{protocol}://{address}', ''
    for scheme in ('tcp://', f'{protocol}://'):
        address = address[len(scheme):] if address.startswith(scheme) else address
    if address[:1] in '/@' or (':' not in address and not address.isdigit()):
        return f'{protocol}+unix:{address}', ''
    host, port = split_port(address)
    if not (port.isdigit() and int(port) < 65536) and '${' not in port:
        raise NoAddress(f'{port} is no port')
    if host in ('[::]', '::'):
        return f'{protocol}://:{port}', DUAL
    return f'{protocol}://{host if host not in ("", "*") else "0.0.0.0"}:{port}', ''


def split_port(address):
    """('host', 'port'); a variable such as ${PORT:-8000} is no place to split at."""
    match = re.match(r'(.*):((?:[^:{}\[\]]|\$\{[^{}]*\})*)$', address)
    if match:
        return match[1], match[2]
    return ('', address) if address.isdigit() else (address, '8000')


def gunicorn_address(address):
    """Its own form: a host alone has port 8000, an empty text means all addresses."""
    address = address.strip()
    plain = address[len('tcp://'):] if address.startswith('tcp://') else address
    if address.startswith(('unix:', 'fd://')) or VARIABLE.fullmatch(address):
        return address
    host, port = split_port(plain)
    return f'{host}:{port}'


def without_collisions(listeners):
    """Wildcards of one port become one address, for both families if they differ, since two would
    take the same port."""
    kept, wildcards = [], {}
    for entry in listeners:
        protocol, _, rest = entry.address.partition('://')
        host, port = split_port(rest)
        place = (protocol, port) if rest and host in ('', '0.0.0.0') else entry.address
        twin = wildcards.setdefault(place, entry)
        if twin is entry:
            kept.append(entry)
            continue
        if twin.address != entry.address:
            twin.address = f'{protocol}://:{port}'
        twin.comments += entry.comments
    return kept
