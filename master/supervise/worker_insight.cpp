// SPDX-License-Identifier: MIT
#include "master/supervise/worker_insight.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "log/escape.h"
#include "log/logger.h"
#include "net/peer.h"

namespace geventd::master {

namespace {

// The most bytes of a log line that lists requests.
constexpr std::size_t kMostListed = 16 << 10;

// How long a worker that is to be killed is asked where its requests stand.
constexpr Duration kLastLook = std::chrono::seconds(1);

std::string plain(const std::string& text) {
    return log::escape_controls(text);
}

std::string list_requests(const std::vector<shm::RequestTable::Entry>& requests, TimePoint now) {
    std::string list;
    for (const auto& request : requests) {
        if (list.size() > kMostListed) {
            list += "\n  and more";
            break;
        }
        list += fmt::format(
            "\n  {} {} from {}, {:.1f} s (request {})", plain(request.method), plain(request.path),
            request.client.empty() ? "a unix socket" : plain(request.client),
            std::chrono::duration<double>(now - request.received).count(), plain(request.id));
    }
    return list;
}

}  // namespace

WorkerInsight::WorkerInsight(const Services& services, Process& process, const SlotLease& slot,
                             Room room)
    : services_(services),
      process_(process),
      slot_(slot),
      room_(room),
      hub_(*this, slot.counters()) {}

// The descriptors come from the application's process, so they are checked.
void WorkerInsight::open(std::vector<UniqueFd>& fds, UniqueFd stacks) {
    hub_.open(std::move(stacks));
    if (fds.size() < 3) {
        return;
    }
    try {
        requests_region_ =
            shm::Region::map_sealed(std::move(fds[0]), shm::RequestTable::size_for(room_.cores));
        requests_.emplace(requests_region_->data(), requests_region_->size());
        websockets_region_ = shm::Region::map_sealed(
            std::move(fds[2]), shm::WebSocketTable::size_for(room_.websockets));
        websockets_.emplace(websockets_region_->data(), websockets_region_->size(),
                            room_.websockets);
        if (net::family_of(fds[1].get()) != AF_UNIX) {
            throw std::runtime_error("its observer is no unix socket");
        }
        observer_.emplace(std::move(fds[1]), ipc::Channel::Peer::Foreign);
    } catch (const std::exception& error) {
        log::error("{} cannot be inspected: {}", title(), error.what());
    }
}

void WorkerInsight::ask_for_pulse() {
    ipc::Message pulse;
    pulse.type = ipc::MessageType::Pulse;
    process_.send(pulse);
}

void WorkerInsight::ask_for_stack(ipc::StackOf which) {
    services_.processes.ask_for_stack(process_.pid(), which);
}

TimePoint WorkerInsight::look_at_hub(TimePoint now) {
    if (!process_.serves() && !process_.drains()) {
        return TimePoint::max();
    }
    const TimePoint next = hub_.look(now);
    if (!hub_.is_past_limit() && last_look_until_ == TimePoint::max()) {
        last_look_.reset();
    } else if (process_.drains()) {
        replace_blocked(now, {});
    }
    return next;
}

std::unique_ptr<StackQuery> WorkerInsight::look(const StackQuery::Question& question,
                                                StackQuery::Done done) {
    if (!observer_) {
        return nullptr;
    }
    try {
        return std::make_unique<StackQuery>(services_.loop, *observer_, question, std::move(done));
    } catch (const std::exception& error) {
        log::debug("{} cannot be asked where its greenlets stand: {}", title(), error.what());
        return nullptr;
    }
}

StackCollector::Target WorkerInsight::stack_target(std::uint32_t generation, std::uint32_t number) {
    return {generation, number, process_.pid(), hub_.is_blocked() ? hub_.stack() : std::string(),
            [this](const StackQuery::Question& question, StackQuery::Done done) {
                return look(question, std::move(done));
            }};
}

void WorkerInsight::replace_blocked(TimePoint now, Duration mercy) {
    if (last_look_) {
        return;  // a question is under way
    }
    mercy_ = mercy;
    last_look_ = look({ipc::Sight::ForLog, ""}, [this](const std::optional<std::string>& stacks) {
        end_blocked(stacks.value_or(""));
        services_.listener.on_change();
    });
    if (last_look_) {
        last_look_until_ = now + kLastLook;
    } else {
        end_blocked("");
    }
}

void WorkerInsight::end_blocked(const std::string& stacks) {
    last_look_until_ = TimePoint::max();
    if (!process_.serves() && !process_.drains()) {
        return;
    }
    if (!hub_.is_past_limit()) {
        if (process_.serves()) {
            process_.drain(ipc::DrainReason::Replace, mercy_);
        }
        return;
    }
    const TimePoint now = services_.processes.now();
    const auto requests = this->requests();
    log::warning("{} is killed: its hub has not turned for {:.1f} s; requests in flight: {}{}\n{}",
                 title(), std::chrono::duration<double>(hub_.silence(now)).count(), requests.size(),
                 list_requests(requests, now),
                 stacks.empty() ? "where they stand cannot be told: C code keeps the GIL"
                                : "where they stand:\n" + stacks);
    process_.kill("its hub did not turn any more");
}

std::vector<shm::RequestTable::Entry> WorkerInsight::requests() const {
    return requests_ ? requests_->read() : std::vector<shm::RequestTable::Entry>();
}

CoresStatus WorkerInsight::cores() const {
    return {slot_.index(), requests_ ? requests_->begun() : std::vector<std::uint64_t>(),
            requests()};
}

std::vector<shm::WebSocketTable::Entry> WorkerInsight::websockets() const {
    return websockets_ ? websockets_->read() : std::vector<shm::WebSocketTable::Entry>();
}

bool WorkerInsight::runs(const std::string& name) const {
    const auto requests = this->requests();
    const auto websockets = this->websockets();
    return std::any_of(requests.begin(), requests.end(),
                       [&](const auto& request) { return request.id == name; }) ||
           std::any_of(websockets.begin(), websockets.end(),
                       [&](const auto& socket) { return socket.request.id == name; });
}

void WorkerInsight::check_deadline(TimePoint now) {
    if (now >= last_look_until_) {
        end_blocked("");
    }
}

void WorkerInsight::correct(WorkerCounters& counters, TimePoint now) const {
    counters.cores = room_.cores;
    counters.cores_busy = std::min(counters.cores_busy, room_.cores);
    counters.cores_peak = std::min(counters.cores_peak, room_.cores);
    counters.hub_lag = hub_.lag();
    counters.hub_lag_peak = std::min(counters.hub_lag_peak, HubWatch::kMostLag);
    counters.hub_blocks = hub_.blocks();
    counters.hub_blocked = hub_.blocked(now);
}

}  // namespace geventd::master
