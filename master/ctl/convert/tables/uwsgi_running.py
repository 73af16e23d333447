# SPDX-License-Identifier: MIT
"""uWSGI's options, second part: limits, recycling, reloads, the process, logs and the rest."""
from .rows import built_in, maps, read, refused
from .uwsgi_takes import (access_log, chain_reload, daemonize, log_file, logger, memory, monitor,
                          no_access_log, timer)
from .values import fact, listed, number, octal, seconds, size, switch, text

UNIT = 'in the systemd unit, or the like of the container'

LIMITS = (
    maps('harakiri', 'limits.request-time', seconds('limits.request-time'),
         'ends that request alone, with a 504, and not its worker'),
    built_in('harakiri-* no-harakiri-*', 'the log names the request and where it stood'),
    maps('buffer-size', 'limits.request-head', size('limits.request-head', 'B', 1024, 16 << 20)),
    maps('limit-post', 'limits.request-body', size('limits.request-body', 'B')),
    maps('socket-timeout', 'limits.body-timeout', seconds('limits.body-timeout')),
    maps('so-send-timeout socket-send-timeout so-write-timeout socket-write-timeout',
         'limits.write-timeout', seconds('limits.write-timeout')),
    built_in('post-buffering post-buffering-bufsize body-read-warning',
             'a body of up to 64KiB is complete before the application starts'),
    maps('disable-write-exception ignore-write-errors ignore-sigpipe write-errors-*',
         'on-disconnect', switch('on-disconnect', 'ignore'),
         'a client that leaves is no error'),
    refused('response-headers-limit', 'the size of answers\' heads is fixed'),
    refused('limit-as limit-nproc', 'geventd sets no such limits',
            'LimitAS=, MemoryMax= and TasksMax= ' + UNIT + '; workers.reload-on-rss replaces a '
            'worker that grows', protects=True),
    maps('worker-reload-mercy reload-mercy', 'limits.drain-requests',
         seconds('limits.drain-requests')),
    maps('gevent-wait-for-hub', 'limits.drain-background', switch('limits.drain-background', '1m'),
         'background greenlets get a time, not for ever'),
)

RECYCLING = (
    maps('max-requests', 'workers.max-requests', number('workers.max-requests', 0, 10**9)),
    maps('max-requests-delta', 'workers.max-requests-jitter',
         number('workers.max-requests-jitter', 0, 10**9), 'a random part instead of a fixed one'),
    maps('max-worker-lifetime', 'workers.max-lifetime', seconds('workers.max-lifetime')),
    built_in('min-worker-lifetime max-worker-lifetime-delta memory-report mem-collector-freq',
             'the successor is ready before a worker leaves, one at a time'),
    maps('reload-on-rss evil-reload-on-rss reload-on-as evil-reload-on-as reload-on-uss '
         'reload-on-pss', 'workers.reload-on-rss', memory, 'in MiB; resident memory'),
    refused('reload-on-exception* reload-on-fd brutal-reload-on-fd exception-handler',
            'a failed request is logged and its worker goes on',
            'let the application end its own process, or call geventd.reload()'),
    maps('touch-reload touch-workers-reload fs-reload fs-brutal-reload', 'reload.touch',
         listed('reload.touch')),
    maps('touch-chain-reload', 'reload.touch', chain_reload, 'with reload.strategy: rolling'),
    built_in('touch-logreopen touch-logrotate log-reopen',
             'SIGUSR1 and geventctl reopen-logs open the log again'),
    maps('touch-signal fs-signal', 'monitors', monitor),
    maps('timer signal-timer rbtimer signal-rbtimer', 'timers', timer),
    refused('touch-exec touch-mules-reload touch-spoolers-reload signal check-mount* mount-check '
            'mountpoint-check', 'the server starts no commands',
            'a path unit of systemd does; monitors send a signal to the application'),
    refused('cron cron2 unique-cron cron-harakiri legion-cron cron-legion unique-legion-cron '
            'unique-cron-legion', 'the server starts no commands',
            'crons: [{at: "M H D M W", run: module:function}] calls a function; a timer of systemd '
            'or the host\'s cron starts a command'),
)

PROCESS = (
    maps('uid', 'process.user', text('process.user'),
         'templates and workers only; the master stays root'),
    maps('gid', 'process.group', text('process.group')),
    refused('add-gid no-initgroups immediate-uid immediate-gid drop-after-*',
            'the groups are those of process.user', 'make that user a member of them',
            protects=True),
    refused('chroot pivot-root pivot_root unshare* jail* jidfile jid-file libjail cap namespace* '
            'ns ns-net setns* cgroup* refork* re-fork* fork-s* mount-* umount-* '
            'privileged-binary-* unprivileged-binary-*',
            'geventd jails nothing',
            'RootDirectory=, CapabilityBoundingSet=, PrivateTmp= and the like ' + UNIT,
            protects=True),
    maps('umask', 'process.umask', octal('process.umask')),
    maps('pidfile pidfile2 safe-pidfile safe-pidfile2', 'process.pidfile', text('process.pidfile')),
    maps('daemonize daemonize2', 'process.daemonize', daemonize, 'its file is log.file'),
    built_in('master-fifo stop reload pause suspend resume connect-and-read notify-socket',
             'geventctl sends the commands, and systemd hears of readiness'),
    built_in('procname* auto-procname', 'ps shows what each process is and does'),
    refused('binary-path profiler print-sym print-symbol extract', 'is for uWSGI\'s own program'),
)

LOGS = (
    maps('logto logto2', 'log.file', log_file),
    maps('logger worker-logger', 'log.file', logger),
    maps('log-format logformat', 'log.access', access_log, '%(name) becomes ${name}'),
    maps('disable-logging', 'log.access', no_access_log, 'off'),
    maps('req-logger logger-req worker-logger-req', 'log.file', fact('req-logger'),
         'the access log goes to the same place as the log'),
    built_in('log-master* threaded-logger log-buffering log-truncate log-backupname log-maxsize '
             'log-prefix log-zero log-micros log-master-bufsize logger-list loggers-list',
             'every process writes whole lines itself; let logrotate move the file'),
    refused('log-4xx log-5xx log-slow log-big log-sendfile log-ioerror',
            'the access log has all requests or none',
            'log.access: a format with ${status} and ${msecs}, filtered by whoever reads it'),
    refused('log-date logdate logformat-strftime log-format-strftime',
            'the log\'s own lines have one form of time', '${ltime}, ${ftime} and ${ctime} are the '
            'access log\'s'),
    refused('log-syslog log-socket log-zeromq log-encoder log-req-encoder worker-log-encoder '
            'worker-log-req-encoder log-drain log-filter log-route log-req-route rsyslog* '
            'alarm* segfault-alarm lq-alarm backlog-alarm listen-queue-alarm log-alarm '
            'not-log-alarm not-alarm-log alarms-list alarm-list',
            'the log is one stream of lines', 'log.format: json, and a log shipper that filters'),
    refused('logfile-chown logfile-chmod', 'the log file keeps its owner and mode',
            'create it beforehand'),
)

ELSEWHERE = (
    refused('static-map static-map2 check-static* static-check static-* mimefile mime-file '
            'fileserve-mode file-serve-mode honour-range disable-sendfile',
            'this version serves no files',
            'nginx: location /static/ { alias /srv/app/static/; }; or whitenoise in the '
            'application'),
    built_in('offload-thread*', 'sending needs no threads'),
    refused('attach-daemon* attach-control-daemon smart-attach-daemon* legion* '
            'daemons-honour-stdin',
            'geventd starts no other programs', 'one systemd unit or container for each'),
    refused('hook-* exec-* call-* after-request-hook after-request-call wait-for-* wait-* '
            'file-write print iprint',
            'there are no hooks in the configuration',
            'before the start: ExecStartPre= of the unit; in each worker: uwsgi.post_fork_hook; '
            'at its end: uwsgi.atexit; after a request: uwsgi.after_req_hook'),
    refused('mule* farm* touch-mules-*', 'there are no mules',
            'timers, crons and signals run functions in the workers; Celery or RQ for the rest'),
    refused('spooler* queue*', 'there is no spooler', 'Celery, RQ or another queue'),
    refused('cache* add-cache-item load-file-in-cache* check-cache', 'there is no cache',
            'Redis or memcached'),
    refused('route* final-route* error-route* response-route* router* error-page-* '
            'add-header rem-header del-header collect-header response-header-collect pull-header',
            'there are no rules for requests', 'the proxy, or a middleware of the application'),
    refused('emperor* vassal* zeus imperial-monitor* early-emperor heartbeat propagate-touch '
            'fallback-config',
            'there is no emperor', 'geventd@NAME.service, one for each application'),
    refused('rpc-max snmp* clock* xattr* webdav* ssi* nagios pam* ping* gridfs* airbrake* '
            'ldap* flock* safe-fd fd-safe binsh',
            'geventd does not offer this', 'do it in the application'),
    built_in('plugin plugins plugin-dir plugins-dir need-plugin need-plugins plugin-list '
             'plugins-list autoload build-plugin loop-list loops-list cheaper-algo-list '
             'cheaper-algos-list cheaper-list binary-append-data pcre-jit',
             'there are no plugins'),
)

CONVERTER = (
    read('ini xml xmlconfig yaml yml json js config include inherit inject-before '
         'inject-after', 'the file is read too'),
    read('set set-placeholder set-ph', 'is put in where it is used'),
    refused('mode resolve declare-option*', 'the converter does not follow this',
            'write out the options that it stands for'),
    read('for for-* endfor end-for end if-* ifenv ifexists ifplugin ifdir endif end-if else',
         'is decided while converting'),
    read('blacklist* whitelist* end-blacklist end-whitelist', 'guards the file against itself'),
    read('show-config dump-options help usage version cflags dot-h config-py get no-server '
         'command-mode exit uwsgi-*', 'prints something and is no setting'),
)

ROWS = LIMITS + RECYCLING + PROCESS + LOGS + ELSEWHERE + CONVERTER
