# SPDX-License-Identifier: MIT
"""Listening addresses: from the spellings of uWSGI and gunicorn to geventd's."""
import re

from ..model import Listener, Setting

VARIABLE = re.compile(r'\$\{[^{}]*\}')


class NoAddress(Exception):
    """geventd cannot listen there: why, and what to do instead."""

    def __init__(self, because, instead):
        super().__init__(because)
        self.because = because
        self.instead = instead


def listen_at(draft, protocol, address, option):
    """Adds an entry of `listen`, or tells why there is none."""
    try:
        draft.listeners.append(listener(protocol, address, option.origin()))
    except NoAddress as error:
        draft.leave_out(option, error.because, error.instead)


def listener(protocol, address, comment):
    """An entry of `listen` for uWSGI's or gunicorn's address."""
    return Listener(translate(protocol, address.strip()), [comment])


def translate(protocol, address):
    """geventd's address; like both servers it takes [::] for all addresses of IPv6 and IPv4."""
    for scheme in ('fd://', '='):
        if address.startswith(scheme):
            raise NoAddress('the descriptor is inherited',
                            'let systemd open it and name it in listen.systemd')
    if not address:
        raise NoAddress('it names no address', 'name one in listen, such as http://127.0.0.1:8000')
    if address.startswith('unix:'):
        path = address[len('unix:'):]
        return f'{protocol}+unix:{path[2:] if path.startswith("//") else path}'
    if VARIABLE.fullmatch(address):
        return f'{protocol}://{address}'
    for scheme in ('tcp://', f'{protocol}://'):
        address = address[len(scheme):] if address.startswith(scheme) else address
    if address[:1] in '/@' or (':' not in address and not address.isdigit()):
        return f'{protocol}+unix:{address}'
    host, port = split_port(address)
    if not (port.isdigit() and int(port) < 65536) and '${' not in port:
        raise NoAddress(f'{port} is no port' if port else f'{address} names no port',
                        f'name a port in listen, such as {protocol}://127.0.0.1:8000')
    host = {'': '0.0.0.0', '*': '0.0.0.0', '::': '[::]'}.get(host, host)
    return f'{protocol}://{host}:{port}'


def split_port(address):
    """('host', 'port'); a variable such as ${PORT:-8000} is no place to split at."""
    match = re.fullmatch(r'(.*):((?:[^:{}\[\]]|\$\{[^{}]*\})*)', address)
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


def owner_of(draft):
    """The user to whom both servers give a unix socket, with the group; '' if there is none."""
    user, group = draft.settings.get('process.user'), draft.settings.get('process.group')
    return user.value + (f':{group.value}' if group else '') if user else ''


def without_repetitions(listeners):
    """Those that differ, as two of one address would take the same port."""
    kept = {}
    for entry in listeners:
        first = kept.setdefault(entry.address, entry)
        if first is not entry:
            first.comments += entry.comments
    return list(kept.values())


def take_sockets_of_systemd(draft, protocol, asks_for_all):
    """Those of a socket unit. With asks_for_all, as for gunicorn, they stand for all others, whose
    comments stay."""
    activation = draft.activation
    if activation is None:
        return
    known = {entry.address: entry for entry in draft.listeners}
    comments = [f'instead of {text}' for entry in draft.listeners for text in entry.comments]
    found = [listener(protocol, f'[::]:{address}' if address.isdigit() else address, '')
             for address in activation.addresses] or list(draft.listeners)
    if not activation.addresses:
        draft.remarks.append(f'systemd opens the sockets of {activation.name}: write what its '
                             'ListenStream= says as the addresses of listen.')
    for entry in found:
        if asks_for_all and activation.addresses:
            entry.comments = [activation.option.origin(), *comments]
        else:
            entry.comments = [activation.option.origin(), *(
                known[entry.address].comments if entry.address in known else [])]
        entry.keys['systemd'] = Setting(activation.name, [])
    rest = [] if asks_for_all else [
        entry for entry in draft.listeners if entry.address not in [one.address for one in found]]
    draft.listeners[:] = found + rest
