// SPDX-License-Identifier: MIT
#include "master/status/uwsgi_stats.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <system_error>

#include <fmt/core.h>

#include "log/escape.h"
#include "net/address.h"

namespace geventd::master {

namespace {

std::string json_text(const std::string& text) {
    return fmt::format("\"{}\"", log::escape_json(text));
}

template <typename Item, typename Format>
std::string list_of(const std::vector<Item>& items, Format format) {
    std::string list;
    for (const Item& item : items) {
        list += (list.empty() ? "" : ",") + format(item);
    }
    return "[" + list + "]";
}

const GenerationStatus& serving(const Status& status) {
    static const GenerationStatus nothing;
    const auto found = std::find_if(
        status.generations.rbegin(), status.generations.rend(),
        [](const GenerationStatus& generation) { return generation.state == "serving"; });
    return found == status.generations.rend() ? nothing : *found;
}

// uWSGI writes socket names without a scheme.
std::string format_socket(const ListenerStatus& listener) {
    const bool is_http = listener.address.starts_with("http");
    const std::string name(net::without_scheme(listener.address));
    return fmt::format(
        R"({{"name":{},"proto":"{}","queue":{},"max_queue":{},"shared":0,"can_offload":0}})",
        json_text(name), is_http ? "http" : "uwsgi", listener.waiting, listener.most);
}

std::string format_lock(const LockStatus& lock, const GenerationStatus& generation) {
    const auto owner =
        std::find_if(generation.workers.begin(), generation.workers.end(),
                     [&](const WorkerStatus& worker) { return worker.number == lock.worker; });
    return fmt::format(R"({{"user {}":{}}})", lock.number,
                       owner == generation.workers.end() ? 0 : owner->pid);
}

struct Core {
    std::size_t number;
    std::uint64_t begun = 0;
    std::uint64_t with_files = 0;
};

std::string format_core(const Core& core, const shm::RequestTable::Entry* request) {
    const std::string head = fmt::format(
        R"({{"id":{},"requests":{},"static_requests":{},"in_request":{},"vars":[)", core.number,
        core.begun - (request != nullptr ? 1 : 0), core.with_files, request != nullptr ? 1 : 0);
    if (request == nullptr) {
        return head + R"(],"req_info":{}})";
    }
    const Duration age = Clock::now() - request->received;
    const auto start = std::chrono::system_clock::now() -
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(age);
    return head + fmt::format(R"({},{},{}],"req_info":{{"request_start":{}}}}})",
                              json_text("REQUEST_METHOD=" + request->method),
                              json_text("REQUEST_URI=" + request->path),
                              json_text("REMOTE_ADDR=" + request->client),
                              std::chrono::system_clock::to_time_t(start));
}

// Files are answered without a core. uWSGI counts them by cores, so the first has all of them.
std::string format_cores(const WorkerStatus& worker, const std::vector<CoresStatus>& all) {
    static const CoresStatus none;
    const auto found = std::find_if(all.begin(), all.end(), [&](const CoresStatus& cores) {
        return cores.slot == worker.slot;
    });
    const CoresStatus& cores = found == all.end() ? none : *found;
    const std::uint64_t with_files = worker.counters.static_answers;
    const std::size_t count = std::max<std::size_t>(cores.begun.size(), with_files > 0 ? 1 : 0);
    std::string list;
    for (std::size_t core = 0; core < count; ++core) {
        const auto request =
            std::find_if(cores.requests.begin(), cores.requests.end(),
                         [&](const shm::RequestTable::Entry& entry) { return entry.core == core; });
        const std::uint64_t begun = core < cores.begun.size() ? cores.begun[core] : 0;
        list += (list.empty() ? "" : ",") +
                format_core({core, begun, core == 0 ? with_files : 0},
                            request == cores.requests.end() ? nullptr : &*request);
    }
    return "[" + list + "]";
}

std::string working_directory() {
    std::error_code error;
    return std::filesystem::current_path(error).string();
}

std::string format_worker(const WorkerStatus& worker, bool paused,
                          const std::vector<CoresStatus>& cores) {
    const WorkerCounters& counters = worker.counters;
    const char* state = paused ? "pause" : counters.cores_busy > 0 ? "busy" : "idle";
    return fmt::format(
        R"({{"id":{},"pid":{},"accepting":{},"requests":{},"delta_requests":{},"exceptions":{},)"
        R"("harakiri_count":{},"signals":{},"status":"{}","rss":{},"vsz":{},)"
        R"("running_time":{},"last_spawn":{},"respawn_count":{},"tx":{},"avg_rt":{},)"
        R"("apps":[{{"id":0,"modifier1":0,"mountpoint":"","requests":{},)"
        R"("exceptions":{}}}],"cores":{}}})",
        worker.number, worker.pid, counters.accepting ? 1 : 0, counters.requests, counters.requests,
        counters.errors, counters.timeouts, counters.signals, state, worker.memory.rss.value_or(0),
        worker.memory.virtual_size.value_or(0), counters.busy_time, counters.spawned,
        counters.respawns + 1, counters.sent,
        counters.requests == 0 ? 0 : counters.busy_time / counters.requests, counters.requests,
        counters.errors, format_cores(worker, cores));
}

}  // namespace

std::string format_uwsgi_stats(const Status& status, const std::vector<CoresStatus>& cores) {
    const GenerationStatus& generation = serving(status);
    std::uint64_t waiting = 0;
    std::uint64_t dropped = 0;
    for (const ListenerStatus& listener : status.listeners) {
        waiting += listener.waiting;
        dropped += listener.dropped;
    }
    const std::uint64_t signals = std::accumulate(
        status.signals.begin(), status.signals.end(), std::uint64_t{0},
        [](std::uint64_t sum, const SignalStatus& signal) { return sum + signal.figures.waiting; });
    return fmt::format(
        R"({{"version":"geventd {}","listen_queue":{},"listen_queue_errors":{},"signal_queue":{},)"
        R"("load":{},"pid":{},"uid":{},"gid":{},"cwd":{},"locks":{},"sockets":{},"workers":{}}})"
        "\n",
        status.version, waiting, dropped, signals, waiting, status.pid, ::getuid(), ::getgid(),
        json_text(working_directory()),
        list_of(status.locks,
                [&](const LockStatus& lock) { return format_lock(lock, generation); }),
        list_of(status.listeners, format_socket),
        list_of(generation.workers, [&](const WorkerStatus& worker) {
            return format_worker(worker, status.paused, cores);
        }));
}

}  // namespace geventd::master
