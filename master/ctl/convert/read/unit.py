# SPDX-License-Identifier: MIT
"""systemd's units: what a service starts, with what around it, and the sockets that it is given."""
import os
import re

from ..model import Activation, Option, Unreadable
from .shell import command_of, joined_lines
from .surroundings import about_signal, assignments, placed

ASKING = ('Requires', 'BindsTo', 'Wants', 'Sockets')
# Sockets of other services, which a service may need as well.
OTHERS = re.compile(r'(docker|podman|dbus|redis|memcached|syslog|snapd|rpcbind|systemd-|postgres)')

# systemd's, of a unit of the system; those of the unit's name come from the file's.
SPECIFIERS = {'t': '/run', 'S': '/var/lib', 'C': '/var/cache', 'L': '/var/log', 'E': '/etc',
              'T': '/tmp', 'V': '/var/tmp', 'h': '/root', 'u': 'root', '%': '%'}


def specified(text, name):
    """The text with systemd's specifiers put in; %i of a template stays."""
    stem = name.rpartition('.')[0] or name
    prefix, at, instance = stem.partition('@')
    known = {**SPECIFIERS, 'n': name, 'N': stem, 'p': prefix}
    if instance or not at:
        known.update(i=instance, I=instance)
    return re.sub('%(.)', lambda match: known.get(match[1], match[0]), text)


class Sockets:
    """The socket unit of a service: one that it asks for, or of its name, beside it."""

    def __init__(self, path):
        self._folder, self._name = os.path.split(path)
        self._asked = []  # (unit, Option)

    def note(self, key, value, number):
        for unit in value.split():
            if unit.endswith('.socket') and (key == 'Sockets' or not OTHERS.match(unit)):
                option = Option('systemd', unit, f'{key}={value}', f'{self._name}:{number}')
                self._asked.append((unit, option))

    def activation(self):
        own = f'{self._name.rpartition(".")[0]}.socket'
        asked = self._asked or ([(own, Option('systemd', own, f'{own} lies beside'))]
                                if self._file_of(own) else [])
        if not asked:
            return None
        unit, option = asked[0]
        name, addresses = unit, []
        for line, _ in joined_lines(self._text_of(unit), comments='#;'):
            key, _, value = line.strip().partition('=')
            if key == 'ListenStream':
                value = value.strip()  # an empty one takes back those before it
                addresses = [*addresses, specified(value, unit)] if value else []
            elif key == 'FileDescriptorName':
                name = specified(value.strip(), unit)
        return Activation(name, option, tuple(  # geventd has no vsock
            address for address in addresses if not address.startswith('vsock:')))

    def _file_of(self, unit):
        """Also the template of an instance."""
        template = re.sub('@.*[.]', '@.', unit)
        return next((path for path in (os.path.join(self._folder, name)
                                       for name in (unit, template)) if os.path.isfile(path)), '')

    def _text_of(self, unit):
        path = self._file_of(unit)
        if not path:
            return ''
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()


def about_orders(orders):
    """ExecStop= would send uWSGI's and gunicorn's signals."""
    return [f'Leave {", ".join(orders)} out: systemd tells geventd to stop, which serves its '
            'requests to their end.'] if orders else []


def from_unit(text, path):
    """ExecStart of a systemd unit, and what the unit sets for it."""
    name = os.path.basename(path)
    environment, workdir, command, kept, stop, orders = {}, '', None, [], '', []
    sockets = Sockets(path)
    for line, number in joined_lines(text, comments='#;'):
        key, equals, value = line.strip().partition('=')
        value = specified(value.strip(), name)
        if not equals:
            continue
        if key == 'ExecStart':
            command = command_of(value.lstrip('-@+!:'), f'{name}:{number}') or command
        elif key == 'Environment':
            environment.update(assignments(value))
        elif key in ASKING:
            sockets.note(key, value, number)
        elif key == 'ExecStop':
            orders.append(line.strip())
        elif key == 'KillSignal':
            stop = value
        elif key == 'WorkingDirectory':
            workdir = value.lstrip('-')
        elif key in ('User', 'Group', 'EnvironmentFile', 'RuntimeDirectory', 'TimeoutStopSec') or (
                key.startswith(('Limit', 'Private', 'Protect', 'Capability', 'Restrict'))):
            kept.append(f'{key}={value}')
    if command is None:
        raise Unreadable(f'{path} starts neither uWSGI nor gunicorn')
    command.surrounding = environment
    command.chdir = command.chdir or workdir
    if re.search('%[iI]', ' '.join([*command.words, workdir])):
        command.remarks.append('geventd puts nothing in for %i: convert a copy of the unit with '
                               "its instance's name, such as app@NAME.service, for each.")
    if kept:
        command.remarks.append('These lines stay in the unit: ' + ', '.join(kept) + '.')
    command.remarks += ['In the unit write Type=notify and ExecStart=GEVENTD -c FILE, where '
                        'GEVENTD is the path that `command -v geventd` prints there.',
                        *about_signal('KillSignal=', stop), *about_orders(orders)]
    command.activation = sockets.activation()
    return placed(command, path, workdir, elsewhere=True)
