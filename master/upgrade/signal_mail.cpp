// SPDX-License-Identifier: MIT
#include "master/upgrade/signal_mail.h"

#include <array>
#include <span>
#include <string_view>

#include <fmt/core.h>

#include "base/clock.h"

namespace geventd::master {

namespace {

struct TargetName {
    shm::TargetKind kind;
    std::string_view name;
};

constexpr std::array kTargets = {
    TargetName{shm::TargetKind::Any, "any"}, TargetName{shm::TargetKind::Worker, "worker"},
    TargetName{shm::TargetKind::All, "all"}, TargetName{shm::TargetKind::Copy, "copy"}};

}  // namespace

UpgradeMessage format_signal(std::uint64_t id, const shm::SignalClaim& signal) {
    UpgradeMessage message;
    message.type = "signal";
    std::string_view target;
    for (const TargetName& one : kTargets) {
        target = one.kind == signal.routing.target.kind ? one.name : target;
    }
    message.fields = {
        {"id", fmt::format("{}", id)},
        {"number", fmt::format("{}", signal.routing.number)},
        {"tick", signal.routing.tick ? "1" : "0"},
        {"target", std::string(target)},
        {"target-worker", fmt::format("{}", signal.routing.target.worker)},
        {"sender", fmt::format("{}", signal.routing.sender)},
        {"sender-pid", fmt::format("{}", signal.sender_pid)},
        {"sent-at", fmt::format("{}", signal.sent_at)},
        {"attempts", fmt::format("{}", signal.attempts)},
        {"repeats", fmt::format("{}", signal.repeats)},
    };
    message.body.assign(reinterpret_cast<const char*>(signal.payload.data()),
                        signal.payload.size());
    return message;
}

Result<shm::SignalClaim> parse_signal(const UpgradeMessage& message) {
    shm::SignalClaim signal;
    const std::int64_t number = message.number("number");
    if (message.text("number").empty() || number < 0 || number >= shm::kSignalNumbers) {
        return failure("a signal of the former master has no number");
    }
    signal.routing.number = static_cast<std::uint8_t>(number);
    signal.routing.tick = message.number("tick") != 0;
    for (const TargetName& one : kTargets) {
        if (one.name == message.text("target")) {
            signal.routing.target.kind = one.kind;
        }
    }
    signal.routing.target.worker = static_cast<std::uint16_t>(message.number("target-worker"));
    signal.routing.sender = static_cast<std::uint16_t>(message.number("sender"));
    signal.sender_pid = static_cast<std::int32_t>(message.number("sender-pid"));
    signal.sent_at = message.number("sent-at");
    signal.attempts = static_cast<std::uint8_t>(message.number("attempts"));
    signal.repeats = static_cast<std::uint32_t>(message.number("repeats"));
    signal.payload = std::as_bytes(std::span(message.body.data(), message.body.size()));
    return signal;
}

}  // namespace geventd::master
