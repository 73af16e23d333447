# SPDX-License-Identifier: MIT
"""The one table of uWSGI's options, and what decides once all of them are known."""
from . import uwsgi_running, uwsgi_serving
from .addresses import owner_of, take_sockets_of_systemd, without_repetitions
from .rows import find_row
from .uwsgi_logs import finish_logs
from .uwsgi_static import finish_static
from .values import is_open, leading_number
from ..model import Draft, Option, Setting

ROWS = uwsgi_serving.ROWS + uwsgi_running.ROWS


def unknown(draft, option, placeholders):
    """A name that uWSGI does not know is a placeholder for itself, or a mistake."""
    if option.name in placeholders:
        return
    kebab = option.name.replace('_', '-')
    meant = f'{kebab} is' if kebab != option.name and find_row(ROWS, kebab) else ''
    draft.leave_out(option, 'uWSGI has no such option and ignores it' + (
        f'; {meant} perhaps meant' if meant else ''))


def finish(draft: Draft):
    """Puts together what several options say, and writes out the defaults that differ."""
    _finish_listeners(draft)
    _finish_application(draft)
    finish_static(draft)
    finish_logs(draft)
    _finish_cheaper(draft)
    _write_defaults(draft)


def _finish_listeners(draft):
    protocol = draft.facts.get('protocol')
    if protocol and protocol.value not in ('http', 'uwsgi'):
        draft.leave_out(protocol, 'listen speaks HTTP and the uwsgi protocol only',
                        'let the proxy speak one of them', protects=protocol.value == 'https')
    for listener in draft.listeners:
        if protocol and protocol.value == 'http' and listener.address.startswith('uwsgi'):
            listener.address = 'http' + listener.address[len('uwsgi'):]
            listener.comments.append(protocol.origin())
    scheme = 'http' if protocol and protocol.value == 'http' else 'uwsgi'
    take_sockets_of_systemd(draft, scheme, asks_for_all=False)
    draft.listeners[:] = without_repetitions(draft.listeners)
    for listener in draft.listeners:
        _add_keys(draft, listener)
    if not any(listener.is_file() for listener in draft.listeners):
        draft.built_in += [
            (draft.facts[name], 'only unix sockets have a mode and an owner, and there is none')
            for name in ('chmod-socket', 'chown-socket') if name in draft.facts]


def _add_keys(draft, listener):
    facts = draft.facts
    if 'listen' in facts:
        backlog = leading_number(facts['listen'].value)
        value = str(facts['listen'].value) if backlog is None else min(max(backlog, 1), 65535)
        listener.keys['backlog'] = Setting(value, [facts['listen'].origin()])
    trusted = ['unix'] if listener.is_unix() else ['127.0.0.1', '::1']
    comment = ('uWSGI believes what everybody says of the scheme; here only these proxies are '
               'believed')
    if 'log-x-forwarded-for' in facts:
        comment = facts['log-x-forwarded-for'].origin() + '; ' + comment
    listener.keys['trusted-proxies'] = Setting(trusted, [comment])
    if listener.is_file() and 'systemd' not in listener.keys:
        _add_access(draft, listener.keys)


def _add_access(draft, keys):
    """Mode and owner of a unix socket, unless geventd's defaults are what uWSGI does."""
    facts, umask = draft.facts, draft.settings.get('process.umask')
    if 'chmod-socket' in facts:
        keys['mode'] = Setting(facts['chmod-socket'].value, [facts['chmod-socket'].origin()])
    elif umask and not is_open(umask.value):
        keys['mode'] = Setting(f'{0o777 & ~int(umask.value, 8):04o}', umask.comments[-1:])
    elif 'daemonize' in facts and not umask:
        keys['mode'] = Setting('0777', [facts['daemonize'].origin() + ", with uWSGI's umask of 0"])
    if 'chown-socket' in facts:
        owner = facts['chown-socket']
        keys['owner'] = Setting(str(owner.value), [owner.origin()])
    elif 'mode' in keys and owner_of(draft):
        keys['owner'] = Setting(owner_of(draft), ['uWSGI binds it as this user'])


def _finish_application(draft):
    facts = draft.facts
    if 'paste' in facts:
        _finish_paste(draft, facts['paste'], facts.get('paste-name'))
        return
    if 'paste-name' in facts:
        draft.built_in.append((facts['paste-name'], 'counts with paste only'))
    named = facts.get('wsgi-file') or facts.get('module')
    if named is None:
        return
    name, _, attribute = str(named.value).partition(':')
    comments = [named.origin(), *_others(facts, named)]
    if 'callable' in facts:
        origin = facts['callable'].origin()
        comments.append(f'instead of {origin}' if attribute else origin)
        attribute = attribute or str(facts['callable'].value)
    if is_open(named.value) and 'callable' not in facts:
        draft.settings['app.module'] = Setting(named.value, comments)
    else:
        draft.settings['app.module'] = Setting(f'{name}:{attribute or "application"}', comments)


def _others(facts, named):
    """Comments on the options of the application beside the one that is taken."""
    return [f'instead of {facts[name].origin()}: there is one application'
            for name in ('wsgi-file', 'module') if name in facts and facts[name] is not named]


def _finish_paste(draft, option, name):
    comments = [option.origin(), *([name.origin()] if name else []), *_others(draft.facts, option)]
    path, chdir = str(option.value), draft.settings.get('app.chdir')
    if chdir and not path.startswith(('/', '${')):
        comments.append('counted from app.chdir')
    suffix = f'#{name.value}' if name and '#' not in path else ''
    draft.settings['app.module'] = Setting(f'paste:{path}{suffix}', comments)


def _finish_cheaper(draft):
    option = draft.facts.get('cheaper')
    if option is None:
        return
    processes = draft.settings.get('workers.processes')
    count = leading_number(option.value)
    most = 1 if processes is None else processes.value
    most = most if isinstance(most, int) else 500
    if count is None or count > most:
        draft.leave_out(option, 'it is no number below that of the processes')
    else:
        draft.set('workers.cheaper', count, option.origin())


def _write_defaults(draft):
    uses_gevent = 'workers.cores' in draft.settings
    draft.default('workers.processes', 1, "uWSGI's default")
    draft.default('workers.cores', 100,
                  "this configuration has no --gevent: geventd runs requests in greenlets")
    draft.default('app.preload', True, 'uWSGI loads the application before it forks')
    patched = 'none' if uses_gevent else 'before-load'
    draft.default('app.monkey-patch', patched,
                  'uWSGI patches only when it is asked; the application may do it itself'
                  if uses_gevent else 'greenlets need it; uWSGI ran without gevent')
    draft.default('limits.drain-requests', '60s', "uWSGI's worker-reload-mercy")
    draft.default('limits.drain-background', '5s',
                  'uWSGI does not wait for background greenlets')
    if not uses_gevent:
        draft.remarks.append('The configuration does not use gevent. The application must be fit '
                             'for it: see docs/databases.md for drivers that block.')
    if not draft.listeners:
        draft.remarks.append('No option opens a socket: write `listen`.')


def placeholders_in(options):
    """Names that options use as %(name)."""
    text = ' '.join(str(option.line) for option in options)
    return {option.name for option in options
            if isinstance(option, Option) and f'%({option.name}' in text}
