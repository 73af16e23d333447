# SPDX-License-Identifier: MIT
"""uWSGI's options, second part: limits, recycling, reloads, the process, hooks and the rest."""
from .rows import built_in, maps, read, refused
from .uwsgi_logs import LOGS
from .uwsgi_static import NO_RULES, ROWS as STATIC
from .uwsgi_takes import chain_reload, daemonize, hook, memory, monitor, timer
from .values import listed, number, octal, seconds, size, switch, text

UNIT = 'in the systemd unit, or the like of the container'
NO_COMMANDS = 'the server starts no commands'
BEFORE = 'ExecStartPre= of the unit, or the entrypoint of the container'
# Why what runs once before a start, such as a migration, does not belong there.
NOT_BEFORE_LOAD = ('; not app.before-load, which is also called by geventd --check, at each reload '
                   'and, with preload: false, in each worker')
AFTER_FORK = 'hooks.post-fork: module:function, which each worker calls before it serves'
MULES = 'timers, crons and signals run functions in the workers; Celery or RQ for the rest'

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
         listed('reload.touch'),
         'old workers serve until new ones are ready; reload.strategy: restart ends them first, as '
         'uWSGI does'),
    maps('touch-chain-reload', 'reload.touch', chain_reload, 'with reload.strategy: rolling'),
    built_in('touch-logreopen touch-logrotate log-reopen',
             'SIGUSR1 and geventctl reopen-logs open the log again'),
    maps('touch-signal fs-signal', 'monitors', monitor),
    maps('timer signal-timer rbtimer signal-rbtimer', 'timers', timer),
    refused('touch-exec hook-touch touch-mules-reload touch-spoolers-reload signal check-mount* '
            'mount-check mountpoint-check', NO_COMMANDS,
            'monitors: [{path: FILE, run: module:function}] calls a function; a path unit of '
            'systemd starts a command', runs=True),
    refused('cron cron2 unique-cron cron-harakiri legion-cron cron-legion unique-legion-cron '
            'unique-cron-legion', NO_COMMANDS,
            'crons: [{at: "M H D M W", run: module:function}] calls a function; a timer of systemd '
            'or the host\'s cron starts a command', runs=True),
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
    maps('umask', 'process.umask', octal('process.umask'),
         'and listen.mode of unix sockets without chmod-socket'),
    maps('pidfile pidfile2 safe-pidfile safe-pidfile2', 'process.pidfile', text('process.pidfile')),
    maps('daemonize daemonize2', 'process.daemonize', daemonize, 'its file is log.file'),
    built_in('master-fifo stop reload pause suspend resume connect-and-read notify-socket',
             'geventctl sends the commands, and systemd hears of readiness'),
    built_in('procname* auto-procname', 'ps shows what each process is and does'),
    refused('binary-path profiler print-sym print-symbol extract', 'is for uWSGI\'s own program'),
)

HOOKS = (
    maps('hook-post-fork hook-accepting*', 'hooks.post-fork', hook(AFTER_FORK),
         'a function, as module:function, instead of an action'),
    refused('hook-as-user-atexit exec-as-user-atexit', NO_COMMANDS,
            'ExecStopPost= of the unit; hooks.worker-exit: module:function, which each worker '
            'calls at its end', runs=True),
    refused('hook-* exec-*', NO_COMMANDS, BEFORE + NOT_BEFORE_LOAD, runs=True),
    refused('call-*', 'there are no symbols of C to call',
            'hooks call functions of Python in each worker'),
    refused('after-request-hook after-request-call', 'there are no hooks around requests',
            'uwsgi.after_req_hook is called after each; or a middleware'),
    refused('wait-for-* wait-*', 'the server waits for nothing',
            'After= and ExecStartPre= of the unit, or the entrypoint of the container'),
    refused('file-write print iprint', 'is done while uWSGI starts', BEFORE),
)

ELSEWHERE = (
    refused('attach-daemon* attach-control-daemon smart-attach-daemon* legion-attach-daemon* '
            'legion-smart-attach-daemon*',
            'geventd starts no other programs', 'one systemd unit or container for each',
            runs=True),
    refused('legion* daemons-honour-stdin', 'geventd starts no other programs',
            'one systemd unit or container for each'),
    refused('mule* farm*', 'there are no mules', MULES, runs=True),
    refused('touch-mules-*', 'there are no mules', MULES),
    refused('spooler', 'there is no spooler', 'Celery, RQ or another queue', runs=True),
    refused('spooler-* queue*', 'there is no spooler', 'Celery, RQ or another queue'),
    refused('cache* add-cache-item load-file-in-cache* check-cache', 'there is no cache',
            'Redis or memcached'),
    refused('route* final-route* error-route* response-route* router* error-page-* '
            'add-header rem-header del-header collect-header response-header-collect pull-header',
            *NO_RULES),
    refused('emperor* vassal* zeus imperial-monitor* early-emperor heartbeat propagate-touch '
            'fallback-config',
            'there is no emperor',
            'convert each of its files (vassals), and start geventd@NAME.service for each'),
    refused('nagios ping*', 'uWSGI asks another server with it',
            'listen.health and metrics.listen answer whoever asks this one'),
    refused('rpc-max snmp* clock* xattr* webdav* ssi* pam* gridfs* airbrake* ldap* flock* safe-fd '
            'fd-safe binsh',
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

ROWS = LIMITS + RECYCLING + PROCESS + LOGS + HOOKS + STATIC + ELSEWHERE + CONVERTER
