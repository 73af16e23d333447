// SPDX-License-Identifier: MIT
#include "config/describe.h"

#include <limits>

#include "config/bound.h"
#include "config/describe_words.h"
#include "config/special_values.h"
#include "config/tls.h"
#include "config/values.h"
#include "http/environ_name.h"
#include "http/octets.h"

namespace geventd::config {

namespace {

using namespace std::chrono_literals;

// After the log has moved, the standard descriptors of the start are not available any more.
constexpr Effect kNowUnlessStandard{Moment::Now, {"stderr", "stdout"}};

std::string octal_mode(const std::string& text) {
    const bool fine = text.size() >= 3 && text.size() <= 4 &&
                      text.find_first_not_of("01234567") == std::string::npos;
    return fine || text.empty() ? "" : "'" + text + "' is no octal mode";
}

std::string user_and_group(const std::string& text) {
    const auto colon = text.find(':');
    const bool fine = colon == std::string::npos ||
                      (colon > 0 && colon + 1 < text.size() && text.rfind(':') == colon);
    return fine ? "" : "'" + text + "' is no user:group";
}

std::string plain_path(const std::string& text) {
    const bool fine = text.starts_with('/') && text.find_first_of("?#% ") == std::string::npos;
    return fine || text.empty() ? "" : "'" + text + "' is no path without query and escapes";
}

std::string python_or_version(const std::string& text) {
    if (text.find('/') != std::string::npos) {
        return "";
    }
    const auto dot = text.find('.');
    const bool fine = dot != std::string::npos && dot > 0 && dot + 1 < text.size() &&
                      text.find_first_not_of("0123456789.") == std::string::npos &&
                      text.find('.', dot + 1) == std::string::npos;
    return fine || text.empty() ? "" : "'" + text + "' is no version of Python, and no path";
}

std::string parameter_name(const std::string& text) {
    const bool fine = text.find_first_of("=&;#+% ") == std::string::npos;
    return fine ? "" : "'" + text + "' is no name of a parameter as it is sent";
}

std::string cookie_name(const std::string& text) {
    return http::all(http::kToken, text) ? "" : "'" + text + "' is no cookie's name";
}

std::string field_name(const std::string& text) {
    const bool fine =
        text.empty() || (http::all(http::kToken, text) && http::header_to_environ_name(text));
    return fine ? "" : "'" + text + "' is no name of a header field that applications get";
}

}  // namespace

void describe(Visitor& v, Listen& s) {
    v.key("address", AddressValue(s.address), kGeneration,
          "Where to listen: HTTP, HTTPS or the uwsgi protocol, over TCP or a unix socket. "
          "http://:8000 and http://[::]:8000 are all addresses of IPv4 and IPv6.");
    v.key("ipv6-only", Flag(s.ipv6_only), kRestart,
          "http://[::]:PORT refuses IPv4 clients, as it does where the list has an IPv4 address of "
          "that port.");
    v.key("backlog", Integer(s.backlog, 1, 65'535), kNow,
          "The most connections that wait in the kernel's queue; the kernel caps this at "
          "net.core.somaxconn.");
    v.key("mode", Text(s.mode, "an octal mode such as \"0660\"", octal_mode), kNow,
          "Permissions of a unix socket. Without mode and owner: 0660.");
    v.key("owner", Text(s.owner, "user or user:group", user_and_group), kNow,
          "Owner of a unix socket. Without mode and owner: process.user and its group.");
    v.key("trusted-proxies", ProxyList(s.trusted_proxies), kGeneration,
          "The proxies whose X-Forwarded-*, Forwarded, X-Request-ID and PROXY headers are trusted: "
          "addresses, networks such as 10.0.0.0/8, or unix.");
    using E = Expect;
    v.key("expect", Choice<E>(s.expect, {{"server", E::Server}, {"application", E::Application}}),
          kGeneration,
          "Who answers Expect: 100-continue. server: geventd, and the application starts when the "
          "body or 64KiB of it are here; application: by reading, and it starts at once.");
    v.key("forwarded-prefix", Flag(s.forwarded_prefix), kGeneration,
          "SCRIPT_NAME is a trusted proxy's X-Forwarded-Prefix: what it took off the path.");
    v.key("health", Text(s.health, "a path such as /healthz", plain_path), kGeneration,
          "GET and HEAD of this path are answered by the worker's loop, without a core and without "
          "the application: 200, or 503 when the server stops. So that this works while all cores "
          "are busy, connections are then taken too, and their requests wait in the worker.");
    v.key("systemd", Text(s.systemd, "the name of a socket, as in FileDescriptorName="), kRestart,
          "Uses the socket of this name if systemd has opened it for the server (socket "
          "activation); otherwise the server opens the address itself.");
    describe_tls(v, s);
}

void describe(Visitor& v, App& s) {
    v.key(
        "module", Text(s.module, "an application such as myapp:application"), kGeneration,
        "The application: module, module:callable, module:factory() with literals as arguments, "
        "the path of a .py or .wsgi file, or paste:FILE#NAME for the one that a Paste Deploy file "
        "describes, with its logging.");
    v.key("mounts", MountMap(s.mounts), kGeneration,
          "Applications under prefixes of the path; the longest matching prefix wins; module "
          "serves the rest.");
    v.key("chdir", Text(s.chdir, "a directory"), kGeneration,
          "The directory in which the application is loaded and runs; relative to the "
          "configuration file's folder. Without it: the directory where geventd was started.");
    v.key(
        "virtualenv", Text(s.virtualenv, "a directory"), kGeneration,
        "The virtual environment whose packages the application uses; relative to the "
        "configuration file's folder, elsewhere than in a file to the folder of the start. Its "
        "bin/python3 runs the application if geventd is "
        "installed for it, in the environment or beside this geventd; else the worker that embeds "
        "the same CPython. Also the prefix of that CPython, such as /usr. Started without a file, "
        "geventd takes VIRTUAL_ENV of its environment.");
    v.key("python",
          Text(s.python, "a version such as \"3.11\", or the path of an interpreter",
               python_or_version),
          kGeneration,
          "The CPython that runs the application. A version: the worker that embeds it, else that "
          "interpreter on PATH; a path (relative ones as those of virtualenv): that interpreter, "
          "for which geventd is installed there or "
          "beside this geventd, or the worker that embeds it. Without virtualenv and python: the "
          "interpreter for which a wheel has installed geventd, else the worker that embeds "
          "CPython.");
    v.key("python-path", TextList(s.python_path, "a list of directories"), kGeneration,
          "Directories put before the others in sys.path.");
    v.key("environment", TextMap(s.environment, "a map of names to texts"), kGeneration,
          "Environment variables of the application.");
    v.key("preload", PreloadValue(s.preload), kGeneration,
          "true: the application is loaded once and the workers are forked from there; false: each "
          "worker loads it itself; auto: like true, unless the loaded application holds "
          "what workers must not share (connections, pipes from other processes, pools of "
          "processes, event loops): then like false.");
    v.key("monkey-patch", MonkeyPatchValue(s.monkey_patch), kGeneration,
          "When gevent patches the standard library: before the application is loaded, before it "
          "starts to serve, or never; a list names the modules to patch before it is loaded.");
    v.key("before-load", ModuleList(s.before_load), kGeneration,
          "What is imported, or called, before the application is loaded and after a patch of "
          "app.monkey-patch that comes before it: psycogreen.gevent:patch_psycopg, "
          "grpc.experimental.gevent:init_gevent, or a module of your own.");
    v.key("reload-on-change", Flag(s.reload_on_change), kGeneration,
          "For development: reloads when an imported module or the configuration file changes. If "
          "that fails, requests are answered with the reason until it is fixed.");
}

void describe(Visitor& v, Workers& s) {
    v.key("processes", ProcessCount(s.processes), kGeneration,
          "Worker processes; auto: as many as there are CPUs that the server may use (cpus), by "
          "affinity and by the quotas of its control groups. A formula has whole numbers, cpus and "
          "+ - * /.");
    v.key("memory-share", Size(s.memory_share, 0, 1024 * kGiB), kGeneration,
          "The memory that one worker is reckoned to need: there are at most as many worker "
          "processes as this fits into the server's memory (the limit of its control group, else "
          "the machine's), and at least one. 0: as many as workers.processes says.");
    v.key("cores", Integer(s.cores, 1, 100'000), kGeneration,
          "Async cores: the requests that each worker runs at the same time.");
    v.key("greenlet",
          Choice<GreenletKind>(s.greenlet,
                               {{"raw", GreenletKind::Raw}, {"gevent", GreenletKind::Gevent}}),
          kGeneration,
          "What a request runs in: a raw greenlet, or a full gevent.Greenlet for code that joins "
          "or links it.");
    v.key("when-full",
          Choice<WhenFull>(s.when_full, {{"wait", WhenFull::Wait}, {"reject", WhenFull::Reject}}),
          kGeneration,
          "What happens when all cores are busy. wait: new connections wait in the kernel's queue; "
          "reject: requests are answered with 503 after limits.queue-time.");
    v.key("max-requests", Integer(s.max_requests, 0, 1'000'000'000), kGeneration,
          "A worker that has served this many requests is replaced; its successor is ready before "
          "it finishes. 0: never.");
    v.key("max-requests-jitter", Integer(s.max_requests_jitter, 0, 1'000'000'000), kGeneration,
          "Each worker adds a random number up to this to workers.max-requests, so that not all "
          "are replaced at the same time.");
    v.key("max-lifetime", Time(s.max_lifetime, 0ms, 365 * kDay), kGeneration,
          "A worker of this age is replaced in the same way. 0: never.");
    v.key("reload-on-rss", Size(s.reload_on_rss, 0, 1024 * kGiB), kGeneration,
          "A worker that holds more resident memory is replaced in the same way. 0: never.");
    v.key("cheaper", Integer(s.cheaper, 0, 100'000), kGeneration,
          "Runs only as many workers as the load needs, at least this number and at most "
          "workers.processes. 0: always workers.processes.");
}

void describe(Visitor& v, Sticky& s) {
    v.key("query", Text(s.query, "a parameter's name such as sid", parameter_name), kGeneration,
          "The parameter of the query that has the id: sid for Socket.IO, whose ids are made to "
          "name their worker.");
    v.key("cookie", Text(s.cookie, "a cookie's name such as session", cookie_name), kGeneration,
          "The cookie that has the id, which the application makes by geventd.sticky_id().");
    v.key("header", Text(s.header, "a header field's name such as X-Session", field_name),
          kGeneration,
          "The header field that has the id, which the application makes by geventd.sticky_id().");
}

void describe(Visitor& v, Process& s) {
    v.key("user", Text(s.user, "a user's name or number"), kRestart,
          "The user of templates and workers when root starts the master; only the master stays "
          "root. Supplementary groups are the user's.");
    v.key("group", Text(s.group, "a group's name or number"), kRestart,
          "The group of templates and workers, when it is not the user's own.");
    v.key("umask", Text(s.umask, "an octal mask such as \"022\"", octal_mode), kRestart,
          "The file mode mask of all processes.");
    v.key("pidfile", Text(s.pidfile, "a path"), kRestart,
          "A file with the master's pid, locked as long as it lives: a second geventd with the "
          "same file is refused.");
    v.key("daemonize", Flag(s.daemonize), kRestart,
          "Runs in the background. The command returns when the server serves, or fails with the "
          "reason and exit code 1.");
}

void describe(Visitor& v, Log& s) {
    v.key("level",
          Choice<LogLevel>(s.level, {{"debug", LogLevel::Debug},
                                     {"info", LogLevel::Info},
                                     {"warning", LogLevel::Warning},
                                     {"error", LogLevel::Error}}),
          kGeneration, "The lowest severity that is logged.");
    v.key("format",
          Choice<LogFormat>(s.format, {{"text", LogFormat::Text}, {"json", LogFormat::Json}}),
          kGeneration, "Lines of text, or one JSON object a line.");
    v.key("file", LogPlace(s.file), kNowUnlessStandard,
          "Where the log and what the application prints go: stderr, stdout, the host's syslog or "
          "journal, or a file that is opened again on SIGUSR1.");
    v.key("access", AccessFormat(s.access), kGeneration,
          "A line for each request. The ${...} of a format are the access log's own variables, "
          "not the environment's.");
    v.key(
        "access-file", AccessPlace(s.access_file), kNow,
        "Where the access log goes when not where the log goes: stdout, or a file of its own that "
        "is opened again on SIGUSR1.");
    v.section("access-when", BoundSection(s.access_when),
              "Which requests have that line; without it all have.", {});
}

void describe(Visitor& v, AccessWhen& s) {
    v.key("status", StatusList(s.status), kGeneration,
          "Those with one of these statuses have a line in the access log, whatever slower says.");
    v.key("slower", Time(s.slower, 0ms, kDay), kGeneration,
          "Those that took longer have a line in the access log, whatever status says. 0: none for "
          "this reason.");
}

void describe(Visitor& v, Reload& s) {
    v.key("strategy",
          Choice<ReloadStrategy>(s.strategy, {{"replace", ReloadStrategy::Replace},
                                              {"rolling", ReloadStrategy::Rolling},
                                              {"restart", ReloadStrategy::Restart}}),
          kNow,
          "replace: all new workers get ready before the old ones drain; rolling: one new worker "
          "gets ready, then one old worker drains, and so on; restart: all old workers end before "
          "the new code is loaded, for applications that hold an exclusive lock.");
    v.key("rollback", Flag(s.rollback), kNow,
          "With restart: the template of the old workers stays until the new ones serve, and forks "
          "them again if the new code fails. false, for locks that are taken while the application "
          "is loaded: it ends too, and nothing serves if the new code fails.");
    v.key("touch", TextList(s.touch, "a list of files"), kNow,
          "Reloads when one of these files changes; relative to the configuration file's folder. "
          "They need not exist.");
}

void describe(Visitor& v, Metrics& s) {
    v.key("listen", WatchAddress(s.listen, WatchAddress::Form::Url), kNow,
          "Where the master answers HTTP requests: a live page for people, /metrics (Prometheus), "
          "/status.json, /healthz and /readyz. http://:9090 is the loopback address only.");
    v.key("hosts", HostList(s.hosts), kNow,
          "The names in a request's Host that metrics.listen answers to, besides loopback names "
          "and addresses. Empty: no others at a loopback address, all at any other.");
    v.key("saturation", Integer(s.saturation, 0, 100), kNow,
          "/readyz answers 503 while at least this percentage of all cores is busy. 0: never for "
          "this reason.");
    v.key("uwsgi-stats", WatchAddress(s.uwsgi_stats, WatchAddress::Form::Bare), kNow,
          "Where the master sends each client that connects the JSON document of uWSGI's stats "
          "server, for uwsgitop and exporters. :9191 is the loopback address only.");
    v.key("agent", WatchAddress(s.agent, WatchAddress::Form::Bare), kNow,
          "Where the master tells each client that connects how it stands, for HAProxy's "
          "agent-check: 0% when /readyz would be 503, else the percentage of cores that are "
          "free as its weight. :9192 is the loopback address only.");
}

void describe(Visitor& v, Settings& s) {
    v.internal("source", Text(s.source, "a path"));
    v.list("listen", BoundList(s.listen), "Where to listen: one address or a list of them.",
           {.short_key = "address"});
    v.section("app", BoundSection(s.app), "The application.", {.short_key = "module"});
    v.list("static", BoundList(s.static_files),
           "Files that the server answers requests with by itself, without a core and without the "
           "application; the longest matching prefix wins.",
           {});
    v.list("sendfile", BoundList(s.sendfile),
           "Files that the application may answer with by naming them in a header of its answer. "
           "The header never reaches the client.",
           {});
    v.section("workers", BoundSection(s.workers), "The processes that serve requests.",
              {.hint_key = "processes"});
    v.section("limits", BoundSection(s.limits), "What a client may ask for and how long it takes.",
              {});
    v.section("sticky", BoundSection(s.sticky),
              "Sessions that live in one worker: a request that carries the id of one is served by "
              "its worker, whichever accepts it. One of these keys.",
              {.hint_key = "query"});
    v.key("on-disconnect",
          Choice<OnDisconnect>(s.on_disconnect, {{"ignore", OnDisconnect::Ignore},
                                                 {"cancel", OnDisconnect::Cancel}}),
          kGeneration,
          "What happens to a running request when its client leaves. ignore: nothing before the "
          "next read or write; cancel: its greenlet ends, even if the client closed only its "
          "sending side.");
    v.section("log", BoundSection(s.log), "The server's log and the access log.",
              {.hint_key = "level"});
    v.section("process", BoundSection(s.process), "The server's place on its host.", {});
    v.section("signals", BoundSection(s.signals),
              "Signals between workers: their queues in shared memory and their handlers.",
              {.hint_key = "concurrency"});
    v.list("timers", BoundList(s.timers), "Signals that are sent again and again.", {});
    v.list("crons", BoundList(s.crons), "Signals that are sent by the clock and the calendar.", {});
    v.list("monitors", BoundList(s.monitors),
           "Signals that are sent when a file or directory changes.", {});
    v.section("hooks", BoundSection(s.hooks),
              "Functions of the application, as module:function, that workers call.", {});
    v.section("reload", BoundSection(s.reload), "How and when new code and settings are loaded.",
              {.hint_key = "strategy", .flag_path = "app.reload-on-change"});
    v.section("metrics", BoundSection(s.metrics), "What the server shows to those who watch it.",
              {.hint_key = "listen"});
    v.key("control", ControlPath(s.control), kRestart,
          "The socket through which geventctl talks to the master. \"@NAME\": an abstract socket, "
          "without a file; off: none.");
    v.internal("control-fallback", Text(s.control_fallback, "a name"));
}

}  // namespace geventd::config
