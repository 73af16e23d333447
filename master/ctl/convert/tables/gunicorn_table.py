# SPDX-License-Identifier: MIT
"""The one table of gunicorn's settings, and what decides once all of them are known."""
from ..model import Draft, Setting
from .addresses import listener, owner_of, take_sockets_of_systemd, without_repetitions
from .gunicorn_defaults import LOCAL, VariableDefaults
from .gunicorn_hooks import HOOKS, finish_hooks
from .gunicorn_logs import LOGS, finish_logs
from .gunicorn_takes import (application, bind, environment, head_limit, mask_of, paste, pieces,
                             proxies, reload_files, request_head, umask, user, worker_class)
from .gunicorn_tls import TLS, finish_tls
from .rows import built_in, maps, read, refused
from .values import (fact, keep_alive, leading_number, listed, number, numeric_fact, processes,
                     seconds, switch, text, write_size)

SERVER = (
    maps('wsgi_app', 'app.module', application,
         'written module:callable, or module:factory("prod") with literals as arguments'),
    maps('paste', 'app.module', paste, 'written paste:FILE#NAME; with the file\'s logging'),
    refused('raw_paste_global_conf', 'the values of a Paste Deploy file are its own',
            'write them into its section [DEFAULT]'),
    maps('bind', 'listen.address', bind,
         'written http://HOST:PORT or http+unix:PATH; [::] is IPv6 and IPv4 here too; without it '
         '0.0.0.0:$PORT, if there is a PORT in the environment'),
    maps('backlog', 'listen.backlog', numeric_fact('backlog')),
    maps('umask', 'listen.mode', umask,
         'of unix sockets: 0777 there and 0660 here without it; and process.umask'),
    built_in('reuse_port', 'the master opens each socket once, and workers accept without a lock'),
    maps('forwarded_allow_ips', 'listen.trusted-proxies', proxies,
         'and REMOTE_ADDR is then the client\'s; FORWARDED_ALLOW_IPS of the environment is its '
         'default'),
    maps('proxy_allow_ips', 'listen.trusted-proxies', proxies,
         'the PROXY protocol is taken from these'),
    built_in('proxy_protocol', 'the PROXY protocol is taken from listen.trusted-proxies'),
    built_in('secure_scheme_headers',
             'X-Forwarded-Proto and Forwarded of a trusted proxy tell the scheme'),
    refused('forwarder_headers header_map', 'header fields with _ in their names are dropped',
            'for SCRIPT_NAME let the proxy send X-Forwarded-Prefix, which '
            'listen.forwarded-prefix takes'),
    maps('protocol', 'listen.address', fact('protocol'), 'uwsgi://HOST:PORT'),
    built_in('uwsgi_allow_ips', 'who may connect to a uwsgi socket is a matter of its address'),
    refused('http_protocols http2_*', 'this version speaks HTTP/1.1', 'HTTP/2 at the proxy'),
    refused('asgi_* websocket_*', 'geventd serves WSGI applications, not ASGI',
            'keep an ASGI server for those; for WebSockets of WSGI there are limits.websocket-*'),
    refused('permit_* strip_header_spaces casefold_http_method tolerate_dangerous_framing',
            'malformed requests are refused', 'let a lenient proxy clean them'),
    built_in('http_parser', 'HTTP is parsed in C++'),
    built_in('sendfile', 'a file in wsgi.file_wrapper is sent by the kernel'),
    refused('root_path', 'the prefix is a matter of app.mounts', 'app.mounts: {/prefix: module}'),
)

WORKERS = (
    maps('workers', 'workers.processes', processes,
         'a number, auto, or a formula such as 2*cpus+1; workers.memory-share bounds it'),
    maps('worker_class', '', worker_class, 'every worker runs gevent'),
    built_in('threads worker_tmp_dir', 'there are cores instead of threads, and no heartbeat file'),
    maps('worker_connections', 'workers.cores', number('workers.cores', 1, 100_000)),
    maps('max_requests', 'workers.max-requests', number('workers.max-requests', 0, 10**9)),
    maps('max_requests_jitter', 'workers.max-requests-jitter',
         number('workers.max-requests-jitter', 0, 10**9)),
    maps('timeout', 'limits.kill-blocked-hub', seconds('limits.kill-blocked-hub'),
         'as gunicorn\'s gevent worker has it: the hub stands still; not the time of a request'),
    maps('graceful_timeout', 'limits.drain-requests', seconds('limits.drain-requests')),
    maps('keepalive', 'limits.keep-alive', keep_alive, '0 becomes 1ms, as 0 is no limit here'),
    maps('limit_request_line limit_request_fields limit_request_field_size', 'limits.request-head',
         head_limit, 'one size for the whole head: the line and all fields'),
    maps('preload_app', 'app.preload', switch('app.preload', True, False)),
    maps('reload', 'app.reload-on-change', switch('app.reload-on-change', True, False)),
    built_in('reload_engine', 'the kernel tells of changes'),
    maps('reload_extra_files', 'reload.touch', reload_files),
)

PROCESS = (
    maps('chdir', 'app.chdir', text('app.chdir')),
    maps('pythonpath', 'app.python-path', listed('app.python-path', split=',')),
    maps('raw_env', 'app.environment', environment),
    maps('daemon', 'process.daemonize', switch('process.daemonize', True)),
    maps('pidfile', 'process.pidfile', text('process.pidfile')),
    maps('user', 'process.user', user('process.user')),
    maps('group', 'process.group', user('process.group')),
    built_in('initgroups', 'the supplementary groups are always the user\'s'),
    refused('tmp_upload_dir', 'bodies are kept in memory or read as they come',
            'TMPDIR in app.environment is for the application'),
    built_in('proc_name default_proc_name', 'ps shows what each process is and does'),
    built_in('control_socket*', 'control, and geventctl'),
    refused('dirty_*', 'there are no such processes', 'Celery, RQ or another queue'),
)

CONVERTER = (
    read('config', 'the file is read too'),
    read('check_config print_config', 'prints something and is no setting'),
)

ROWS = SERVER + TLS + WORKERS + PROCESS + LOGS + HOOKS + CONVERTER


def finish(draft: Draft, on_paas=False, variables=None):
    """Puts together what several settings say, and writes out the defaults that differ.
    `variables` are those that the input gives the server."""
    defaults = VariableDefaults(variables or {}, on_paas)
    defaults.trust(draft)
    _finish_listeners(draft, defaults)
    _finish_prefix(draft)
    finish_logs(draft)
    finish_hooks(draft)
    if any(name.startswith('limit_request') for name in draft.facts):
        total, comments = request_head(draft.facts)
        draft.settings['limits.request-head'] = Setting(
            write_size(total), comments + ['line and fields together'])
    chosen = draft.facts.get('umask')
    if chosen and mask_of(chosen.value):
        draft.set('process.umask', f'{mask_of(chosen.value):03o}', chosen.origin())
    _write_defaults(draft, defaults)


def _finish_listeners(draft, defaults):
    if 'bind' not in draft.facts:
        draft.listeners.append(listener('http', *(
            defaults.address() if draft.activation is None else LOCAL)))
    take_sockets_of_systemd(draft, 'http', asks_for_all=True)
    protocol = draft.facts.get('protocol')
    if protocol and protocol.value == 'uwsgi':
        for entry in draft.listeners:
            entry.address = 'uwsgi' + entry.address[len('http'):]
            entry.comments.append(protocol.origin())
    draft.listeners[:] = without_repetitions(draft.listeners)
    for entry in draft.listeners:
        _add_keys(draft, entry)


def _add_keys(draft, entry):
    facts = draft.facts
    backlog = facts.get('backlog')
    count = leading_number(backlog.value) if backlog else 2048
    entry.keys['backlog'] = Setting(
        str(backlog.value) if count is None else min(max(count, 1), 65535),
        [backlog.origin() if backlog else "gunicorn's default"])
    entry.keys['trusted-proxies'] = _trusted(facts, entry)
    finish_tls(draft, entry)
    if entry.is_file() and 'systemd' not in entry.keys:
        chosen = facts.get('umask')
        mask = mask_of(chosen.value) if chosen else 0
        entry.keys['mode'] = Setting(
            f'{0o777 & ~mask:04o}', [chosen.origin() if chosen else "gunicorn's umask is 0"])
        owner = owner_of(draft)
        if owner:
            entry.keys['owner'] = Setting(owner, ['gunicorn gives it to this user'])


def _trusted(facts, entry):
    """Whom gunicorn believes: these addresses, and whoever comes by a unix socket."""
    options = [facts[name] for name in ('forwarded_allow_ips', 'proxy_allow_ips') if name in facts]
    names = [name for option in options for name in pieces(option.value)]
    if '*' in names:
        names = ['0.0.0.0/0', '::/0']
    comments = [option.origin() for option in options] or ["gunicorn's default"]
    is_nobody = 'forwarded_allow_ips' in facts and not names
    names = list(dict.fromkeys(names)) or ([] if is_nobody else ['127.0.0.1', '::1'])
    if entry.is_unix():
        return Setting(['unix'], comments)
    return Setting(names, comments)


def _finish_prefix(draft):
    """SCRIPT_NAME in the environment: the application is mounted there."""
    option, module = draft.facts.get('SCRIPT_NAME'), draft.settings.get('app.module')
    if option and module:
        del draft.settings['app.module']
        draft.put('app.mounts', option.value, module.value,
                  '; '.join([*module.comments, option.origin()]))


def _write_defaults(draft, defaults):
    draft.default('workers.processes', *defaults.processes())
    draft.default('workers.cores', 1000, "gunicorn's default")
    draft.default('app.preload', False, "gunicorn's default: each worker loads the application")
    draft.default('app.monkey-patch', 'before-load', 'as gunicorn\'s gevent worker does')
    draft.default('limits.kill-blocked-hub', '30s', "gunicorn's timeout")
    draft.default('limits.drain-requests', '30s', "gunicorn's graceful_timeout")
    draft.default('limits.drain-background', '5s',
                  'gunicorn does not wait for background greenlets')
    draft.default('limits.keep-alive', '2s', "gunicorn's keepalive")
    for key, value in (('body-timeout', '0s'), ('body-rate', 0), ('write-timeout', '0s')):
        draft.default(f'limits.{key}', value, 'gunicorn has no such limit; without this line '
                      'geventd has one')
    if 'app.module' not in draft.settings and 'app.mounts' not in draft.settings:
        draft.remarks.append('No application is named: write `app.module`.')
