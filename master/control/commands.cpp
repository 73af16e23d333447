// SPDX-License-Identifier: MIT
#include "master/control/commands.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>

#include <fmt/core.h>

#include "master/status/requests_json.h"
#include "master/status/status_json.h"
#include "master/status/websockets_json.h"

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

std::string text_of(const ipc::ControlRequest& request, const char* key) {
    const auto found = request.arguments.find(key);
    return found == request.arguments.end() ? "" : found->second;
}

void answer(const ControlReply& reply, const Result<void>& done) {
    done ? reply.ok() : reply.error(done.error().message);
}

void answer(const ControlReply& reply, const char* action, const ReloadStatus& end) {
    if (end.outcome == ReloadStatus::Outcome::Failed) {
        return reply.error(fmt::format(
            "the {} failed, {}: {}", action,
            end.goes_on ? "the running version goes on" : "nothing serves any more", end.reason));
    }
    reply.ok();
}

void tell_status(Views& views, const ipc::ControlRequest&, const ControlReply& reply) {
    reply.ok(format_status_json(views.full_status(), std::chrono::system_clock::now()));
}

void tell_history(Views& views, const ipc::ControlRequest& request, const ControlReply& reply) {
    const auto since = number_of(request, "since").value_or(0);
    reply.ok(format_history_json(views.history(), static_cast<std::uint64_t>(std::max(since, 0))));
}

void tell_requests(Views& views, const ipc::ControlRequest& request, const ControlReply& reply) {
    const auto most = number_of(request, "most").value_or(kMostRequests);
    reply.ok(format_requests_json(views.requests(),
                                  static_cast<std::size_t>(std::clamp(most, 0, kMostRequests))));
}

void tell_websockets(Views& views, const ipc::ControlRequest& request, const ControlReply& reply) {
    const auto most = number_of(request, "most").value_or(kMostWebSockets);
    reply.ok(format_websockets_json(
        views.websockets(), static_cast<std::size_t>(std::clamp(most, 0, kMostWebSockets))));
}

void tell_stacks(Views& views, const ipc::ControlRequest& request, const ControlReply& reply) {
    const auto asked = views.stacks(text_of(request, "of"),
                                    [reply](const std::string& document) { reply.ok(document); });
    if (!asked) {
        reply.error(asked.error().message);
    }
}

void reload(Controls& controls, const ipc::ControlRequest&, const ControlReply& reply) {
    controls.reload([reply](const ReloadStatus& end) { answer(reply, "reload", end); });
}

void upgrade(Controls& controls, const ipc::ControlRequest&, const ControlReply& reply) {
    controls.upgrade([reply](const ReloadStatus& end) { answer(reply, "upgrade", end); });
}

void stop(Controls& controls, const ipc::ControlRequest&, const ControlReply& reply) {
    reply.ok();  // first: without anything to drain the master may exit at once
    controls.stop();
}

void pause(Controls& controls, const ipc::ControlRequest&, const ControlReply& reply) {
    answer(reply, controls.pause(true));
}

void resume(Controls& controls, const ipc::ControlRequest&, const ControlReply& reply) {
    answer(reply, controls.pause(false));
}

void set_workers(Controls& controls, const ipc::ControlRequest& request,
                 const ControlReply& reply) {
    const auto count = number_of(request, "count");
    if (!count) {
        return reply.error("\"count\" is the number of workers");
    }
    answer(reply, controls.set_workers(*count));
}

void send_signal(Controls& controls, const ipc::ControlRequest& request,
                 const ControlReply& reply) {
    const auto number = number_of(request, "number");
    if (!number) {
        return reply.error("\"number\" is the signal's number, 0 to 255");
    }
    answer(reply, controls.send_signal(*number, text_of(request, "payload")));
}

void reopen_logs(Controls& controls, const ipc::ControlRequest&, const ControlReply& reply) {
    controls.reopen_logs();
    reply.ok();
}

/// The function for a command; `Master` is Views or Controls.
template <typename Master>
struct Command {
    const char* name;
    void (*handle)(Master& master, const ipc::ControlRequest& request, const ControlReply& reply);
};

constexpr Command<Views> kShown[] = {
    {"status", tell_status},          // the status document
    {"history", tell_history},        // {"since": N}: the seconds after point N
    {"requests", tell_requests},      // {"most": N}: the requests that occupy cores, oldest first
    {"websockets", tell_websockets},  // {"most": N}: the open ones, oldest first
    {"stacks", tell_stacks},          // {"of": NAME}: of a worker or a request; default: all
};

constexpr Command<Controls> kDone[] = {
    {"reload", reload},        // answers when the reload is over
    {"upgrade", upgrade},      // answers when the new master leads or has failed
    {"stop", stop},            // answers at once; the server drains
    {"pause", pause},          // accepts no connection
    {"resume", resume},        // accepts connections again
    {"workers", set_workers},  // {"count": K}: the number of workers from now on
    {"signal", send_signal},   // {"number": N, "payload": TEXT}: answers when accepted
    {"reopen-logs", reopen_logs},
};

template <typename Master>
void add_all(ControlServer& server, Master& master, std::span<const Command<Master>> commands) {
    for (const Command<Master>& command : commands) {
        server.add(command.name,
                   [&master, handle = command.handle](const ipc::ControlRequest& request,
                                                      const ControlReply& reply) {
                       handle(master, request, reply);
                   });
    }
}

}  // namespace

void add_commands(ControlServer& server, Views& views, Controls& controls) {
    add_all<Views>(server, views, kShown);
    add_all<Controls>(server, controls, kDone);
}

}  // namespace geventd::master
