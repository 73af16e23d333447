// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/address.h"

namespace geventd::config {

using Milliseconds = std::chrono::milliseconds;

/// The effective configuration, as plain values. describe.cpp alone has the names, ranges and help
/// texts, and documents the defaults set here.

/// Who sends 100 Continue, and when.
enum class Expect { Server, Application };

/// The files of a certificate; resolved to whole paths when loaded.
struct Certificate {
    std::string certificate;  ///< PEM, with its chain
    std::string key;          ///< PEM; "": in the file of the certificate
    std::string passphrase_file;
    std::string ocsp;  ///< a response to staple, DER; "": none

    bool operator==(const Certificate&) const = default;
};

enum class ClientCertificates { None, Optional, Require };
enum class OldestTls { Tls12, Tls13 };

/// The keys of `listen` that are about TLS.
struct ListenTls {
    std::vector<Certificate> certificates;
    ClientCertificates clients = ClientCertificates::None;
    std::string client_ca;  ///< PEM; resolved to a whole path when loaded
    OldestTls oldest = OldestTls::Tls12;
    std::string ciphers;     ///< "": the default
    int redirect_https = 0;  ///< of http addresses: the port; 0: none
    std::string hsts;        ///< the value of Strict-Transport-Security; "": none

    bool operator==(const ListenTls&) const = default;
};

struct Listen {
    net::Address address;
    bool ipv6_only = false;  ///< of http://[::]:PORT: IPv4 clients are refused
    int backlog = 1024;
    std::string mode;   ///< of a unix socket, octal; "": 0660, with an owner: by the umask
    std::string owner;  ///< of a unix socket, "user" or "user:group"; "": the workers' user
    std::vector<std::string> trusted_proxies;
    Expect expect = Expect::Server;
    bool forwarded_prefix = false;
    std::string health;   ///< path of health checks, answered by the loop; "": none
    std::string systemd;  ///< name of the socket that systemd may have opened; "": none
    ListenTls tls;

    bool operator==(const Listen&) const = default;
};

enum class MonkeyPatchTime { BeforeLoad, BeforeStart, None };

struct MonkeyPatch {
    MonkeyPatchTime when = MonkeyPatchTime::BeforeLoad;
    std::vector<std::string> modules;  ///< empty: patch_all(); else each patch_X(), before the load

    bool operator==(const MonkeyPatch&) const = default;
};

/// Whether the application is loaded once, and all workers are forked from that process.
enum class Preload {
    Auto,    ///< yes, unless it then holds connections, which workers must not share
    Always,  ///< preload: true
    Never,   ///< preload: false
};

struct App {
    std::map<std::string, std::string> mounts;  ///< prefix -> an application like `module`
    /// "module", "module:callable", "module:factory(1)", "paste:FILE#NAME", path to .py/.wsgi
    std::string module;
    std::string chdir;
    std::string virtualenv;
    bool is_entered = false;  ///< virtualenv is not set: it is what VIRTUAL_ENV names
    std::string python;       ///< "", "3.11" or the path of an interpreter
    std::vector<std::string> python_path;
    std::map<std::string, std::string> environment;
    Preload preload = Preload::Auto;
    MonkeyPatch monkey_patch;
    std::vector<std::string> before_load;  ///< "module" or "module:function"
    bool reload_on_change = false;

    bool operator==(const App&) const = default;
};

enum class GreenletKind { Raw, Gevent };
enum class WhenFull { Wait, Reject };
enum class OnDisconnect { Ignore, Cancel };

/// The kernel lets this many processes watch one listening socket through two nested epolls, a
/// worker's and its hub's. During a reload twice as many exist; each has a slot in the scoreboard.
inline constexpr int kMostProcesses = 500;

struct Workers {
    int processes = 1;  ///< `auto` is resolved to the number of usable CPUs when loaded
    int cores = 100;
    GreenletKind greenlet = GreenletKind::Raw;
    WhenFull when_full = WhenFull::Wait;
    int max_requests = 0;         ///< 0: never recycled because of its requests
    int max_requests_jitter = 0;  ///< the most that each worker adds to it, at random
    Milliseconds max_lifetime{0};
    std::uint64_t reload_on_rss = 0;
    std::uint64_t memory_share = 0;  ///< bytes reckoned for each process; 0: not bounded by memory
    int cheaper = 0;  ///< the minimum of workers, if their number follows the load; 0: all

    bool operator==(const Workers&) const = default;
};

struct Limits {
    std::uint64_t request_head = 64 << 10;
    int header_fields = 200;
    std::uint64_t request_body = 0;    ///< 0: no limit
    Milliseconds request_time{0};      ///< 0: no limit
    Milliseconds blocked_hub{5'000};   ///< 0: never reported
    Milliseconds kill_blocked_hub{0};  ///< 0: never killed
    Milliseconds header_timeout{30'000};
    Milliseconds body_timeout{60'000};
    std::uint64_t body_rate = 240;  ///< bytes a second; 0: any
    Milliseconds queue_time{10'000};
    Milliseconds keep_alive{75'000};
    Milliseconds write_timeout{60'000};
    std::uint64_t write_rate = 0;     ///< bytes a second; 0: any
    std::uint64_t unsent = 64 << 20;  ///< of each worker
    int connections = 10'000;
    int websockets = 10'000;
    std::vector<std::string> websocket_origins;  ///< empty: any
    std::uint64_t websocket_message = 1 << 20;   ///< 0: no limit
    std::uint64_t websocket_compress = 128;      ///< 0: none are
    Milliseconds websocket_ping{30'000};         ///< 0: none are sent
    Milliseconds websocket_pong{20'000};         ///< 0: none is awaited
    Milliseconds websocket_write{60'000};        ///< 0: no limit
    Milliseconds drain_delay{0};
    Milliseconds drain_requests{60'000};
    Milliseconds drain_websockets{0};  ///< 0: as drain_requests
    Milliseconds drain_background{5'000};
    Milliseconds load_time{300'000};  ///< 0: no limit
    Milliseconds slow_load{10'000};   ///< 0: never reported
    Milliseconds fork_time{10'000};   ///< 0: no limit

    bool operator==(const Limits&) const = default;
};

/// Whether log.file is the path of a file, and none of the words that it may be.
inline bool is_log_path(const std::string& place) {
    return place != "stderr" && place != "stdout" && place != "syslog" && place != "journald";
}

/// Whether log.file is a service of the host that reads severities.
inline bool is_log_service(const std::string& place) {
    return place == "syslog" || place == "journald";
}

/// Whether log.access-file is the path of a file.
inline bool is_access_path(const std::string& place) {
    return !place.empty() && place != "stdout";
}

enum class LogLevel { Debug, Info, Warning, Error };
enum class LogFormat { Text, Json };

/// Which requests have a line in the access log; either condition suffices.
struct AccessWhen {
    std::vector<std::string> status;  ///< "404", or a class such as "5xx"
    Milliseconds slower{0};           ///< 0: no condition

    bool operator==(const AccessWhen&) const = default;
};

struct Log {
    LogLevel level = LogLevel::Info;
    LogFormat format = LogFormat::Text;
    std::string file = "stderr";  ///< stderr, stdout, syslog, journald or a path
    std::string access = "off";
    std::string access_file;  ///< stdout or a path; "": with the log
    AccessWhen access_when;   ///< without any condition: all requests

    bool operator==(const Log&) const = default;
};

struct Process {
    std::string user;   ///< "": the user who started the master
    std::string group;  ///< "": the user's own group, or that of who started the master
    std::string umask;  ///< octal; "": as inherited
    std::string pidfile;
    bool daemonize = false;

    bool operator==(const Process&) const = default;
};

struct Signals {
    int queue = 16'384;                   ///< slots of each process's queue
    std::uint64_t payloads = 4ULL << 20;  ///< bytes of each process's queue
    int concurrency = 1000;
    int max_attempts = 3;
    int locks = 1;
    Milliseconds handler_time{0};  ///< 0: no limit

    bool operator==(const Signals&) const = default;
};

/// The signal that an entry of the schedule sends. Either `signal` or `run` is given.
struct ScheduledSignal {
    std::optional<int> signal;
    std::string run;  ///< "module:function", called through a signal number of its own
    int number = -1;  ///< the signal's number, resolved when loaded

    bool operator==(const ScheduledSignal&) const = default;
};

struct Timer {
    Milliseconds every{0};
    ScheduledSignal sends;

    bool operator==(const Timer&) const = default;
};

struct Cron {
    std::string at;
    ScheduledSignal sends;

    bool operator==(const Cron&) const = default;
};

struct Monitor {
    std::string path;
    ScheduledSignal sends;

    bool operator==(const Monitor&) const = default;
};

/// Functions of the application, "module:function", that run in workers; "": none.
struct Hooks {
    std::string post_fork;
    std::string worker_exit;
    std::string drain_begins;
    std::string worker_died;
    std::optional<int> death_signal;  ///< how worker_died is called, resolved when loaded

    bool operator==(const Hooks&) const = default;
};

enum class ReloadStrategy { Replace, Rolling, Restart };

struct Reload {
    ReloadStrategy strategy = ReloadStrategy::Replace;
    bool rollback = true;  ///< with Restart: the old template stays until the new workers serve
    std::vector<std::string> touch;

    bool operator==(const Reload&) const = default;
};

struct Metrics {
    std::optional<net::Address> listen;       ///< none: no metrics server
    std::vector<std::string> hosts;           ///< names by which it answers besides its own
    int saturation = 0;                       ///< percent of busy cores; 0: never saturated
    std::optional<net::Address> uwsgi_stats;  ///< where uWSGI's stats document is served
    std::optional<net::Address> agent;        ///< where HAProxy's agent-check is answered

    bool operator==(const Metrics&) const = default;
};

/// Which symbolic links are followed to a file.
enum class Links {
    Never,
    BelowRoot,  ///< those that lead to a place below the root
    Anywhere,
};

/// Files below a folder that the server answers requests with, without the application.
struct StaticFiles {
    std::string path;  ///< prefix of the requests' paths: "/" or without a slash at its end
    std::string root;  ///< resolved to a whole path when loaded
    std::string fallback = "none";     ///< none, application, or the name of a file below root
    std::string index = "index.html";  ///< of folders; none: they have none
    Links links = Links::BelowRoot;
    bool precompressed = true;
    std::string cache_control;  ///< "": no Cache-Control
    bool immutable = true;
    std::map<std::string, std::string> types;  ///< ".svg" -> "image/svg+xml"

    bool operator==(const StaticFiles&) const = default;
};

enum class SendfileHeader { XSendfile, XAccelRedirect };

/// Files that the application may answer with by naming them in a header of its answer.
struct Sendfile {
    SendfileHeader header = SendfileHeader::XSendfile;
    std::string root;        ///< resolved to a whole path when loaded
    std::string path = "/";  ///< for XAccelRedirect: what stands for the root

    bool operator==(const Sendfile&) const = default;
};

/// Where requests carry the id of their session, which lives in one worker. One at most is given.
struct Sticky {
    std::string query;   ///< a parameter of the query
    std::string cookie;  ///< a cookie
    std::string header;  ///< a header field

    [[nodiscard]] bool is_set() const {
        return !query.empty() || !cookie.empty() || !header.empty();
    }

    bool operator==(const Sticky&) const = default;
};

struct Settings {
    std::vector<Listen> listen;
    App app;
    std::vector<StaticFiles> static_files;
    std::vector<Sendfile> sendfile;
    Workers workers;
    Limits limits;
    Sticky sticky;
    OnDisconnect on_disconnect = OnDisconnect::Ignore;
    Log log;
    Signals signals;
    std::vector<Timer> timers;
    std::vector<Cron> crons;
    std::vector<Monitor> monitors;
    Hooks hooks;
    Reload reload;
    Metrics metrics;
    std::string control;  ///< path of the control socket, "@name" or "off"; resolved when loaded
    std::string control_fallback;  ///< "@name", used if a default path cannot be created; or ""
    Process process;
    std::string source;  ///< the config file as given, "" when there was none

    bool operator==(const Settings&) const = default;
};

}  // namespace geventd::config
