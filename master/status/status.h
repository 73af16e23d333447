// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "shm/durations.h"
#include "shm/request_table.h"
#include "shm/signal_statistics.h"
#include "shm/web_socket_table.h"
#include "shm/worker_figures.h"

namespace geventd::master {

/// A worker's figures from the scoreboard, corrected where the master knows better.
struct WorkerCounters : shm::WorkerFigures<shm::Plain> {
    std::uint32_t respawns = 0;  ///< earlier workers with this number
    std::int64_t spawned = 0;    ///< seconds since the epoch
    Duration hub_blocked{};      ///< how long it has been blocked; 0: it is not
};

/// Percentiles of the requests' durations in the last minute, in microseconds; 0 without requests.
struct Latency {
    std::uint64_t p50 = 0;
    std::uint64_t p95 = 0;
    std::uint64_t p99 = 0;

    static Latency of(const shm::DurationCounts& counts) {
        return {shm::percentile(counts, 50), shm::percentile(counts, 95),
                shm::percentile(counts, 99)};
    }
};

/// Memory of a process in bytes; nullopt when it is gone or must not be inspected.
struct Memory {
    std::optional<std::uint64_t> virtual_size;
    std::optional<std::uint64_t> rss;
    std::optional<std::uint64_t> pss;  ///< shared pages divided among the processes that share them
};

struct WorkerStatus {
    std::uint32_t number = 0;  ///< 1..N in its generation
    std::uint32_t slot = 0;    ///< in the scoreboard
    pid_t pid = 0;             ///< 0 until it has said Hello
    std::string_view state;    ///< "starting", "ready", "draining", "stopping"
    Duration uptime{};         ///< since it was started
    WorkerCounters counters;
    double rate = 0;  ///< requests per second, over the last ten seconds
    Latency latency;
    Memory memory;
};

struct GenerationStatus {
    std::uint32_t number = 0;
    std::string_view state;   ///< "loading", "booting", "serving", "draining"
    bool preload = false;     ///< a template forks the workers; false: each loads the application
    std::string connections;  ///< peers of the connections that the application holds; empty: none
    pid_t template_pid = 0;   ///< 0: there is none now
    pid_t spare_pid = 0;
    int workers_wanted = 0;
    int workers_most = 0;  ///< the maximum with workers.cheaper
    Duration uptime{};
    std::uint64_t respawns = 0;  ///< workers started again after a death
    bool crash_looping = false;  ///< workers or templates keep dying early
    std::string last_error;      ///< the latest death or failure, one line; empty: none
    std::vector<WorkerStatus> workers;
};

struct SignalStatus {
    unsigned number = 0;
    bool registered = false;  ///< in the generation that serves
    shm::SignalFigures figures;
    std::int64_t now = 0;  ///< of the steady clock, in nanoseconds
};

struct LockStatus {
    unsigned number = 0;
    unsigned worker = 0;   ///< the worker that holds it; 0: none
    unsigned waiting = 0;  ///< workers that wait
    bool left = false;     ///< the request or handler that took it has ended
};

/// What damage to the shared memory of signals and locks has cost (docs/signals.md).
struct SignalMemoryStatus {
    std::uint64_t replaced = 0;  ///< damaged memories that were replaced
    std::uint64_t lost = 0;      ///< signals that could not be taken over
};

/// A request that occupies a core.
struct RequestStatus {
    std::uint32_t worker = 0;  ///< number in its generation
    std::uint32_t generation = 0;
    pid_t pid = 0;
    Duration age{};
    shm::RequestTable::Entry request;
};

struct WebSocketStatus {
    std::uint32_t worker = 0;  ///< number in its generation
    std::uint32_t generation = 0;
    pid_t pid = 0;
    Duration age{};  ///< since the request
    shm::WebSocketTable::Entry socket;
};

/// The cores of a worker that have been used.
struct CoresStatus {
    std::uint32_t slot = 0;                          ///< of the worker
    std::vector<std::uint64_t> begun;                ///< requests begun, by core
    std::vector<shm::RequestTable::Entry> requests;  ///< requests in progress on these cores
};

struct ReloadStatus {
    enum class Outcome { None, Running, Done, Failed };

    Outcome outcome = Outcome::None;             ///< of the latest reload
    std::uint32_t count = 0;                     ///< reloads that have been started
    std::string reason;                          ///< why it failed, may have several lines
    std::chrono::system_clock::time_point at{};  ///< when it ended (Running: when it began)
    bool goes_on = true;                         ///< Failed: what ran before serves on
};

struct UpgradeStatus {
    ReloadStatus newest;  ///< the latest upgrade
    pid_t successor = 0;  ///< the new master's pid while it starts; 0: none
    pid_t former = 0;     ///< the former master's pid while it drains; 0: none
};

/// The work of all workers together, including former ones.
struct Traffic {
    /// Requests that have ended since the master started.
    struct Ended {
        shm::DurationCounts durations{};
        std::uint64_t microseconds = 0;
    };

    double rate = 0;    ///< requests per second, over the last ten seconds
    double errors = 0;  ///< per second, over the last ten seconds
    Latency latency;
    Ended ended;
};

/// A listening socket.
struct ListenerStatus {
    std::string address;  ///< with the actual port
    std::uint32_t waiting = 0;
    std::uint32_t most = 0;     ///< 0: not known
    std::uint32_t dropped = 0;  ///< connections that found the queue full
    bool down = false;          ///< it was shut down, so nobody can connect
};

/// A certificate of an https address.
struct CertificateStatus {
    std::string place;    ///< in the configuration
    std::string address;  ///< of the listening socket, as configured
    std::string file;
    std::vector<std::string> names;  ///< hosts
    std::string issuer;
    std::string key_kind;  ///< "RSA", "EC", ...
    std::chrono::system_clock::time_point begins{};
    std::chrono::system_clock::time_point expires{};

    bool operator==(const CertificateStatus&) const = default;
};

/// A request, or a handler of a signal, whose application raised an exception.
struct FailureStatus {
    std::chrono::system_clock::time_point at{};
    std::uint32_t worker = 0;  ///< number in its generation
    std::uint32_t generation = 0;
    std::string request;  ///< method and path; "signal 17" of a handler
    std::string id;       ///< of the request; empty for a handler
    std::string error;    ///< the exception in one line, may be truncated
    std::string where;    ///< "file:line"
};

/// Everything known about a running server at one moment.
struct Status {
    std::string version;
    pid_t pid = 0;
    bool stopping = false;
    bool paused = false;  ///< no connection is accepted
    Duration uptime{};
    std::chrono::system_clock::time_point started{};
    std::string config;  ///< the configuration file; empty: none
    std::vector<ListenerStatus> listeners;
    std::vector<CertificateStatus> certificates;
    Traffic traffic;
    std::optional<std::uint64_t> pss;     ///< bytes of all processes of the server together
    std::vector<FailureStatus> failures;  ///< the latest few, newest first
    ReloadStatus reload;
    std::vector<ReloadStatus> reloads;  ///< finished ones, the latest few, newest first
    UpgradeStatus upgrade;
    std::vector<GenerationStatus> generations;  ///< oldest first
    std::vector<SignalStatus> signals;          ///< those registered or sent at some time
    SignalMemoryStatus signal_memory;
    std::vector<LockStatus> locks;  ///< those held or waited for
};

/// One second of the server's history.
struct HistoryPoint {
    std::uint64_t ordinal = 0;  ///< 1, 2, ... since the master started
    std::chrono::system_clock::time_point at{};
    Duration span{};  ///< time since the previous point
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::uint64_t signals = 0;
    Latency latency;
    std::uint32_t workers = 0;  ///< serving workers
    std::uint32_t cores = 0;
    std::uint32_t cores_busy = 0;
    std::uint32_t queued = 0;
    std::uint32_t connections = 0;
    std::uint64_t hub_lag = 0;  ///< microseconds, of the worst worker
    std::uint64_t rss = 0;      ///< bytes, of all workers
};

/// Called with the outcome of a requested reload or upgrade.
using ReloadDone = std::function<void(const ReloadStatus&)>;

}  // namespace geventd::master
