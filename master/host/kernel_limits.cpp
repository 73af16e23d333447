// SPDX-License-Identifier: MIT
#include "master/host/kernel_limits.h"

#include <fstream>

#include <fmt/core.h>

#include "net/rlimit.h"

namespace geventd::master {

namespace {

// Descriptors of a process other than its connections: libraries, files, the application's own.
constexpr std::uint64_t kOtherFiles = 1024;

// The master's copies of a listener during a reload, and its descriptors for a worker, for as many
// generations as may be alive at once.
constexpr std::uint64_t kFilesOfListener = 8;
constexpr std::uint64_t kFilesOfWorker = 32;

constexpr std::uint64_t kGenerationsOfReload = 2;

// Files of static and sendfile that a worker keeps open for the next request.
constexpr std::uint64_t kKeptFiles = 1024;

std::string tell_of_files(const config::Settings& settings, std::uint64_t reached) {
    const std::uint64_t need = kernel_needs(settings).files;
    return reached >= need ? ""
                           : fmt::format(
                                 "limits.connections is {}, but a process may open {} files "
                                 "only; raise the limit (LimitNOFILE, ulimit -n) to {}",
                                 settings.limits.connections, reached, need);
}

}  // namespace

KernelNeeds kernel_needs(const config::Settings& settings) {
    const std::uint64_t listeners = settings.listen.size();
    const auto workers = static_cast<std::uint64_t>(settings.workers.processes);
    const bool has_files = !settings.static_files.empty() || !settings.sendfile.empty();
    return {static_cast<std::uint64_t>(settings.limits.connections) + kOtherFiles +
                (has_files ? kKeptFiles : 0) + kFilesOfListener * listeners +
                kFilesOfWorker * workers,
            kGenerationsOfReload * listeners * workers};
}

std::string tell_of_watches(const config::Settings& settings, std::uint64_t most) {
    const std::uint64_t need = kernel_needs(settings).watches;
    return most >= need ? ""
                        : fmt::format(
                              "{} workers that watch {} listening sockets each need {} "
                              "watches of epoll's while they are reloaded, but one user "
                              "may have {}; raise sysctl fs.epoll.max_user_watches",
                              settings.workers.processes, settings.listen.size(), need, most);
}

std::vector<std::string> fit_kernel_limits(const config::Settings& settings) {
    std::vector<std::string> sentences;
    const auto add = [&sentences](std::string sentence) {
        if (!sentence.empty()) {
            sentences.push_back(std::move(sentence));
        }
    };
    add(tell_of_files(settings, net::raise_nofile(kernel_needs(settings).files)));
    std::uint64_t most = 0;
    if (std::ifstream("/proc/sys/fs/epoll/max_user_watches") >> most) {
        add(tell_of_watches(settings, most));
    }
    return sentences;
}

}  // namespace geventd::master
