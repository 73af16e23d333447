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
#include "shm/worker_figures.h"

namespace geventd::master {

/// A worker's figures as they stood in the scoreboard, or as the master knows them better.
struct WorkerCounters : shm::WorkerFigures<shm::Plain> {
    std::uint32_t respawns = 0;  ///< workers of that number before it
    std::int64_t spawned = 0;    ///< seconds since the epoch
    Duration hub_blocked{};      ///< for how long; 0: it is not
};

/// How long the requests of the last minute took, in microseconds; zeros when there were none.
struct Latency {
    std::uint64_t p50 = 0;
    std::uint64_t p95 = 0;
    std::uint64_t p99 = 0;

    static Latency of(const shm::DurationCounts& counts) {
        return {shm::percentile(counts, 50), shm::percentile(counts, 95),
                shm::percentile(counts, 99)};
    }
};

/// Bytes of a process; none when it is gone or may not be looked at.
struct Memory {
    std::optional<std::uint64_t> virtual_size;
    std::optional<std::uint64_t> rss;
    std::optional<std::uint64_t> pss;  ///< shared pages divided among who has them
};

struct WorkerStatus {
    std::uint32_t number = 0;  ///< 1..N in its generation
    std::uint32_t slot = 0;    ///< in the scoreboard
    pid_t pid = 0;             ///< 0 until it has said Hello
    std::string_view state;    ///< "starting", "ready", "draining", "stopping"
    Duration uptime{};         ///< since it was started
    WorkerCounters counters;
    double rate = 0;  ///< requests a second, of the last ten
    Latency latency;
    Memory memory;
};

struct GenerationStatus {
    std::uint32_t number = 0;
    std::string_view state;   ///< "loading", "booting", "serving", "draining"
    bool preload = false;     ///< workers are forked by a template; false: each loads for itself
    std::string connections;  ///< that the loaded application holds: their peers; "": none
    pid_t template_pid = 0;   ///< 0: there is none now
    pid_t spare_pid = 0;
    int workers_wanted = 0;
    int workers_most = 0;  ///< more than are wanted now with workers.cheaper
    Duration uptime{};
    std::uint64_t respawns = 0;  ///< workers that were started again after a death
    bool crash_looping = false;  ///< workers die young again and again
    std::string last_error;      ///< the newest death or failure, one line; "" when there was none
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
    unsigned worker = 0;   ///< that holds it; 0: none
    unsigned waiting = 0;  ///< workers that wait
};

/// What damage to the memory of signals and locks has cost (docs/signals.md).
struct SignalMemoryStatus {
    std::uint64_t replaced = 0;  ///< memories
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

/// The cores of a worker that were ever used.
struct CoresStatus {
    std::uint32_t slot = 0;                          ///< of the worker
    std::vector<std::uint64_t> begun;                ///< requests, by core
    std::vector<shm::RequestTable::Entry> requests;  ///< that occupy some of them
};

struct ReloadStatus {
    enum class Outcome { None, Running, Done, Failed };

    Outcome outcome = Outcome::None;             ///< of the newest reload
    std::uint32_t count = 0;                     ///< reloads that have been started
    std::string reason;                          ///< Failed: why, may have several lines
    std::chrono::system_clock::time_point at{};  ///< when it ended (Running: when it began)
};

struct UpgradeStatus {
    ReloadStatus newest;  ///< of the newest upgrade
    pid_t successor = 0;  ///< the new master that is being started; 0: none
    pid_t former = 0;     ///< the master before this one, while it drains; 0: none
};

/// What all workers do together, also those that are gone.
struct Traffic {
    /// Requests that have ended since the master started.
    struct Ended {
        shm::DurationCounts durations{};
        std::uint64_t microseconds = 0;
    };

    double rate = 0;    ///< requests a second, of the last ten
    double errors = 0;  ///< a second, of the last ten
    Latency latency;
    Ended ended;
};

/// A listening socket.
struct ListenerStatus {
    std::string address;  ///< with the actual port
    std::uint32_t waiting = 0;
    std::uint32_t most = 0;     ///< 0: the kernel does not say
    std::uint32_t dropped = 0;  ///< connections that found the queue full
    bool down = false;          ///< it was shut down: nobody can connect
};

/// A request whose application raised.
struct FailureStatus {
    std::chrono::system_clock::time_point at{};
    std::uint32_t worker = 0;  ///< number in its generation
    std::uint32_t generation = 0;
    std::string request;  ///< method and path
    std::string id;
    std::string error;  ///< the exception in a line, may be cut
    std::string where;  ///< "file:line"
};

/// Everything that can be told of a running server at one moment.
struct Status {
    std::string version;
    pid_t pid = 0;
    bool stopping = false;
    bool paused = false;  ///< no connection is accepted
    Duration uptime{};
    std::chrono::system_clock::time_point started{};
    std::string config;  ///< the config file, "" when there is none
    std::vector<ListenerStatus> listeners;
    Traffic traffic;
    std::optional<std::uint64_t> pss;     ///< bytes of all processes of the server together
    std::vector<FailureStatus> failures;  ///< the newest first, a few
    ReloadStatus reload;
    std::vector<ReloadStatus> reloads;  ///< that are over, the newest first, a few
    UpgradeStatus upgrade;
    std::vector<GenerationStatus> generations;  ///< oldest first
    std::vector<SignalStatus> signals;          ///< that are registered or were ever sent
    SignalMemoryStatus signal_memory;
    std::vector<LockStatus> locks;  ///< that are held or waited for
};

/// One second of the server.
struct HistoryPoint {
    std::uint64_t ordinal = 0;  ///< 1, 2, ... since the master started
    std::chrono::system_clock::time_point at{};
    Duration span{};  ///< since the point before it
    std::uint64_t requests = 0;
    std::uint64_t errors = 0;
    std::uint64_t signals = 0;
    Latency latency;
    std::uint32_t workers = 0;  ///< that serve
    std::uint32_t cores = 0;
    std::uint32_t cores_busy = 0;
    std::uint32_t queued = 0;
    std::uint32_t connections = 0;
    std::uint64_t hub_lag = 0;  ///< microseconds, of the worst worker
    std::uint64_t rss = 0;      ///< bytes, of all workers
};

/// Called with the outcome of a reload or upgrade that somebody has asked for.
using ReloadDone = std::function<void(const ReloadStatus&)>;

}  // namespace geventd::master
