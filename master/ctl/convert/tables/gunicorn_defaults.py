# SPDX-License-Identifier: MIT
"""gunicorn's defaults that come from environment variables."""
import dataclasses
import os

from ..model import Option
from .gunicorn_takes import proxies
from .values import is_open

DEFAULT = "gunicorn's default"
LOCAL = '127.0.0.1:8000', DEFAULT


class VariableDefaults:
    """`variables` are those that an image, a unit or the command line gives the server; those of
    this environment count too. on_paas: whoever starts the server gives it a PORT."""

    def __init__(self, variables, on_paas=False):
        self._variables = variables
        self._on_paas = on_paas

    def address(self):
        """(address, comment) where gunicorn listens without bind."""
        port = self._variables.get('PORT')
        if port and (port.value.isdigit() or is_open(port.value)):
            known = port.value if is_open(port.value) else f'${{PORT:-{port.value}}}'
            return f'0.0.0.0:{known}', port.origin()
        if port or self._on_paas or 'PORT' in os.environ:
            return '0.0.0.0:${PORT:-8000}', DEFAULT
        return LOCAL

    def processes(self):
        """(number, comment) of workers without the setting."""
        count = self._variables.get('WEB_CONCURRENCY')
        if count and count.value.isdigit():
            return f'${{WEB_CONCURRENCY:-{count.value}}}', count.origin()
        return '${WEB_CONCURRENCY:-1}', DEFAULT

    def trust(self, draft):
        """FORWARDED_ALLOW_IPS is forwarded_allow_ips, unless that is named."""
        name = 'forwarded_allow_ips'
        option = self._variables.get('FORWARDED_ALLOW_IPS') or of_this_environment(
            'FORWARDED_ALLOW_IPS')
        is_named = name in draft.facts or any(left.option.name == name for left in draft.left_out)
        if option and not is_named:
            proxies(draft, dataclasses.replace(option, name=name))


def of_this_environment(name):
    value = os.environ.get(name)
    return None if value is None else Option(name, value, f'{name}={value}', 'environment')
