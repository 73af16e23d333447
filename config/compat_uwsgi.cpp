// SPDX-License-Identifier: MIT
#include "config/compat_uwsgi.h"

#include <algorithm>

#include <fmt/core.h>

#include "config/catalogue.h"

namespace geventd::config {

namespace {

constexpr std::string_view kUwsgi = "uWSGI";
constexpr std::string_view kGunicorn = "gunicorn";
constexpr std::string_view kBoth = "uWSGI's and gunicorn";

constexpr std::string_view kNotOffered = "geventd does not offer this";
constexpr std::string_view kEndTls = "geventd does not offer TLS; end it at the proxy";
constexpr std::string_view kCores =
    "gevent workers use cores (workers.cores), and threads started by the application run anyway";

constexpr ForeignName kNames[] = {
    {"abstract-socket", kUwsgi, "listen", "write http+unix:@NAME or uwsgi+unix:@NAME"},
    {"access-log-format", kGunicorn, "log.access", ""},
    {"access-logfile", kGunicorn, "log.access", "it goes to the same place as the log"},
    {"access-logformat", kGunicorn, "log.access", ""},
    {"accesslog", kGunicorn, "log.access", "it goes to the same place as the log"},
    {"add-header", kUwsgi, "", kNotOffered},
    {"async", kUwsgi, "workers.cores", ""},
    {"asyncio", kUwsgi, "", "every worker runs gevent"},
    {"attach-daemon", kUwsgi, "", "geventd does not offer this; let systemd run it"},
    {"auto-procname", kUwsgi, "", kNotOffered},
    {"backlog", kGunicorn, "listen.backlog", ""},
    {"bind", kGunicorn, "listen", "write http://HOST:PORT or http+unix:PATH"},
    {"buffer-size", kUwsgi, "limits.request-head", ""},
    {"ca-certs", kGunicorn, "", kEndTls},
    {"cache", kUwsgi, "", kNotOffered},
    {"cache2", kUwsgi, "", kNotOffered},
    {"callable", kUwsgi, "app.module", "write module:callable"},
    {"capture-output", kGunicorn, "", "what the application prints goes to stderr; leave this out"},
    {"certfile", kGunicorn, "", kEndTls},
    {"chdir2", kUwsgi, "app.chdir", ""},
    {"cheap", kUwsgi, "workers.cheaper", ""},
    {"cheaper", kUwsgi, "workers.cheaper", ""},
    {"cheaper-algo", kUwsgi, "workers.cheaper", ""},
    {"cheaper-initial", kUwsgi, "workers.cheaper", ""},
    {"cheaper-step", kUwsgi, "workers.cheaper", ""},
    {"check-static", kUwsgi, "static", ""},
    {"chmod-socket", kUwsgi, "listen.mode", ""},
    {"chown-socket", kUwsgi, "listen.owner", ""},
    {"cron", kUwsgi, "crons", ""},
    {"cron2", kUwsgi, "crons", ""},
    {"cwd", kUwsgi, "app.chdir", ""},
    {"daemon", kGunicorn, "process.daemonize", ""},
    {"daemonize", kUwsgi, "process.daemonize", ""},
    {"daemonize2", kUwsgi, "process.daemonize", ""},
    {"die-on-term", kUwsgi, "", "SIGTERM always stops the server; leave this out"},
    {"disable-logging", kUwsgi, "log.access", "off is the default"},
    {"disable-write-exception", kUwsgi, "on-disconnect", ""},
    {"emperor", kUwsgi, "",
     "geventd does not offer this; let systemd run one service for each application"},
    {"enable-threads", kUwsgi, "", "threads started by the application always run"},
    {"env", kUwsgi, "app.environment", ""},
    {"error-logfile", kGunicorn, "log.file", ""},
    {"errorlog", kGunicorn, "log.file", ""},
    {"evil-reload-on-as", kUwsgi, "workers.reload-on-rss", ""},
    {"evil-reload-on-rss", kUwsgi, "workers.reload-on-rss", ""},
    {"farm", kUwsgi, "", kNotOffered},
    {"fastcgi-socket", kUwsgi, "", "listen speaks http:// and uwsgi:// only"},
    {"file", kUwsgi, "app.module", "the path of a .py or .wsgi file is taken too"},
    {"forwarded-allow-ips", kGunicorn, "listen.trusted-proxies", ""},
    {"gevent", kUwsgi, "workers.cores", ""},
    {"gevent-early-monkey-patch", kUwsgi, "app.monkey-patch", ""},
    {"gevent-monkey-patch", kUwsgi, "app.monkey-patch", ""},
    {"gevent-wait-for-hub", kUwsgi, "limits.drain-background", ""},
    {"gid", kUwsgi, "process.group", ""},
    {"graceful-timeout", kGunicorn, "limits.drain-requests", ""},
    {"greenlet", kUwsgi, "workers.greenlet", ""},
    {"group", kGunicorn, "process.group", ""},
    {"harakiri", kUwsgi, "limits.request-time", "it ends that request alone, not its worker"},
    {"home", kUwsgi, "app.virtualenv", ""},
    {"http", kUwsgi, "listen", "write http://HOST:PORT; no router process is needed"},
    {"http-harakiri", kUwsgi, "limits.request-time", ""},
    {"http-headers-timeout", kUwsgi, "limits.header-timeout", ""},
    {"http-keepalive", kUwsgi, "limits.keep-alive", ""},
    {"http-socket", kUwsgi, "listen", "write http://HOST:PORT or http+unix:PATH"},
    {"http-timeout", kUwsgi, "limits.body-timeout", "limits.write-timeout is for slow readers"},
    {"http-to", kUwsgi, "", "put a proxy in front"},
    {"https", kUwsgi, "", kEndTls},
    {"https-socket", kUwsgi, "", kEndTls},
    {"idle", kUwsgi, "", kNotOffered},
    {"ignore-sigpipe", kUwsgi, "on-disconnect", ""},
    {"ignore-write-errors", kUwsgi, "on-disconnect", ""},
    {"ini", kUwsgi, "", "geventd reads YAML only"},
    {"keepalive", kGunicorn, "limits.keep-alive", ""},
    {"keyfile", kGunicorn, "", kEndTls},
    {"lazy", kUwsgi, "app.preload", "write preload: false"},
    {"lazy-apps", kUwsgi, "app.preload", "write preload: false"},
    {"limit-as", kUwsgi, "workers.reload-on-rss", ""},
    {"limit-post", kUwsgi, "limits.request-body", ""},
    {"limit-request-field-size", kGunicorn, "limits.request-head", ""},
    {"limit-request-fields", kGunicorn, "limits.header-fields", ""},
    {"limit-request-line", kGunicorn, "limits.request-head", ""},
    {"locks", kUwsgi, "signals.locks", ""},
    {"log-file", kGunicorn, "log.file", ""},
    {"log-format", kUwsgi, "log.access", ""},
    {"log-level", kGunicorn, "log.level", ""},
    {"log-master", kUwsgi, "log.file", "every process writes its lines itself"},
    {"log-maxsize", kUwsgi, "log.file", "let logrotate move the file and send SIGUSR1"},
    {"log-reopen", kUwsgi, "log.file", "SIGUSR1 opens it again"},
    {"log-x-forwarded-for", kUwsgi, "listen.trusted-proxies", ""},
    {"logconfig", kGunicorn, "log", "the server's own log has no Python configuration"},
    {"logformat", kUwsgi, "log.access", ""},
    {"logger", kUwsgi, "log.file", ""},
    {"loglevel", kGunicorn, "log.level", ""},
    {"logto", kUwsgi, "log.file", ""},
    {"logto2", kUwsgi, "log.file", ""},
    {"loop", kUwsgi, "", "every worker runs gevent"},
    {"manage-script-name", kUwsgi, "app.mounts", ""},
    {"master", kUwsgi, "", "there is always a master; leave this out"},
    {"master-fifo", kUwsgi, "control", "geventctl sends the commands"},
    {"max-requests", kBoth, "workers.max-requests", ""},
    {"max-requests-delta", kUwsgi, "workers.max-requests-jitter", ""},
    {"max-requests-jitter", kGunicorn, "workers.max-requests-jitter", ""},
    {"max-vars", kUwsgi, "limits.header-fields", ""},
    {"max-worker-lifetime", kUwsgi, "workers.max-lifetime", ""},
    {"mercy", kUwsgi, "limits.drain-requests", ""},
    {"min-worker-lifetime", kUwsgi, "workers.max-lifetime", ""},
    {"mount", kUwsgi, "app.mounts", ""},
    {"mule", kUwsgi, "", kNotOffered},
    {"mules", kUwsgi, "", kNotOffered},
    {"need-app", kUwsgi, "", "an application is always needed; leave this out"},
    {"no-master", kUwsgi, "", "there is always a master; leave this out"},
    {"no-site", kUwsgi, "", kNotOffered},
    {"offload-threads", kUwsgi, "", "geventd does not offer this; its I/O needs no threads"},
    {"on-starting", kGunicorn, "",
     "there are no hooks in the configuration; the application's own code runs in each worker"},
    {"pid", kGunicorn, "process.pidfile", ""},
    {"pidfile", kUwsgi, "process.pidfile", ""},
    {"pidfile2", kUwsgi, "process.pidfile", ""},
    {"plugin", kUwsgi, "", "there are no plugins; leave this out"},
    {"plugin-dir", kUwsgi, "", "there are no plugins; leave this out"},
    {"plugins", kUwsgi, "", "there are no plugins; leave this out"},
    {"plugins-dir", kUwsgi, "", "there are no plugins; leave this out"},
    {"post-buffering", kUwsgi, "",
     "small bodies are complete before the application starts, larger ones are read as it "
     "asks"},
    {"post-buffering-bufsize", kUwsgi, "",
     "small bodies are complete before the application starts, larger ones are read as it "
     "asks"},
    {"post-fork", kGunicorn, "",
     "there are no hooks in the configuration; the application's own code runs in each worker"},
    {"pp", kUwsgi, "app.python-path", ""},
    {"pre-fork", kGunicorn, "",
     "there are no hooks in the configuration; the application's own code runs in each worker"},
    {"preload-app", kGunicorn, "app.preload", "auto is the default"},
    {"proc-name", kGunicorn, "", kNotOffered},
    {"procname", kUwsgi, "", kNotOffered},
    {"procname-prefix", kUwsgi, "", kNotOffered},
    {"protocol", kUwsgi, "listen", "the scheme of the address says it: http:// or uwsgi://"},
    {"proxy-allow-ips", kGunicorn, "listen.trusted-proxies", ""},
    {"proxy-protocol", kGunicorn, "listen.trusted-proxies", ""},
    {"py-autoreload", kUwsgi, "app.reload-on-change", ""},
    {"pyhome", kUwsgi, "app.virtualenv", ""},
    {"python-autoreload", kUwsgi, "app.reload-on-change", ""},
    {"pythonpath", kBoth, "app.python-path", ""},
    {"raw-env", kGunicorn, "app.environment", ""},
    {"raw-socket", kUwsgi, "", "listen speaks http:// and uwsgi:// only"},
    {"reload-extra-files", kGunicorn, "reload.touch", ""},
    {"reload-mercy", kUwsgi, "limits.drain-requests", ""},
    {"reload-on-as", kUwsgi, "workers.reload-on-rss", ""},
    {"reload-on-rss", kUwsgi, "workers.reload-on-rss", ""},
    {"req-logger", kUwsgi, "log.access", ""},
    {"reuse-port", kBoth, "listen.reuseport", ""},
    {"route", kUwsgi, "", "geventd does not offer this; route in the proxy or the application"},
    {"safe-pidfile", kUwsgi, "process.pidfile", ""},
    {"scgi-socket", kUwsgi, "", "listen speaks http:// and uwsgi:// only"},
    {"setenv", kUwsgi, "app.environment", ""},
    {"shared-socket", kUwsgi, "listen",
     "the master opens every socket and hands it to the workers"},
    {"signal-bufsize", kUwsgi, "signals.queue", ""},
    {"single-interpreter", kUwsgi, "", "each worker has one interpreter; leave this out"},
    {"smart-attach-daemon", kUwsgi, "", "geventd does not offer this; let systemd run it"},
    {"snmp", kUwsgi, "", kNotOffered},
    {"so-send-timeout", kUwsgi, "limits.write-timeout", ""},
    {"socket", kUwsgi, "listen", "write uwsgi://HOST:PORT or uwsgi+unix:PATH"},
    {"socket-backlog", kUwsgi, "listen.backlog", ""},
    {"socket-timeout", kUwsgi, "limits.body-timeout", "limits.write-timeout is for slow readers"},
    {"spooler", kUwsgi, "", kNotOffered},
    {"ssl-version", kGunicorn, "", kEndTls},
    {"static-map", kUwsgi, "static", ""},
    {"static-map2", kUwsgi, "static", ""},
    {"stats", kUwsgi, "metrics.uwsgi-stats", ""},
    {"stats-server", kUwsgi, "metrics.uwsgi-stats", ""},
    {"statsd-host", kGunicorn, "metrics", ""},
    {"statsd-prefix", kGunicorn, "metrics", ""},
    {"strict", kUwsgi, "", "an unknown key is always an error; leave this out"},
    {"subscribe-to", kUwsgi, "", kNotOffered},
    {"threads", kBoth, "", kCores},
    {"threads-stacksize", kUwsgi, "", kCores},
    {"thunder-lock", kUwsgi, "", "accepting needs no lock; leave this out"},
    {"timeout", kGunicorn, "limits.request-time",
     "limits.blocked-hub is for a hub that does not turn"},
    {"timer", kUwsgi, "timers", ""},
    {"touch-chain-reload", kUwsgi, "reload.strategy", ""},
    {"touch-logreopen", kUwsgi, "log.file", "SIGUSR1 opens it again"},
    {"touch-reload", kUwsgi, "reload.touch", ""},
    {"touch-workers-reload", kUwsgi, "reload.touch", ""},
    {"ugreen", kUwsgi, "", "every worker runs gevent"},
    {"uid", kUwsgi, "process.user", ""},
    {"umask", kBoth, "process.umask", ""},
    {"unique-cron", kUwsgi, "crons", ""},
    {"user", kGunicorn, "process.user", ""},
    {"uwsgi", kUwsgi, "",
     "this is the head of one of its files, whose options have other names here"},
    {"uwsgi-socket", kUwsgi, "listen", "write uwsgi://HOST:PORT or uwsgi+unix:PATH"},
    {"vacuum", kUwsgi, "", "sockets are always removed at the end; leave this out"},
    {"venv", kUwsgi, "app.virtualenv", ""},
    {"websocket-ping-freq", kUwsgi, "", kNotOffered},
    {"when-ready", kGunicorn, "",
     "there are no hooks in the configuration; the application's own code runs in each worker"},
    {"worker-class", kGunicorn, "", "every worker runs gevent"},
    {"worker-connections", kGunicorn, "workers.cores", ""},
    {"worker-reload-mercy", kUwsgi, "limits.drain-requests", ""},
    {"worker-tmp-dir", kGunicorn, "", "there is no heartbeat file; leave this out"},
    {"wsgi", kUwsgi, "app.module", ""},
    {"wsgi-app", kGunicorn, "app.module", ""},
    {"wsgi-file", kUwsgi, "app.module", "the path of a .py or .wsgi file is taken too"},
    {"xml", kUwsgi, "", "geventd reads YAML only"},
};

}  // namespace

std::span<const ForeignName> foreign_names() {
    return kNames;
}

std::string explain_foreign_name(std::string_view name) {
    const auto names = foreign_names();
    const auto found = std::lower_bound(
        names.begin(), names.end(), name,
        [](const ForeignName& entry, std::string_view wanted) { return entry.name < wanted; });
    if (found == names.end() || found->name != name) {
        return "";
    }
    const std::string start = fmt::format("unknown key, which is {}'s name", found->server);
    if (found->key.empty()) {
        return fmt::format("{}: {}", start, found->note);
    }
    if (!is_key(found->key)) {
        return fmt::format("{}: {}", start, kNotOffered);
    }
    return fmt::format("{}; geventd's key is {}{}{}", start, found->key,
                       found->note.empty() ? "" : ": ", found->note);
}

}  // namespace geventd::config
