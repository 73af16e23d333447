# SPDX-License-Identifier: MIT
"""uWSGI's options, first part: sockets, workers, the application."""
from .rows import built_in, maps, refused
from .uwsgi_takes import (before_load, environment, listens, metrics_address, mount, paste, patch,
                          router_keep_alive, socket_mode)
from .uwsgi_tls import TLS
from .values import fact, last, listed, number, numeric_fact, processes, seconds, size, switch, text

ONE_PROTOCOL = 'listen speaks HTTP and the uwsgi protocol only'

SOCKETS = (
    maps('http httprouter', 'listen.address', listens('http'),
         'written http://HOST:PORT; [::] is IPv6 and IPv4 here too; the workers serve it '
         'themselves, without a router'),
    maps('http-socket http11-socket', 'listen.address', listens('http'),
         'written http://HOST:PORT or http+unix:PATH'),
    maps('socket uwsgi-socket', 'listen.address', listens('uwsgi'),
         'written uwsgi://HOST:PORT or uwsgi+unix:PATH; with protocol = http: http://'),
    maps('protocol socket-protocol', 'listen.address', fact('protocol'),
         'the scheme of the address tells the protocol'),
    maps('chmod-socket chmod', 'listen.mode', socket_mode,
         'of each unix socket; bare: 666; without it: 0660'),
    maps('chown-socket', 'listen.owner', fact('chown-socket'),
         'of each unix socket; without it: process.user and its group'),
    maps('listen', 'listen.backlog', numeric_fact('listen'), 'of each socket'),
    maps('log-x-forwarded-for', 'listen.trusted-proxies', fact('log-x-forwarded-for'),
         'the client of a trusted proxy is in the log as ${client}'),
    maps('stats stats-server', 'metrics.uwsgi-stats', metrics_address,
         'the same document, for uwsgitop and exporters'),
    refused('stats-http', 'metrics.uwsgi-stats speaks no HTTP',
            'metrics.listen answers /status.json and /metrics'),
    refused('stats-push stats-pusher-default-freq stats-pushers-default-freq statsd-* '
            'carbon* rrdtool* zabbix* metric* enable-metrics alarm-metric',
            'there are no pushers of metrics',
            'let Prometheus ask metrics.listen for /metrics'),
    built_in('stats-minified stats-min stats-no-cores stats-no-metrics',
             'the statistics have one form'),
    refused('fastcgi-* scgi-* raw-socket raw-modifier* puwsgi-socket zmq* zeromq* mongrel2* udp '
            'pty-* upload-progress',
            ONE_PROTOCOL, 'let the proxy speak HTTP or the uwsgi protocol to it'),
    built_in('http-websockets http-raw-body websocket-continuation-buffer '
             'websockets-continuation-buffer',
             'the workers speak WebSocket themselves, with uwsgi.websocket_* and more'),
    maps('websocket-ping-freq websockets-ping-freq', 'limits.websocket-ping',
         seconds('limits.websocket-ping')),
    maps('websocket-pong-freq websockets-pong-freq websocket-pong-tolerance '
         'websockets-pong-tolerance', 'limits.websocket-pong', seconds('limits.websocket-pong')),
    maps('websocket-max-size websockets-max-size', 'limits.websocket-message',
         size('limits.websocket-message', 'KiB'), 'of all fragments together'),
    refused('http-manage-rtsp', 'RTSP is not spoken', 'let a proxy speak it'),
    maps('http-keepalive', 'limits.keep-alive', router_keep_alive,
         '0 becomes 1ms, as 0 is no limit here'),
    maps('http-timeout', 'limits.body-timeout',
         seconds('limits.body-timeout', 'limits.write-timeout'),
         'and limits.write-timeout: a silent application is a matter of harakiri'),
    maps('http-headers-timeout', 'limits.header-timeout', seconds('limits.header-timeout')),
    maps('http-harakiri', 'limits.request-time', seconds('limits.request-time')),
    built_in('http-auto-chunked http-chunked-input http-manage-expect http-processes http-workers '
             'http-events http-quiet http-cheap http-gracetime http-connect-timeout '
             'http-buffer-size http-post-buffering* http-backend-http http-manage-source '
             'chunked-input-* wsgi-manage-chunked-input http-path-info-no-decode-slashes '
             'http-enable-proxy-protocol enable-proxy-protocol http-stud-prefix '
             'http-server-name-as-http-host',
             'the workers speak HTTP/1.1 themselves: there is no router; the PROXY protocol is '
             'taken from listen.trusted-proxies'),
    refused('http-auto-gzip transformation-*', 'answers are not compressed',
            'let the proxy or a middleware compress them'),
    refused('http-uid http-gid', 'there is no router with a user of its own',
            'process.user and process.group hold for all workers', protects=True),
    refused('http-to http-zerg http-fallback http-var http-modifier* http-use-* http-subscription* '
            'http-stats* http-ss http-resubscribe corerouter* fastrouter* rawrouter* sslrouter* '
            'forkpty* tuntap* subscri* st unsubscribe* start-unsubscribed zerg* consul* '
            'http-socket-modifier* multicast* cluster*',
            'there are no routers and subscriptions',
            'put a proxy in front; metrics.agent tells HAProxy how many cores are free, and '
            'limits.drain-delay serves on while it hears of a stop'),
    built_in('thunder-lock* reuse-port no-fd-passing tcp-nodelay no-defer-accept freebind '
             'close-on-exec* map-socket socket-sndbuf socket-rcvbuf tcp-fast* so-keepalive '
             'force-gateway',
             'the master opens each socket once, and workers accept without a lock'),
    refused('shared-socket undeferred-shared-socket', 'sockets have no numbers here',
            'write the address itself: ports below 1024 are bound before the user changes'),
    built_in('abstract-socket', 'an abstract socket is written http+unix:@NAME'),
    built_in('vacuum', 'sockets and the pidfile are always removed at the end'),
)

WORKERS = (
    maps('processes workers', 'workers.processes', processes,
         'a number, auto, or a formula such as 2*cpus+1; workers.memory-share bounds it'),
    maps('gevent async', 'workers.cores', number('workers.cores', 1, 100_000)),
    built_in('threads thread-stack* threads-stack* enable-threads ugreen* greenlet '
             'no-threads-wait asyncio loop',
             'every worker runs gevent with workers.cores; threads of the application just run'),
    maps('cheaper', 'workers.cheaper', fact('cheaper')),
    refused('cheaper-rss-limit-*', 'workers.cheaper looks at cores and queues',
            'workers.memory-share bounds the processes by the memory limit'),
    built_in('cheaper-* cheap', 'workers.cheaper has one rule, which counts busy cores'),
    refused('idle die-on-idle die-on-no-workers', 'there is always a worker',
            'let the service manager stop a server that nobody needs'),
    built_in('master no-master master-as-root single-interpreter lock-engine ftok '
             'persistent-ipcsem no-orphans max-apps max-vars use-abort reaper py-call-* '
             'signal-bufsize signals-bufsize cgi-mode honour-stdin skip-zero early-python '
             'backtrace-depth check-interval forkbomb-delay die-on-term exit-on-reload '
             'skip-atexit skip-atexit-teardown reload-os-env never-swap '
             'disable-async-warn-on-queue-full py-master-check-signals '
             'shutdown-sockets',
             'the master, its supervision and a clean end are always there'),
    built_in('need-app no-default-app dynamic-apps strict',
             'an application must load and an unknown key is an error'),
    maps('locks', 'signals.locks', number('signals.locks', 1, 10_000, plus=1),
         'uWSGI adds this number to the one that is always there'),
    refused('cpu-affinity prio weight auto-weight ksm', 'the kernel schedules the workers',
            'set CPUAffinity= and Nice= in the systemd unit'),
    refused('max-fd', 'geventd raises its own limit of descriptors',
            'set LimitNOFILE= in the systemd unit when 10,000 connections are not enough'),
    refused('vhost vhost-host remap-modifier allowed-modifiers',
            'there is one application for each path', 'run one server for each host name'),
)

APPLICATION = (
    maps('module wsgi', 'app.module', last('module'), 'written module:callable'),
    maps('wsgi-file file', 'app.module', last('wsgi-file'), 'the path of a .py or .wsgi file'),
    maps('callable test', 'app.module', last('callable'), 'becomes a part of app.module'),
    maps('mount worker-mount', 'app.mounts', mount, 'the mount of / is app.module'),
    built_in('manage-script-name ignore-script-name', 'app.mounts always splits the path so'),
    maps('paste ini-paste ini-paste-logged', 'app.module', paste,
         'written paste:FILE#NAME; with the file\'s logging'),
    maps('paste-name', 'app.module', fact('paste-name'), 'the NAME of paste:FILE#NAME'),
    built_in('paste-logger', 'the logging of a Paste Deploy file is always configured'),
    maps('chdir', 'app.chdir', text('app.chdir')),
    maps('chdir2', 'app.chdir', text('app.chdir'), 'there is one working directory'),
    refused('force-cwd', 'relative paths of the file count from its folder', 'write whole paths'),
    maps('virtualenv home venv pyhome', 'app.virtualenv', text('app.virtualenv')),
    maps('pythonpath python-path pp early-pythonpath early-python-path', 'app.python-path',
         listed('app.python-path')),
    maps('env ienv', 'app.environment', environment),
    refused('envdir early-envdir unenv', 'app.environment names each variable',
            'write them there, or use EnvironmentFile= of the systemd unit'),
    maps('lazy-apps lazy', 'app.preload', switch('app.preload', False),
         'each worker loads the application itself'),
    maps('gevent-early-monkey-patch', 'app.monkey-patch', patch('before-load')),
    maps('gevent-monkey-patch', 'app.monkey-patch', patch('before-start')),
    maps('py-autoreload py-auto-reload python-autoreload python-auto-reload',
         'app.reload-on-change', switch('app.reload-on-change', True, False),
         'the interval does not matter: the kernel tells of changes'),
    refused('py-auto-reload-ignore', 'no module is left out', 'use reload.touch instead'),
    refused('pyargv', 'sys.argv is geventd\'s', 'set it in a module of app.before-load, or use the '
            'environment'),
    maps('import pyimport py-import python-import shared-import shared-py* shared-python-import '
         'early-pyimport early-python-import', 'app.before-load', before_load,
         'modules, or functions as module:function; what each worker needs is a matter of '
         'hooks.post-fork'),
    refused('pymodule-alias post-pymodule-alias pyrun py-programname py-program-name python py '
            'python-raw pyshell* python-worker-override worker-exec* eval',
            'the interpreter runs the application only', 'do this in a module of app.before-load'),
    refused('py-sharedarea sharedarea', 'there is no shared memory for applications',
            'use Redis, or geventd.signal() with a payload'),
    refused('optimize no-site py-executable py-sys-executable python-version',
            'Python starts with its defaults', 'set PYTHONOPTIMIZE in the environment of geventd'),
    built_in('py-tracebacker', 'geventctl stacks shows where every greenlet stands'),
    refused('catch-exceptions', 'tracebacks go to the log, not to the browser',
            'use the framework\'s debug mode'),
    built_in('wsgi-env-behavio* wsgi-accept-buffer* wsgi-disable-file-wrapper wsgi-strict '
             'wsgi-lite start_response-nodelay',
             'each request has an environ of its own, as PEP 3333 has it'),
    refused('pecan pump web3 ini-web3* cgi* php* perl* psgi* rack* rails* ruby* lua* go-* jvm* '
            'gccgo* mono* v8* symcall* dlopen',
            'only WSGI applications are served', 'use a server for that language'),
)

ROWS = SOCKETS + TLS + WORKERS + APPLICATION
