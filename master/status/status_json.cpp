// SPDX-License-Identifier: MIT
#include "master/status/status_json.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace geventd::master {

namespace {

// Ordered, because people read the raw document, too.
using Json = nlohmann::ordered_json;

Json seconds(std::chrono::nanoseconds duration) {
    return static_cast<double>(
               std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) /
           1000;
}

Json moment(std::chrono::system_clock::time_point at) {
    if (at == std::chrono::system_clock::time_point{}) {
        return nullptr;
    }
    const std::time_t whole = std::chrono::system_clock::to_time_t(at);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(whole));
}

Json process(pid_t pid) {
    return pid == 0 ? Json(nullptr) : Json(pid);
}

Json bytes(const std::optional<std::uint64_t>& known) {
    return known ? Json(*known) : Json(nullptr);
}

Json rate(double per_second) {
    return std::round(per_second * 100) / 100;
}

Json describe_latency(const Latency& latency) {
    const auto seconds_of = [](std::uint64_t microseconds) {
        return microseconds == 0 ? Json(nullptr) : Json(static_cast<double>(microseconds) / 1e6);
    };
    return {{"p50", seconds_of(latency.p50)},
            {"p95", seconds_of(latency.p95)},
            {"p99", seconds_of(latency.p99)}};
}

template <typename Value>
Json describe_figure(const shm::FigureInfo& info, Value value) {
    switch (info.unit) {
        case shm::FigureInfo::Unit::One:
            break;
        case shm::FigureInfo::Unit::Flag:
            return value != 0;
        case shm::FigureInfo::Unit::Microseconds:
            return static_cast<double>(value) / 1e6;
    }
    return value;
}

Json describe_worker(const WorkerStatus& worker, std::uint32_t generation) {
    Json json = {
        {"number", worker.number},         {"slot", worker.slot},
        {"pid", process(worker.pid)},      {"generation", generation},
        {"state", worker.state},           {"uptime", seconds(worker.uptime)},
        {"rss", bytes(worker.memory.rss)}, {"pss", bytes(worker.memory.pss)},
    };
    shm::for_each_worker_figure(
        [&](const shm::FigureInfo& info, auto value) {
            if (!info.json.empty()) {
                json[std::string(info.json)] = describe_figure(info, value);
            }
            if (info.json == "requests") {  // followed by figures that belong to it
                json["rate"] = rate(worker.rate);
                json["latency"] = describe_latency(worker.latency);
            }
        },
        worker.counters);
    const Duration blocked = worker.counters.hub_blocked;
    json["hub_blocked"] = blocked > Duration::zero() ? seconds(blocked) : Json(nullptr);
    return json;
}

Json describe_traffic(const Traffic& traffic) {
    return {{"rate", rate(traffic.rate)},
            {"errors", rate(traffic.errors)},
            {"latency", describe_latency(traffic.latency)}};
}

Json describe_queue(const ListenerStatus& listener) {
    return {{"address", listener.address},
            {"waiting", listener.waiting},
            {"most", listener.most == 0 ? Json(nullptr) : Json(listener.most)},
            {"dropped", listener.dropped},
            {"down", listener.down}};
}

// `left`: seconds, negative behind the end.
Json describe_certificate(const CertificateStatus& certificate,
                          std::chrono::system_clock::time_point now) {
    return {{"address", certificate.address},
            {"file", certificate.file},
            {"names", certificate.names},
            {"issuer", certificate.issuer},
            {"key", certificate.key_kind},
            {"expires", moment(certificate.expires)},
            {"left", seconds(certificate.expires - now)}};
}

Json describe_failure(const FailureStatus& failure) {
    return {{"at", moment(failure.at)},
            {"worker", failure.worker},
            {"generation", failure.generation},
            {"request", failure.request},
            {"id", failure.id},
            {"error", failure.error},
            {"where", failure.where}};
}

Json describe_point(const HistoryPoint& point) {
    const double span = std::chrono::duration<double>(point.span).count();
    const auto per_second = [span](std::uint64_t count) {
        return rate(span > 0 ? static_cast<double>(count) / span : 0);
    };
    return {
        {"ordinal", point.ordinal},
        {"at", moment(point.at)},
        {"rate", per_second(point.requests)},
        {"errors", per_second(point.errors)},
        {"signals", per_second(point.signals)},
        {"latency", describe_latency(point.latency)},
        {"workers", point.workers},
        {"cores", point.cores},
        {"cores_busy", point.cores_busy},
        {"queued", point.queued},
        {"connections", point.connections},
        {"hub_lag", static_cast<double>(point.hub_lag) / 1e6},
        {"rss", point.rss},
    };
}

Json describe_generation(const GenerationStatus& generation) {
    const auto ready = std::count_if(generation.workers.begin(), generation.workers.end(),
                                     [](const auto& worker) { return worker.state == "ready"; });
    return {
        {"number", generation.number},
        {"state", generation.state},
        {"workers", generation.workers.size()},
        {"workers_ready", ready},
        {"workers_wanted", generation.workers_wanted},
        {"workers_most", generation.workers_most},
        {"preload", generation.preload},
        {"connections",
         generation.connections.empty() ? Json(nullptr) : Json(generation.connections)},
        {"template_pid", process(generation.template_pid)},
        {"spare_pid", process(generation.spare_pid)},
        {"uptime", seconds(generation.uptime)},
        {"respawns", generation.respawns},
        {"crash_looping", generation.crash_looping},
        {"last_error", generation.last_error},
    };
}

Json describe_signal(const SignalStatus& signal) {
    Json json{{"number", signal.number}, {"registered", signal.registered}};
    shm::for_each_figure(signal.figures,
                         [&](const char* name, std::uint64_t value) { json[name] = value; });
    const auto& oldest = signal.figures.oldest;
    json["oldest"] = oldest
                         ? seconds(std::chrono::nanoseconds(shm::signal_age(signal.now, *oldest)))
                         : Json(nullptr);
    return json;
}

Json describe_lock(const LockStatus& lock) {
    return {{"number", lock.number},
            {"worker", lock.worker == 0 ? Json(nullptr) : Json(lock.worker)},
            {"waiting", lock.waiting},
            {"left", lock.left}};
}

template <typename Item, typename Describe>
Json list_of(const std::vector<Item>& items, Describe describe) {
    Json list = Json::array();
    for (const Item& item : items) {
        list.push_back(describe(item));
    }
    return list;
}

std::string_view name_of(ReloadStatus::Outcome outcome) {
    switch (outcome) {
        case ReloadStatus::Outcome::None:
            return "none";
        case ReloadStatus::Outcome::Running:
            return "running";
        case ReloadStatus::Outcome::Done:
            return "done";
        case ReloadStatus::Outcome::Failed:
            return "failed";
    }
    return "none";
}

Json describe_reload(const ReloadStatus& reload, std::chrono::system_clock::time_point now) {
    const bool any = reload.outcome != ReloadStatus::Outcome::None;
    return {
        {"result", name_of(reload.outcome)},
        {"count", reload.count},
        {"at", moment(reload.at)},
        {"age", any ? seconds(now - reload.at) : Json(nullptr)},
        {"error", reload.reason},
    };
}

Json describe_upgrade(const UpgradeStatus& upgrade, std::chrono::system_clock::time_point now) {
    Json json = describe_reload(upgrade.newest, now);
    json["successor"] = process(upgrade.successor);
    json["former"] = process(upgrade.former);
    return json;
}

std::string dump(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string format_status_json(const Status& status, std::chrono::system_clock::time_point now) {
    Json generations = Json::array();
    Json workers = Json::array();
    for (const auto& generation : status.generations) {
        generations.push_back(describe_generation(generation));
        for (const auto& worker : generation.workers) {
            workers.push_back(describe_worker(worker, generation.number));
        }
    }
    Json addresses = Json::array();
    for (const ListenerStatus& listener : status.listeners) {
        addresses.push_back(listener.address);
    }
    Json reloads = Json::array();
    for (const ReloadStatus& reload : status.reloads) {
        reloads.push_back(describe_reload(reload, now));
    }
    Json certificates = Json::array();
    for (const CertificateStatus& certificate : status.certificates) {
        certificates.push_back(describe_certificate(certificate, now));
    }
    const Json document = {
        {"version", status.version},
        {"pid", status.pid},
        {"state", status.stopping ? "stopping"
                  : status.paused ? "paused"
                                  : "running"},
        {"started", moment(status.started)},
        {"uptime", seconds(status.uptime)},
        {"config", status.config},
        {"listen", std::move(addresses)},
        {"queues", list_of(status.listeners, describe_queue)},
        {"certificates", std::move(certificates)},
        {"traffic", describe_traffic(status.traffic)},
        {"pss", bytes(status.pss)},
        {"generations", std::move(generations)},
        {"workers", std::move(workers)},
        {"signals", list_of(status.signals, describe_signal)},
        {"signal_memory",
         {{"replaced", status.signal_memory.replaced}, {"lost", status.signal_memory.lost}}},
        {"locks", list_of(status.locks, describe_lock)},
        {"failures", list_of(status.failures, describe_failure)},
        {"reload", describe_reload(status.reload, now)},
        {"reloads", std::move(reloads)},
        {"upgrade", describe_upgrade(status.upgrade, now)},
    };
    return dump(document);
}

std::string format_history_json(const std::deque<HistoryPoint>& history, std::uint64_t since) {
    Json points = Json::array();
    for (const HistoryPoint& point : history) {
        if (point.ordinal > since) {
            points.push_back(describe_point(point));
        }
    }
    return dump({{"points", std::move(points)}});
}

}  // namespace geventd::master
