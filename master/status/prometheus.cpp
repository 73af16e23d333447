// SPDX-License-Identifier: MIT
#include "master/status/prometheus.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/core.h>

#include "master/status/readiness.h"

namespace geventd::master {

namespace {

double seconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

/// A worker with the generation it belongs to. One that leaves, or starts, beside the one whose
/// number it has is apart.
struct Labelled {
    std::uint32_t generation;
    bool is_apart;
    WorkerStatus worker;
};

void add(std::optional<std::uint64_t>& sum, const std::optional<std::uint64_t>& more) {
    if (more) {
        sum = sum.value_or(0) + *more;
    }
}

void add(WorkerStatus& sum, const WorkerStatus& more) {
    shm::for_each_worker_figure(
        [](const shm::FigureInfo&, auto& whole, const auto& part) { whole += part; }, sum.counters,
        more.counters);
    sum.counters.hub_blocked = std::max(sum.counters.hub_blocked, more.counters.hub_blocked);
    add(sum.memory.rss, more.memory.rss);
    add(sum.memory.pss, more.memory.pss);
}

// In a page of metrics no series may come twice, so those that are apart are summed.
std::vector<Labelled> workers_of(const Status& status) {
    std::vector<Labelled> workers;
    std::map<std::tuple<std::uint32_t, std::uint32_t, bool>, std::size_t> places;
    for (const GenerationStatus& generation : status.generations) {
        for (const WorkerStatus& worker : generation.workers) {
            const bool is_apart = places.contains({generation.number, worker.number, false});
            const auto [place, is_new] =
                places.try_emplace({generation.number, worker.number, is_apart}, workers.size());
            if (is_new) {
                workers.push_back({generation.number, is_apart, worker});
            } else {
                add(workers[place->second].worker, worker);
            }
        }
    }
    return workers;
}

/// Used to list the figures that exist.
constexpr shm::WorkerFigures<shm::Plain> kNoFigures;

/// Writes metric families: HELP and TYPE, then all lines of the family.
class Text {
  public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(std::back_inserter(text_),
                       "# HELP geventd_{0} {1}\n# TYPE geventd_{0} {2}\n", name, help, type);
    }

    template <typename Value>
    void sample(std::string_view labels, const Value& value) {
        fmt::format_to(std::back_inserter(text_), "geventd_{}{} {}\n", name_, labels, value);
    }

    template <typename Value>
    void single(std::string_view name, std::string_view type, std::string_view help,
                const Value& value) {
        family(name, type, help);
        sample("", value);
    }

    void append(std::string_view text) { text_ += text; }

    std::string take() { return std::move(text_); }

  private:
    std::string text_;
    std::string name_;
};

std::string labels_of(const Labelled& labelled) {
    return fmt::format("{{generation=\"{}\",worker=\"{}\"{}}}", labelled.generation,
                       labelled.worker.number, labelled.is_apart ? ",apart=\"true\"" : "");
}

// Each figure becomes a family with a line for each worker.
void add_figures(Text& text, const std::vector<Labelled>& workers) {
    std::vector<Text> families;
    shm::for_each_worker_figure(
        [&](const shm::FigureInfo& info, auto) {
            const bool is_gauge = info.kind == shm::FigureInfo::Kind::Gauge;
            families.emplace_back().family(fmt::format("worker_{}", info.metric),
                                           is_gauge ? "gauge" : "counter", info.help);
        },
        kNoFigures);
    for (const Labelled& labelled : workers) {
        const std::string labels = labels_of(labelled);
        auto family = families.begin();
        shm::for_each_worker_figure(
            [&](const shm::FigureInfo& info, auto value) {
                const bool in_seconds = info.unit == shm::FigureInfo::Unit::Microseconds;
                in_seconds ? family->sample(labels, static_cast<double>(value) / 1e6)
                           : family->sample(labels, value);
                ++family;
            },
            labelled.worker.counters);
    }
    for (Text& family : families) {
        text.append(family.take());
    }
}

void add_workers(Text& text, const Status& status) {
    const std::vector<Labelled> workers = workers_of(status);
    text.family("worker_ready", "gauge", "1: the worker serves; 0: it starts, drains or stops.");
    for (const Labelled& labelled : workers) {
        text.sample(labels_of(labelled), labelled.worker.state == "ready" ? 1 : 0);
    }
    add_figures(text, workers);
    text.family("worker_hub_blocked_seconds", "gauge", "For how long the hub is blocked; 0: not.");
    for (const Labelled& labelled : workers) {
        text.sample(labels_of(labelled), seconds(labelled.worker.counters.hub_blocked));
    }
    text.family("worker_resident_bytes", "gauge", "Resident memory.");
    for (const Labelled& labelled : workers) {
        if (labelled.worker.memory.rss) {
            text.sample(labels_of(labelled), *labelled.worker.memory.rss);
        }
    }
    text.family("worker_proportional_bytes", "gauge",
                "Memory, that shared with others divided among them.");
    for (const Labelled& labelled : workers) {
        if (labelled.worker.memory.pss) {
            text.sample(labels_of(labelled), *labelled.worker.memory.pss);
        }
    }
}

// One bucket for each octave from an eighth of a millisecond to a minute. The bounds coincide with
// those of our own classes, so the counts are exact.
void add_durations(Text& text, const Traffic::Ended& ended) {
    constexpr int kFirst = 7;
    constexpr int kLast = 26;
    text.family("request_duration_seconds", "histogram",
                "From the complete head to the end, of all workers since the master started.");
    std::size_t index = 0;
    std::uint64_t count = 0;
    for (int octave = kFirst; octave <= kLast; ++octave) {
        const std::uint64_t bound = std::uint64_t{1} << octave;
        for (; shm::DurationClass::upper(index) < bound; ++index) {
            count += ended.durations[index];
        }
        text.sample(fmt::format("_bucket{{le=\"{}\"}}", static_cast<double>(bound) / 1e6), count);
    }
    const std::uint64_t all = shm::total(ended.durations);
    text.sample("_bucket{le=\"+Inf\"}", all);
    text.sample("_sum", static_cast<double>(ended.microseconds) / 1e6);
    text.sample("_count", all);
}

std::string escape(std::string_view value) {
    std::string escaped;
    for (const char byte : value) {
        if (byte == '\n') {
            escaped += "\\n";
            continue;
        }
        if (byte == '"' || byte == '\\') {
            escaped += '\\';
        }
        escaped += byte;
    }
    return escaped;
}

std::string label_of(const ListenerStatus& listener) {
    return fmt::format("{{address=\"{}\"}}", escape(listener.address));
}

void add_certificates(Text& text, const Status& status) {
    text.family("certificate_expires_seconds", "gauge",
                "When the certificate expires, as seconds since the epoch.");
    for (const CertificateStatus& certificate : status.certificates) {
        text.sample(fmt::format("{{address=\"{}\",file=\"{}\"}}", escape(certificate.address),
                                escape(certificate.file)),
                    std::chrono::system_clock::to_time_t(certificate.expires));
    }
}

void add_queues(Text& text, const Status& status) {
    text.family("listen_queue", "gauge", "Connections that wait to be accepted.");
    for (const ListenerStatus& listener : status.listeners) {
        text.sample(label_of(listener), listener.waiting);
    }
    text.family("listen_queue_most", "gauge", "Connections that may wait to be accepted.");
    for (const ListenerStatus& listener : status.listeners) {
        text.sample(label_of(listener), listener.most);
    }
    text.family("listen_queue_dropped_total", "counter",
                "Connections that were turned away as the queue was full.");
    for (const ListenerStatus& listener : status.listeners) {
        text.sample(label_of(listener), listener.dropped);
    }
    text.family("listen_socket_down", "gauge", "1: the socket was shut down and refuses clients.");
    for (const ListenerStatus& listener : status.listeners) {
        text.sample(label_of(listener), listener.down ? 1 : 0);
    }
}

void add_generations(Text& text, const Status& status) {
    std::uint64_t respawns = 0;
    bool looping = false;
    for (const GenerationStatus& generation : status.generations) {
        respawns += generation.respawns;
        looping = looping || generation.crash_looping;
    }
    text.single("generations", "gauge", "Generations of workers, draining ones included.",
                status.generations.size());
    text.single("generation_respawns", "gauge",
                "Workers of these generations that were started again after a death.", respawns);
    text.single("crash_looping", "gauge", "1: workers die young again and again.", looping ? 1 : 0);
    text.single("reloads_total", "counter", "Reloads that were started.", status.reload.count);
    text.single("reload_failed", "gauge", "1: the newest reload failed.",
                status.reload.outcome == ReloadStatus::Outcome::Failed ? 1 : 0);
    text.single("upgrades_total", "counter", "Upgrades that were started.",
                status.upgrade.newest.count);
}

void add_signals(Text& text, const Status& status) {
    text.single("signal_memory_replaced_total", "counter",
                "How often the memory of signals and locks was damaged and replaced.",
                status.signal_memory.replaced);
    text.single("signals_lost_total", "counter", "Signals that were lost by that.",
                status.signal_memory.lost);
    constexpr std::string_view kGaugeNames[] = {"running", "waiting"};
    // The figures supply the names; each becomes a family with a line for each signal number.
    shm::SignalFigures none{};
    shm::for_each_figure(none, [&](const char* name, std::uint64_t) {
        const bool gauge = std::find(std::begin(kGaugeNames), std::end(kGaugeNames), name) !=
                           std::end(kGaugeNames);
        const std::string family = fmt::format("signals_{}{}", name, gauge ? "" : "_total");
        text.family(family, gauge ? "gauge" : "counter",
                    fmt::format("Signals: {}; docs/signals.md says what it means.", name));
        for (const SignalStatus& signal : status.signals) {
            shm::for_each_figure(signal.figures, [&](const char* other, std::uint64_t value) {
                if (std::string_view(other) == name) {
                    text.sample(fmt::format("{{number=\"{}\"}}", signal.number), value);
                }
            });
        }
    });
}

}  // namespace

std::string format_prometheus(const Status& status) {
    Text text;
    text.family("info", "gauge", "The version, as a label.");
    text.sample(fmt::format("{{version=\"{}\"}}", status.version), 1);
    text.single("uptime_seconds", "gauge", "Since the master was started.", seconds(status.uptime));
    text.single("paused", "gauge", "1: no connection is accepted.", status.paused ? 1 : 0);
    text.single("stopping", "gauge", "1: the server stops.", status.stopping ? 1 : 0);
    text.single("cores_busy_ratio", "gauge",
                "Busy cores of the workers that are ready, as a part of all of theirs.",
                CoreUse::of(status).ratio());
    add_generations(text, status);
    add_workers(text, status);
    add_durations(text, status.traffic.ended);
    add_queues(text, status);
    add_certificates(text, status);
    add_signals(text, status);
    return text.take();
}

}  // namespace geventd::master
