// SPDX-License-Identifier: MIT
#include "master/ctl/client/stop.h"

#include <poll.h>

#include <chrono>
#include <cstdio>

#include <fmt/core.h>

#include "base/fd.h"
#include "base/uninterrupted.h"
#include "master/ctl/client/control_client.h"

namespace geventd::ctl {

namespace {

constexpr auto kPatience = std::chrono::seconds(10);

// A line at once, also into a pipe.
void tell(const char* line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

void await_end(const UniqueFd& process) {
    pollfd ended{process.get(), POLLIN, 0};
    uninterrupted([&] { return ::poll(&ended, 1, -1); });
}

}  // namespace

Result<void> stop(const std::string& socket, bool waits, bool json) {
    const UniqueFd process = waits ? process_at(socket) : UniqueFd();
    const auto answer = ask(socket, {"stop", {}}, kPatience);
    if (!answer) {
        return tl::unexpected(answer.error());
    }
    if (!json) {
        tell("the server finishes what is running and stops");
    }
    if (process) {
        await_end(process);
    }
    if (json) {
        tell(answer->c_str());
    } else if (process) {
        tell("it has stopped");
    } else if (waits) {
        tell("when it ends cannot be seen from here");
    }
    return {};
}

}  // namespace geventd::ctl
