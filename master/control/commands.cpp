// SPDX-License-Identifier: MIT
#include "master/control/commands.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include <fmt/core.h>

#include "master/status/requests_json.h"
#include "master/status/status_json.h"

namespace geventd::master {

namespace {

std::optional<int> number_of(const ipc::ControlRequest& request, const char* key) {
    const auto found = request.arguments.find(key);
    if (found == request.arguments.end()) {
        return std::nullopt;
    }
    const std::string& text = found->second;
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

void answer(const ControlReply& reply, const char* deed, const ReloadStatus& end) {
    if (end.outcome == ReloadStatus::Outcome::Failed) {
        return reply.error(
            fmt::format("the {} failed, the running version goes on: {}", deed, end.reason));
    }
    reply.ok();
}

void set_workers(Controls& controls, const ipc::ControlRequest& request,
                 const ControlReply& reply) {
    const auto count = number_of(request, "count");
    if (!count) {
        return reply.error("\"count\" is the number of workers");
    }
    const auto done = controls.set_workers(*count);
    if (!done) {
        return reply.error(done.error().message);
    }
    reply.ok();
}

void send_signal(Controls& controls, const ipc::ControlRequest& request,
                 const ControlReply& reply) {
    const auto number = number_of(request, "number");
    if (!number) {
        return reply.error("\"number\" is the signal's number, 0 to 255");
    }
    const auto payload = request.arguments.find("payload");
    const auto sent =
        controls.send_signal(*number, payload == request.arguments.end() ? "" : payload->second);
    if (!sent) {
        return reply.error(sent.error().message);
    }
    reply.ok();
}

}  // namespace

void add_commands(ControlServer& server, Views& views, Controls& controls) {
    server.add("status", [&views](const ipc::ControlRequest&, ControlReply reply) {
        reply.ok(format_status_json(views.full_status(), std::chrono::system_clock::now()));
    });
    server.add("history", [&views](const ipc::ControlRequest& request, ControlReply reply) {
        const auto since = number_of(request, "since").value_or(0);
        reply.ok(
            format_history_json(views.history(), static_cast<std::uint64_t>(std::max(since, 0))));
    });
    server.add("requests", [&views](const ipc::ControlRequest& request, ControlReply reply) {
        const auto most = number_of(request, "most").value_or(kMostRequests);
        reply.ok(format_requests_json(
            views.requests(), static_cast<std::size_t>(std::clamp(most, 0, kMostRequests))));
    });
    server.add("stacks", [&views](const ipc::ControlRequest& request, ControlReply reply) {
        const auto of = request.arguments.find("of");
        const auto asked =
            views.stacks(of == request.arguments.end() ? "" : of->second,
                         [reply](const std::string& document) { reply.ok(document); });
        if (!asked) {
            reply.error(asked.error().message);
        }
    });
    server.add("reload", [&controls](const ipc::ControlRequest&, ControlReply reply) {
        controls.reload([reply](const ReloadStatus& end) { answer(reply, "reload", end); });
    });
    server.add("upgrade", [&controls](const ipc::ControlRequest&, ControlReply reply) {
        controls.upgrade([reply](const ReloadStatus& end) { answer(reply, "upgrade", end); });
    });
    server.add("stop", [&controls](const ipc::ControlRequest&, ControlReply reply) {
        reply.ok();  // first: with nothing to drain the master may be gone at once
        controls.stop();
    });
    for (const bool on : {true, false}) {
        server.add(on ? "pause" : "resume",
                   [&controls, on](const ipc::ControlRequest&, ControlReply reply) {
                       const auto done = controls.pause(on);
                       done ? reply.ok() : reply.error(done.error().message);
                   });
    }
    server.add("workers", [&controls](const ipc::ControlRequest& request, ControlReply reply) {
        set_workers(controls, request, reply);
    });
    server.add("signal", [&controls](const ipc::ControlRequest& request, ControlReply reply) {
        send_signal(controls, request, reply);
    });
    server.add("reopen-logs", [&controls](const ipc::ControlRequest&, ControlReply reply) {
        controls.reopen_logs();
        reply.ok();
    });
}

}  // namespace geventd::master
