# SPDX-License-Identifier: MIT
"""What uWSGI's options do to the draft where a plain key and value do not suffice."""
import dataclasses
import re

from ..model import Setting
from . import log_formats
from .addresses import NoAddress, listener
from .values import (DAY, fit, is_octal, is_on, is_open, leading_number, listed, octal_text, of_now,
                     refuse_value)


def listens(protocol):
    """An option that opens a socket."""
    def take(draft, option):
        try:
            draft.listeners.append(listener(protocol, str(option.value), option.origin()))
        except NoAddress as error:
            draft.leave_out(option, str(error), 'let systemd open it and name it in listen.systemd')
    return take


def metrics_address(draft, option):
    """stats: a port alone is on every address there, and on the loopback address here."""
    value = str(option.value)
    address = f'0.0.0.0{value}' if value.startswith(':') else value
    draft.set('metrics.uwsgi-stats', address, option.origin())


def environment(draft, option):
    """env = NAME=VALUE; without a value the variable is empty."""
    name, _, value = str(option.value).partition('=')
    if not name.strip():
        return refuse_value(draft, option, 'of the form NAME=VALUE')
    return draft.put('app.environment', name.strip(), value, option.origin())


def mount(draft, option):
    """mount = /prefix=application; that of / is the application itself."""
    prefix, equals, application = str(option.value).partition('=')
    prefix = '/' + prefix.strip('/')
    if not equals:
        return refuse_value(draft, option, 'of the form /prefix=application')
    if prefix == '/':
        draft.facts['module'] = dataclasses.replace(option, value=application)
        return None
    callable_ = draft.facts.get('callable')
    if ':' not in application and callable_:
        application += f':{callable_.value}'
    return draft.put('app.mounts', prefix, application, option.origin())


def access_log(draft, option):
    """log-format: %(name) becomes ${name}."""
    option = of_now(option)
    text, missing = log_formats.from_uwsgi(str(option.value))
    if '${' not in text:
        return draft.leave_out(option, 'the format has no variable', 'write log.access by hand')
    if missing:
        draft.leave_out(option, f'the access log has no {", ".join(missing)} and writes - instead')
    draft.facts['log-format'] = option
    return draft.set('log.access', text, option.origin())


def no_access_log(draft, option):
    if is_on(option.value):
        draft.facts['disable-logging'] = option


def log_file(draft, option):
    """The file of the log; a bare flag of the master's log names none."""
    value = str(option.value)
    if not value:
        return refuse_value(draft, option, 'the path of a file')
    if re.match(r'(\d+\.){3}\d+:\d+$', value):
        return draft.leave_out(option, 'the log goes to no UDP address',
                               'let the service manager or a log shipper send it')
    return draft.set('log.file', value, option.origin())


def logger(draft, option):
    """logger = [NAME] PLUGIN:ARGUMENT; files and standard streams have a place here."""
    plugin, _, argument = str(option.value).split(' ')[-1].partition(':')
    if plugin == 'file' and argument:
        return draft.set('log.file', argument, option.origin())
    if plugin in ('stdio', 'systemd'):
        return draft.built_in.append((option, 'the log goes to stderr, which the journal keeps'))
    return draft.leave_out(option, f'the log has no plugin {plugin}',
                           'write to stderr or a file, from which a log shipper takes it')


def daemonize(draft, option):
    draft.set('process.daemonize', True, option.origin())
    log_file(draft, option)


def memory(draft, option):
    """The limits of memory are in MiB; the largest unit fits them all."""
    if is_open(option.value):
        return draft.set('workers.reload-on-rss', f'{option.value}MiB', option.origin())
    found = leading_number(option.value)
    if found is None:
        return refuse_value(draft, option, 'a number')
    fitting = fit(found, 0, 1024 << 10)
    return draft.set('workers.reload-on-rss', f'{fitting}MiB' if fitting else '0', option.origin())


def timer(draft, option):
    """timer = SIGNAL SECONDS"""
    numbers = str(option.value).split()
    if len(numbers) < 2 or not all(piece.isdigit() for piece in numbers[:2]):
        return refuse_value(draft, option, 'of the form SIGNAL SECONDS')
    return append_map(draft, 'timers', {'every': f'{numbers[1]}s', 'signal': int(numbers[0])},
                      option)


def monitor(draft, option):
    """touch-signal = FILE SIGNAL"""
    path, _, number = str(option.value).rpartition(' ')
    if not path or not number.isdigit():
        return refuse_value(draft, option, 'of the form FILE SIGNAL')
    return append_map(draft, 'monitors', {'path': path, 'signal': int(number)}, option)


def append_map(draft, key, entry, option):
    draft.append(key, [entry], option.origin())


def chain_reload(draft, option):
    listed('reload.touch')(draft, option)
    draft.set('reload.strategy', 'rolling', option.origin())


def socket_mode(draft, option):
    """chmod-socket; the bare option means 666."""
    value = '666' if option.value in ('', 'true', '1') else str(option.value)
    if not is_octal(value):
        return refuse_value(draft, option, 'an octal mode', 'listen.mode')
    draft.facts['chmod-socket'] = dataclasses.replace(option, value=octal_text(value))
    return None


def keep_alive(draft, option):
    """http-keepalive; the bare option and 1 mean the router's timeout."""
    found = leading_number(option.value)
    if is_open(option.value):
        draft.set('limits.keep-alive', f'{option.value}s', option.origin())
    elif found and found > 1:
        draft.set('limits.keep-alive', f'{fit(found, 0, DAY)}s', option.origin())
    else:
        draft.built_in.append((option, 'connections are kept open, for limits.keep-alive'))


def patch(when):
    """One of gevent's two flags; the early one wins, as it comes first there too."""
    def take(draft, option):
        known = draft.settings.get('app.monkey-patch')
        if is_on(option.value) and not (known and known.value == 'before-load'):
            draft.settings['app.monkey-patch'] = Setting(when, [option.origin()])
    return take


def paste(draft, option):
    """An application that Paste Deploy builds from an ini file."""
    path, _, name = str(option.value).replace('config:', '', 1).partition('#')
    draft.facts['module'] = dataclasses.replace(
        option, value='geventd_app:application', note='write geventd_app.py as shown below')
    suffix = f'#{name}' if name else ''
    draft.files['geventd_app.py'] = (
        'import os\nfrom logging.config import fileConfig\nfrom paste.deploy import loadapp\n\n'
        f'path = os.path.abspath({path!r})\n'
        + ("fileConfig(path, {'__file__': path, 'here': os.path.dirname(path)})\n"
           if option.name != 'paste' else '')
        + f'application = loadapp("config:" + path + {suffix!r})')
