# SPDX-License-Identifier: MIT
"""gunicorn's command line: its options with the settings that they are."""
from ..model import Unreadable
from .variables import default_words, is_variable

# {option: setting}; those with ! take no value and mean true, those with !! mean false.
OPTIONS = {
    '-c': 'config', '--config': 'config', '-b': 'bind', '--bind': 'bind', '--backlog': 'backlog',
    '-w': 'workers', '--workers': 'workers', '-k': 'worker_class', '--worker-class': 'worker_class',
    '--threads': 'threads', '--worker-connections': 'worker_connections',
    '--max-requests': 'max_requests', '--max-requests-jitter': 'max_requests_jitter',
    '-t': 'timeout', '--timeout': 'timeout', '--graceful-timeout': 'graceful_timeout',
    '--keep-alive': 'keepalive', '--limit-request-line': 'limit_request_line',
    '--limit-request-fields': 'limit_request_fields',
    '--limit-request-field_size': 'limit_request_field_size', '--reload': '!reload',
    '--reload-engine': 'reload_engine', '--reload-extra-file': 'reload_extra_files',
    '--spew': '!spew', '--check-config': '!check_config', '--print-config': '!print_config',
    '--preload': '!preload_app', '--no-sendfile': '!!sendfile', '--reuse-port': '!reuse_port',
    '--chdir': 'chdir', '-D': '!daemon', '--daemon': '!daemon', '-e': 'raw_env', '--env': 'raw_env',
    '-p': 'pidfile', '--pid': 'pidfile', '--worker-tmp-dir': 'worker_tmp_dir', '-u': 'user',
    '--user': 'user', '-g': 'group', '--group': 'group', '-m': 'umask', '--umask': 'umask',
    '--initgroups': '!initgroups', '--forwarded-allow-ips': 'forwarded_allow_ips',
    '--access-logfile': 'accesslog',
    '--disable-redirect-access-to-syslog': '!disable_redirect_access_to_syslog',
    '--access-logformat': 'access_log_format', '--error-logfile': 'errorlog',
    '--log-file': 'errorlog', '--log-level': 'loglevel', '--capture-output': '!capture_output',
    '--logger-class': 'logger_class', '--log-config': 'logconfig',
    '--log-config-json': 'logconfig_json', '--log-syslog-to': 'syslog_addr',
    '--log-syslog': '!syslog', '--log-syslog-prefix': 'syslog_prefix',
    '--log-syslog-facility': 'syslog_facility', '-R': '!enable_stdio_inheritance',
    '--enable-stdio-inheritance': '!enable_stdio_inheritance', '--statsd-host': 'statsd_host',
    '--dogstatsd-tags': 'dogstatsd_tags', '--statsd-prefix': 'statsd_prefix',
    '--enable-backlog-metric': '!enable_backlog_metric', '-n': 'proc_name', '--name': 'proc_name',
    '--pythonpath': 'pythonpath', '--paste': 'paste', '--paster': 'paste',
    '--proxy-protocol': 'proxy_protocol', '--proxy-allow-from': 'proxy_allow_ips',
    '--protocol': 'protocol', '--uwsgi-allow-from': 'uwsgi_allow_ips', '--keyfile': 'keyfile',
    '--certfile': 'certfile', '--ssl-version': 'ssl_version', '--cert-reqs': 'cert_reqs',
    '--ca-certs': 'ca_certs', '--suppress-ragged-eofs': '!suppress_ragged_eofs',
    '--do-handshake-on-connect': '!do_handshake_on_connect', '--ciphers': 'ciphers',
    '--http-protocols': 'http_protocols', '--http2-cleartext': 'http2_cleartext',
    '--http2-max-concurrent-streams': 'http2_max_concurrent_streams',
    '--http2-initial-window-size': 'http2_initial_window_size',
    '--http2-max-frame-size': 'http2_max_frame_size',
    '--http2-max-header-list-size': 'http2_max_header_list_size',
    '--paste-global': 'raw_paste_global_conf',
    '--permit-obsolete-folding': '!permit_obsolete_folding',
    '--strip-header-spaces': '!strip_header_spaces',
    '--permit-unconventional-http-method': '!permit_unconventional_http_method',
    '--permit-unconventional-http-version': '!permit_unconventional_http_version',
    '--tolerate-dangerous-framing': '!tolerate_dangerous_framing',
    '--casefold-http-method': '!casefold_http_method', '--forwarder-headers': 'forwarder_headers',
    '--header-map': 'header_map', '--asgi-loop': 'asgi_loop', '--asgi-lifespan': 'asgi_lifespan',
    '--asgi-disconnect-grace-period': 'asgi_disconnect_grace_period',
    '--websocket-max-message-size': 'websocket_max_message_size', '--http-parser': 'http_parser',
    '--root-path': 'root_path', '--dirty-app': 'dirty_apps', '--dirty-workers': 'dirty_workers',
    '--dirty-timeout': 'dirty_timeout', '--dirty-threads': 'dirty_threads',
    '--dirty-graceful-timeout': 'dirty_graceful_timeout', '--control-socket': 'control_socket',
    '--control-socket-mode': 'control_socket_mode',
    '--no-control-socket': '!control_socket_disable',
}
MAY_STAND_ALONE = ('--proxy-protocol',)


def parse(words):
    """(setting, value, the words as written) for each, in order; the application is wsgi_app. A
    variable alone may hold anything: it has no name."""
    words = list(words)
    while words:
        word = words.pop(0)
        if word == '--':
            continue
        if is_variable(word):
            words[:0] = default_words(word)
            yield '', word, word
        elif not word.startswith('-') or word == '-':
            yield 'wsgi_app', word, word
        elif word.startswith('--'):
            yield long_option(word, words)
        else:
            yield short_option(word, words)


def long_option(word, words):
    name, equals, value = word.partition('=')
    setting = OPTIONS.get(name) or by_beginning(name)
    if setting.startswith('!'):
        return setting.strip('!'), not setting.startswith('!!'), word
    if equals:
        return setting, value, word
    if name in MAY_STAND_ALONE and (not words or words[0].startswith('-') or ':' in words[0]):
        return setting, 'auto', word
    return setting, *next_value(word, words)


def by_beginning(name):
    """argparse takes a beginning that only one option has."""
    found = {setting for option, setting in OPTIONS.items() if option.startswith(name)}
    if len(found) != 1:
        raise Unreadable(f'gunicorn has no option {name}')
    return found.pop()


def short_option(word, words):
    setting = OPTIONS.get(word[:2])
    if setting is None:
        raise Unreadable(f'gunicorn has no option {word[:2]}')
    if setting.startswith('!'):
        if len(word) > 2:
            words.insert(0, '-' + word[2:])
        return setting.strip('!'), True, word[:2]
    if len(word) > 2:
        return setting, word[2:].lstrip('='), word
    return setting, *next_value(word, words)


def next_value(word, words):
    if not words:
        raise Unreadable(f'{word} of gunicorn needs a value')
    value = words.pop(0)
    return value, f'{word} {value}'
