// SPDX-License-Identifier: MIT
#include "master/stacks/stack_collector.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "ipc/control_protocol.h"
#include "log/escape.h"

namespace geventd::master {

namespace {

constexpr Duration kPatience = std::chrono::milliseconds(1500);
constexpr std::size_t kMostCollections = 8;

std::string quoted(const std::string& text) {
    return text.empty() ? "null" : fmt::format("\"{}\"", log::escape_json(text));
}

}  // namespace

/// The workers' answers to one client.
struct StackCollector::Collection : event::Deadline {
    struct Part {
        std::uint32_t worker = 0;
        std::uint32_t generation = 0;
        pid_t pid = 0;
        std::string blocked;  ///< the stack that blocks its hub; empty: the hub turns
        std::string error;
        std::string found;  ///< a JSON document
        std::unique_ptr<StackQuery> query;
    };

    Collection(StackCollector& collector, Done when_done)
        : collector_(collector), done(std::move(when_done)) {}

    void ask(const Target& target, const std::string& request) {
        const auto at = parts.size();
        parts.push_back(
            {target.worker, target.generation, target.pid, target.blocked, "", "", nullptr});
        parts[at].query = target.ask(
            {ipc::Sight::Document, request},
            [this, at](const std::optional<std::string>& report) { on_answer(parts[at], report); });
        if (parts[at].query) {
            ++missing;
            parts[at].error = "it does not answer: C code keeps its GIL, or it is stopped";
        } else {
            parts[at].error = "it cannot be asked: it is about to leave, or has too many questions";
        }
    }

    void on_answer(Part& part, const std::optional<std::string>& report) {
        part.found = report.value_or("");
        part.error = report ? "" : "it has ended, or its answer cannot be read";
        if (--missing == 0) {
            collector_.on_complete(*this);
        }
    }

    [[nodiscard]] std::string document() const {
        std::string json = R"({"workers":[)";
        for (const Part& part : parts) {
            const bool fits = json.size() + part.found.size() < ipc::kMaxControlAnswer - (1 << 20);
            json += fmt::format(
                R"({}{{"worker":{},"generation":{},"pid":{},"error":{},"blocked":{},"found":{}}})",
                &part == parts.data() ? "" : ",", part.worker, part.generation, part.pid,
                quoted(fits ? part.error : "its answer does not fit: ask for this worker alone"),
                quoted(part.blocked), fits && !part.found.empty() ? part.found : "null");
        }
        return json + "]}";
    }

    StackCollector& collector_;
    Done done;
    std::vector<Part> parts;
    std::size_t missing = 0;
};

StackCollector::StackCollector(event::Loop& loop, event::DeadlineClock& clock)
    : loop_(loop), patience_(clock, kPatience) {
    patience_.bind<&StackCollector::on_complete>(this);
}

StackCollector::~StackCollector() = default;

Result<void> StackCollector::collect(const std::vector<Target>& workers, const std::string& request,
                                     Done done) {
    if (collections_.size() >= kMostCollections) {
        return failure("too many ask for stacks at once; try again");
    }
    Collection& collection =
        *collections_.emplace_back(std::make_unique<Collection>(*this, std::move(done)));
    collection.parts.reserve(workers.size());
    for (const Target& target : workers) {
        collection.ask(target, request);
    }
    if (collection.missing == 0) {
        on_complete(collection);
        return {};
    }
    loop_.refresh_now();
    patience_.start(collection);
    return {};
}

void StackCollector::on_complete(Collection& collection) noexcept {
    const auto place = std::find_if(collections_.begin(), collections_.end(),
                                    [&](const auto& other) { return other.get() == &collection; });
    const std::unique_ptr<Collection> ended = std::move(*place);
    collections_.erase(place);
    ended->done(ended->document());
}

}  // namespace geventd::master
