# SPDX-License-Identifier: MIT
"""What uWSGI's options do to the draft where a plain key and value do not suffice."""
import dataclasses
import re

from ..model import Setting
from .addresses import listen_at
from .uwsgi_logs import log_file
from .values import (fit, flag, is_octal, is_on, is_open, keep_alive, last, leading_number,
                     listed, octal_text, refuse_value)

MEMORY_LIMITS = ('reload-on-rss', 'evil-reload-on-rss', 'reload-on-as', 'evil-reload-on-as',
                 'reload-on-uss', 'reload-on-pss')


def listens(protocol):
    """An option that opens a socket."""
    def take(draft, option):
        listen_at(draft, protocol, str(option.value), option)
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
        return last('module')(draft, dataclasses.replace(option, value=application))
    callable_ = draft.facts.get('callable')
    if ':' not in application and callable_:
        application += f':{callable_.value}'
    return draft.put('app.mounts', prefix, application, option.origin())


def daemonize(draft, option):
    """Its umask is 0 there, which a unix socket without a mode shows."""
    draft.facts['daemonize'] = option
    draft.set('process.daemonize', True, option.origin())
    log_file(draft, option)


def memory(draft, option):
    """The limits of memory are in MiB; the largest unit fits them all. Of several the smallest
    acts first; of one name the last counts."""
    if not is_open(option.value) and leading_number(option.value) is None:
        return refuse_value(draft, option, 'a number')
    known = {name: fact for name, fact in draft.facts.items() if name in MEMORY_LIMITS}
    known[option.name] = draft.facts[option.name] = option
    counted = [one for one in known.values() if not is_open(one.value)]
    limits = [one for one in counted if leading_number(one.value)]
    chosen = min(limits, key=lambda one: leading_number(one.value),
                 default=next((one for one in known.values() if is_open(one.value)), option))
    value = str(chosen.value) if is_open(chosen.value) else fit(
        leading_number(chosen.value), 0, 1024 << 10)
    comments = [chosen.origin(), *(f'instead of {one.origin()}: there is one limit'
                                   for one in known.values() if one is not chosen)]
    draft.settings['workers.reload-on-rss'] = Setting(f'{value}MiB' if value else '0', comments)
    return None


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


def router_keep_alive(draft, option):
    """http-keepalive; the bare option and 1 mean the router's timeout."""
    if not is_on(option.value):
        keep_alive(draft, dataclasses.replace(option, value='0'))
    elif is_open(option.value) or leading_number(option.value) not in (None, 1):
        keep_alive(draft, option)
    else:
        draft.built_in.append((option, 'connections are kept open, for limits.keep-alive'))


def patch(when):
    """One of gevent's two flags; the early one wins, as it comes first there too."""
    def act(draft, option, is_set):
        known = draft.settings.get('app.monkey-patch')
        if is_set and not (known and known.value == 'before-load'):
            draft.settings['app.monkey-patch'] = Setting(when, [option.origin()])
    return flag('app.monkey-patch', act)


def paste(draft, option):
    """FILE or FILE#NAME, of which the file has more to say."""
    name = str(option.value)
    if name.startswith(('egg:', 'call:')):
        return draft.leave_out(option, 'app.module names Paste Deploy files only',
                               'name the function that makes the application: module:factory()')
    return last('paste')(draft, dataclasses.replace(option, value=name.replace('config:', '', 1)))


def before_load(draft, option):
    """A module, or the path of one."""
    name = str(option.value)
    if re.search(r'[ ():]', name):
        return refuse_value(draft, option, 'the name or path of a module', 'app.before-load')
    return draft.append('app.before-load', [name], option.origin())


def hook(how):
    """An action of uWSGI's; `how` geventd calls functions instead."""
    def take(draft, option):
        draft.leave_out(option, 'its action is one of uWSGI\'s own', how)
    return take
