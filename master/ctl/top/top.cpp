// SPDX-License-Identifier: MIT
#include "master/ctl/top/top.h"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <utility>

#include "log/escape.h"
#include "master/ctl/client/control_client.h"
#include "master/ctl/top/display.h"
#include "master/ctl/top/screen.h"
#include "master/ctl/top/top_view.h"

namespace geventd::ctl {

namespace {

constexpr auto kPeriod = std::chrono::seconds(1);
constexpr auto kPatience = std::chrono::seconds(2);

// Larger than any terminal.
constexpr std::size_t kMostPoints = 500;
constexpr const char* kMostRequests = "200";

using Arguments = std::map<std::string, std::string>;

Result<Document> ask_document(const std::string& socket, const char* command, Arguments arguments) {
    return ask(socket, {command, std::move(arguments)}, kPatience).and_then(&Document::parse);
}

/// Keeps the state up to date from the server's answers.
class Follower {
  public:
    explicit Follower(std::string socket) : socket_(std::move(socket)) {}

    Result<void> follow() {
        return ask_document(socket_, "status", {})
            .and_then([this](const Document& status) {
                if (status["pid"].text() != state_.status["pid"].text()) {
                    newest_ = "0";  // another master, which counts from 1 again
                }
                state_.status = status;
                return ask_document(socket_, "history", {{"since", newest_}});
            })
            .and_then([this](const Document& history) {
                add_points(history["points"].objects());
                return ask_document(socket_, "requests", {{"most", kMostRequests}});
            })
            .map([this](const Document& requests) {
                state_.requests = requests;
                state_.fault.clear();
            });
    }

    void follow_or_say_why_not() {
        const auto followed = follow();
        if (!followed) {
            state_.fault = followed.error().message;
        }
    }

    [[nodiscard]] const TopState& state() const { return state_; }

  private:
    void add_points(const std::vector<Document>& points) {
        for (const Document& point : points) {
            state_.points.push_back(point);
            newest_ = point["ordinal"].text();
        }
        if (state_.points.size() > kMostPoints) {
            state_.points.erase(state_.points.begin(),
                                state_.points.end() - static_cast<std::ptrdiff_t>(kMostPoints));
        }
    }

    std::string socket_;
    std::string newest_ = "0";
    TopState state_;
};

}  // namespace

Result<void> watch(const std::string& socket) {
    Follower follower(socket);
    if (const auto begun = follower.follow(); !begun) {
        return failure(begun.error().message);
    }
    try {
        Screen screen;
        Display display(screen, socket, follower.state());
        while (display.show_for(kPeriod)) {
            follower.follow_or_say_why_not();
        }
    } catch (const std::runtime_error& error) {
        return failure(error.what());
    }
    return {};
}

Result<void> print_all_the_time(const std::string& socket) {
    while (true) {
        const auto status = ask(socket, {"status", {}}, kPatience);
        if (!status) {
            return failure(status.error().message);
        }
        const std::string line = log::escape_json_document(*status);
        if (std::fprintf(stdout, "%s\n", line.c_str()) < 0 || std::fflush(stdout) != 0) {
            return {};
        }
        pollfd output{STDOUT_FILENO, 0, 0};
        if (::poll(&output, 1, kPeriod / std::chrono::milliseconds(1)) > 0) {
            return {};  // the reader has closed the pipe
        }
    }
}

}  // namespace geventd::ctl
