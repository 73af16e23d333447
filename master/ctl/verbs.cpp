// SPDX-License-Identifier: MIT
#include "master/ctl/verbs.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "master/ctl/client/control_client.h"
#include "master/ctl/client/stop.h"
#include "master/ctl/help.h"
#include "master/ctl/top/top.h"
#include "master/ctl/view/requests_view.h"
#include "master/ctl/view/stacks_view.h"
#include "master/ctl/view/status_view.h"
#include "master/ctl/view/websockets_view.h"

namespace geventd::ctl {

namespace {

Result<void> run_top(const std::string& socket, const cli::GeventctlOptions& options) {
    return options.json ? print_all_the_time(socket) : watch(socket);
}

Result<void> run_stop(const std::string& socket, const cli::GeventctlOptions& options) {
    return stop(socket, options.waits, options.json);
}

// The converter takes arguments of its own, so main() sees to it before the command line is parsed.
Result<void> refuse_convert(const cli::GeventctlOptions& /*options*/) {
    return failure("convert comes first: geventctl convert FILE, or geventctl convert -- COMMAND");
}

constexpr std::array kVerbs{
    Verb{.line = {"status", "", "show the master, its generations and workers"},
         .manual = R"(
Shows the master, its generations and its workers: what they do, how fast, and how much memory
that takes; signals, locks, the newest failures and how the last reload went. Rates are those of
the last ten seconds, latencies those of the last minute.)",
         .format = format_status},
    Verb{.line = {"requests", "", "list the requests in flight, the oldest first"},
         .manual = R"(
Lists the requests in flight, the oldest first: age, worker, client, name, method and path.)",
         .format = format_requests},
    Verb{.line = {"websockets", "", "list the open WebSockets, the oldest first"},
         .manual = R"(
Lists the open WebSockets, the oldest first: age, worker, client, the name of the request, messages
and bytes of both directions, the bytes that wait for the client, and the path.)",
         .format = format_websockets},
    Verb{.line = {"stacks", "[WORKER|REQUEST]", "show where every greenlet stands"},
         .manual = R"(
Shows the Python stack of every greenlet: of all workers, of those with that number, or of the
request of that name (see *requests* and *websockets*). It answers also when a hub does not turn.)",
         .argument_key = "of",
         .format = format_stacks},
    Verb{.line = {"top", "", "show all of it anew each second, until q is typed"},
         .manual = R"(
Shows status and the oldest requests anew each second, with the last seconds as curves, until q is
typed. The key s shows where all greenlets stand, 1 to 9 where a request of the list stands, ? the
other keys. With *--json*: a status document a second, a line each.)",
         .run = run_top},
    Verb{.line = {"reload", "", "replace the workers by those of the configuration as it is now"},
         .manual = R"(
Replaces the workers by those of the configuration as it is now, and waits for the end.)",
         .takes_long = true,
         .done = "reloaded\n"},
    Verb{.line = {"upgrade", "", "let the program that is on the disk now take over"},
         .manual = R"(
Lets the program that is on the disk now take over, and waits for the end.)",
         .takes_long = true,
         .done = "upgraded\n"},
    Verb{.line = {"stop", "", "finish what is running and stop", false, true},
         .manual = R"(
Finishes what is running and stops. Waits until the server has ended, which takes at most the times
for draining in its configuration; with *--no-wait* only until it has begun.)",
         .run = run_stop},
    Verb{.line = {"pause", "", "accept no connection; requests in flight go on, new ones wait"},
         .manual = R"(
Accepts no connection, so that new ones wait in the kernel's queue. Requests in flight go on.)"},
    Verb{.line = {"resume", "", "accept connections again"}, .manual = R"(
Accepts connections again.)"},
    Verb{.line = {"workers", "N", "serve with so many worker processes from now on"},
         .manual = R"(
Serves with so many worker processes from now on.)",
         .argument_key = "count"},
    Verb{.line = {"signal", "N", "send a signal, 0 to 255, to the application", true},
         .manual = R"(
Sends a signal, 0 to 255, to the application.)",
         .argument_key = "number"},
    Verb{.line = {"reopen-logs", "", "open the log files again after they were moved"},
         .manual = R"(
Opens the log files again after they were moved.)"},
    Verb{.line = {"convert", "[FILE]", "write a configuration from uWSGI's or gunicorn's"},
         .manual = R"(
Writes a configuration for geventd from one of uWSGI (ini, YAML, JSON, XML) or gunicorn
(gunicorn.conf.py), or from a Procfile, a Dockerfile, a systemd unit or a shell script that starts
one of them; *convert --* _COMMAND_ takes a command line. Comments name the line that each key comes
from, and what was not taken over, with the reason. *-o* _FILE_ names the result; a file
that holds something else is overwritten with *--force* only. *--python* _PYTHON_ is the program
that executes gunicorn.conf.py. No server is asked. The exit status is 1 when
something that protects the application was not taken over, 2 when the input cannot be read.)",
         .run_alone = refuse_convert},
    Verb{.line = {"help", "[COMMAND]", "tell more of a command"},
         .manual = R"(
Tells more of a command, or lists all. No server is asked.)",
         .run_alone = print_help},
};

/// Underlines an argument in scdoc: "[WORKER|REQUEST]" becomes "[_WORKER_|_REQUEST_]".
std::string underline(std::string_view argument) {
    std::string text;
    bool is_word = false;
    for (const char letter : argument) {
        if ((letter >= 'A' && letter <= 'Z') != is_word) {
            is_word = !is_word;
            text += '_';
        }
        text += letter;
    }
    return is_word ? text + '_' : text;
}

}  // namespace

std::span<const Verb> verbs() {
    return kVerbs;
}

const Verb* find_verb(std::string_view name) {
    const auto* const found = std::find_if(
        kVerbs.begin(), kVerbs.end(), [&](const Verb& verb) { return verb.line.name == name; });
    return found == kVerbs.end() ? nullptr : found;
}

std::vector<cli::Verb> command_lines() {
    std::vector<cli::Verb> lines;
    lines.reserve(std::size(kVerbs));
    for (const Verb& verb : kVerbs) {
        lines.push_back(verb.line);
    }
    return lines;
}

ipc::ControlRequest make_request(const Verb& verb, const cli::GeventctlOptions& options) {
    ipc::ControlRequest request{.command = std::string(verb.line.name), .arguments = {}};
    if (!options.arguments.empty()) {
        request.arguments[std::string(verb.argument_key)] = options.arguments.front();
    }
    if (options.payload) {
        request.arguments["payload"] = *options.payload;
    }
    return request;
}

Result<std::string> present(const Verb& verb, const std::string& answer, bool json) {
    if (json) {
        return format_json(answer);
    }
    return verb.format != nullptr ? verb.format(answer) : std::string(verb.done);
}

std::string manual_of_verbs() {
    std::string text;
    for (const Verb& verb : kVerbs) {
        const std::string argument = underline(verb.line.argument);
        text += fmt::format("{}*{}*{}{}", text.empty() ? "" : "\n\n", verb.line.name,
                            argument.empty() ? "" : " ", argument);
        for (const char letter : verb.manual) {
            text += letter;
            if (letter == '\n') {
                text += '\t';  // indents the description below the verb
            }
        }
    }
    return text + '\n';
}

}  // namespace geventd::ctl
