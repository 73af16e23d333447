# SPDX-License-Identifier: MIT
"""uWSGI's command line: which options take a value, and what the words mean.

The words are in geventd's syntax: ${NAME} is a variable.
"""
from ..model import Unreadable
from .variables import default_of, default_words, is_variable

# Every other option takes a value.
FLAGS = set('''
    abstract-socket alarm-list alarms-list auto-procname autoload cache-no-expire
    cache-report-freed-items cache-use-last-modified carbon-name-resolve carbon-no-workers
    carbon-resolve-names carbon-use-metrics catch-exceptions cflags cgi-async-max-attempts
    cgi-close-stdin-on-eof cgi-do-not-kill-on-error cgi-dontresolve cgi-from-docroot cgi-mode
    cgi-optimize cgi-optimized cgi-path-info cheap cheaper-algo-list cheaper-algos-list
    cheaper-busyness-verbose cheaper-list check-static-docroot clock-list clocks-list
    close-on-exec close-on-exec2 command-mode config-py daemons-honour-stdin die-on-idle
    die-on-no-workers die-on-term disable-async-warn-on-queue-full disable-logging
    disable-sendfile disable-write-exception dot-h drop-after-apps drop-after-init dump-options
    dynamic-apps early-emperor early-python emperor-graceful-shutdown emperor-magic-exec
    emperor-no-blacklist emperor-nofollow emperor-subreaper emperor-tyrant
    emperor-tyrant-initgroups emperor-tyrant-nofollow emperor-wait-for-command enable-metrics
    enable-proxy-protocol enable-threads end-blacklist end-whitelist exit-on-reload
    fastrouter-cheap fastrouter-fallback-on-no-key force-gateway forkptyrouter-cheap freebind
    gevent-early-monkey-patch gevent-monkey-patch gevent-wait-for-hub greenlet harakiri-no-arh
    harakiri-verbose help honour-range honour-stdin http-auto-chunked http-auto-gzip
    http-backend-http http-cheap http-chunked-input http-manage-rtsp http-manage-source
    http-raw-body http-websockets https-export-cert if-not-reload if-reload ignore-script-name
    ignore-sigpipe ignore-write-errors imperial-monitor-list imperial-monitors-list jailed lazy
    lazy-apps log-4xx log-5xx log-format-strftime log-master log-master-req-stream
    log-master-stream log-micros log-reopen log-truncate log-x-forwarded-for log-zero
    logfile-chown logformat-strftime logger-list loggers-list loop-list loops-list
    manage-script-name master master-as-root metric-dir-restore metrics-dir-restore
    metrics-no-cores nagios never-swap no-default-app no-defer-accept no-fd-passing
    no-harakiri-after-req-hook no-harakiri-arh no-initgroups no-orphans no-server no-site
    no-threads-wait paste-logger pcre-jit persistent-ipcsem plugin-list plugins-list
    propagate-touch pty-input pty-log pty-no-isig py-call-osafterfork py-call-uwsgi-fork-hooks
    py-master-check-signals python-version rawrouter-cheap rawrouter-xclient re-fork
    re-fork-as-root re-fork-post-jail reaper refork refork-as-root refork-post-jail
    reload-on-exception reload-os-env reuse-port router-list routers-list rsyslog-split-messages
    setns-preopen show-config single-interpreter skip-atexit skip-atexit-teardown skip-zero
    so-keepalive so-send-timeout so-write-timeout socket-send-timeout socket-write-timeout
    spooler-cheap spooler-ordered spooler-quiet spooler-signal-as-task ssl-enable-sslv3
    ssl-enable-tlsv1 ssl-enable3 ssl-verbose sslrouter-cheap sslrouter-sni start-unsubscribed
    start_response-nodelay static-gzip-all stats-http stats-min stats-minified stats-no-cores
    stats-no-metrics statsd-all-gauges statsd-no-workers strict subscription-clear-on-shutdown
    subscription-dotsplit subscription-vassal-required subscriptions-use-credentials
    symcall-use-next tcp-fast-open-client tcp-fastopen-client tcp-nodelay threaded-logger
    thunder-lock thunder-lock-watchdog ugreen unsubscribe-on-graceful-reload usage use-abort
    vacuum version vhost vhost-host write-errors-exception-only wsgi-accept-buffer
    wsgi-accept-buffers wsgi-disable-file-wrapper wsgi-manage-chunked-input wsgi-strict
    zerg-fallback
'''.split())
OPTIONAL = set('''
    check-cache chmod chmod-socket end-for end-if endfor endif exit fastrouter-use-cache
    fastrouter-use-socket http-enable-proxy-protocol http-keepalive http-manage-expect
    http-use-cache http-use-socket ksm log-date log-prefix log-syslog logdate memory-report mule
    need-app pyshell pyshell-oneshot rawrouter-use-cache rawrouter-use-socket snmp
    ssl-session-use-cache ssl-sessions-use-cache ssl-verify-depth sslrouter-use-cache
    sslrouter-use-socket tuntap-use-credentials zabbix-template
'''.split())
SHORT = {
    'A': 'sharedarea', 'C': 'chmod-socket', 'H': 'home', 'J': 'test', 'L': 'disable-logging',
    'M': 'master', 'O': 'optimize', 'Q': 'spooler', 'R': 'max-requests', 'S': 'set', 'T':
    'enable-threads', 'a': 'abstract-socket', 'b': 'buffer-size', 'c': 'cgi-mode', 'd':
    'daemonize', 'h': 'help', 'i': 'single-interpreter', 'j': 'json', 'l': 'listen', 'm':
    'memory-report', 'p': 'processes', 'r': 'reaper', 's': 'socket', 't': 'harakiri', 'v':
    'max-vars', 'w': 'module', 'x': 'xmlconfig', 'y': 'yaml', 'z': 'socket-timeout'}
FILES = {'.ini': 'ini', '.xml': 'xml', '.yaml': 'yaml', '.yml': 'yaml', '.json': 'json',
         '.js': 'json'}


def parse(words):
    """(option, value, the words as written) for each, in order."""
    words = list(words)
    while words:
        word = words.pop(0)
        if word == '--':
            continue
        if word.startswith('--'):
            yield long_option(word, words)
        elif word.startswith('-') and len(word) > 1:
            yield from short_options(word, words)
        else:
            words[:0] = default_words(word)
            yield argument(word)


def takes_value(name):
    return name not in FLAGS and name not in OPTIONAL


def long_option(word, words):
    name, equals, value = word[2:].partition('=')
    if equals or not takes_value(name):
        return name, value if equals else 'true', word
    if not words:
        raise Unreadable(f'{word} of uWSGI needs a value')
    value = words.pop(0)
    return name, value, f'{word} {value}'


def short_options(word, words):
    """-M, -p4, -p 4, or several flags in one: -MT"""
    rest = word[1:]
    while rest:
        letter, rest = rest[0], rest[1:]
        name = SHORT.get(letter)
        if name is None:
            raise Unreadable(f'{word}: uWSGI has no option -{letter}')
        if name in OPTIONAL:
            yield name, rest or 'true', f'-{letter}{rest}'
            return
        if not takes_value(name):
            yield name, 'true', f'-{letter}'
            continue
        if not rest and not words:
            raise Unreadable(f'-{letter} of uWSGI needs a value')
        value = rest or words.pop(0)
        yield name, value, f'-{letter} {value}'
        return


def argument(word):
    """A configuration, an application, or what the application is given. A variable alone may hold
    anything: it has no name, unless its default is one of these."""
    told = default_of(word) or word
    plain = told.rpartition(':')[0] or told
    for ending, option in FILES.items():
        if plain.endswith(ending) or told.endswith(ending):
            return option, word, word
    if told.endswith(('.py', '.wsgi')):
        return 'wsgi-file', word, word
    is_module = ':' in told and '/' not in told
    if is_variable(word):
        return ('module' if is_module and told[0] not in '-$' else ''), word, word
    return ('module' if is_module else 'pyargv'), word, word
