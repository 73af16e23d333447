# SPDX-License-Identifier: MIT
"""Listening addresses: from the spellings of uWSGI and gunicorn to geventd's."""
from ..model import Listener

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
    if address.startswith('unix:'):
        path = address[len('unix:'):]
        return f'{protocol}+unix:{path[2:] if path.startswith("//") else path}', ''
    for scheme in ('tcp://', f'{protocol}://'):
        address = address[len(scheme):] if address.startswith(scheme) else address
    if address[:1] in '/@' or (':' not in address and not address.isdigit()):
        return f'{protocol}+unix:{address}', ''
    host, port = split_port(address)
    if host in ('[::]', '::'):
        return f'{protocol}://:{port}', DUAL
    return f'{protocol}://{host if host not in ("", "*") else "0.0.0.0"}:{port}', ''


def split_port(address):
    """('host', 'port'); a variable such as ${PORT:-8000} is no place to split at."""
    depth = 0
    for index in range(len(address) - 1, -1, -1):
        letter = address[index]
        depth += {'}': 1, '{': -1}.get(letter, 0)
        if letter == ':' and depth == 0 and '[' not in address[index:]:
            if ']' in address[index:]:
                break
            return address[:index], address[index + 1:]
    return ('', address) if address.isdigit() or address.startswith('${') else (address, '8000')


def gunicorn_address(address):
    """Its own form: a host alone has port 8000, an empty text means all addresses."""
    address = address.strip()
    plain = address[len('tcp://'):] if address.startswith('tcp://') else address
    if address.startswith(('unix:', 'fd://')):
        return address
    host, port = split_port(plain)
    return f'{host}:{port}'


def without_collisions(listeners):
    """Wildcards of one port become one address for both families, since two would take the same
    port."""
    kept = []
    for entry in listeners:
        protocol, _, rest = entry.address.partition('://')
        host, _, port = rest.rpartition(':')
        wildcard = host in ('', '0.0.0.0', '[::]')
        twin = next((other for other in kept
                     if wildcard and rest and other.address.rpartition(':')[2] == port
                     and other.address.partition('://')[2].rpartition(':')[0] in ('', '0.0.0.0')
                     and other.address.partition('://')[0] == protocol), None)
        if twin is None:
            kept.append(entry)
        elif twin.address != entry.address:
            twin.address = f'{protocol}://:{port}'
            twin.comments += entry.comments
    return kept
