// SPDX-License-Identifier: MIT
#include "config/host.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>

#include <fmt/core.h>

namespace geventd::config {

namespace {

/// The path of this process' control group below the mount point: the line "0::PATH".
std::string control_group() {
    std::ifstream file("/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with("0::")) {
            return line.substr(3);
        }
    }
    return "";
}

int affinity_cpus() {
    // Fails if there are more CPUs than a cpu_set_t holds; then the number online is used.
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
    return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

/// The smallest quota of the control group and those above it; 0 when there is none.
int quota_cpus() {
    int least = 0;
    for (std::string group = control_group(); !group.empty();
         group.resize(group.find_last_of('/'))) {
        std::ifstream file("/sys/fs/cgroup" + group + "/cpu.max");
        std::string line;
        if (std::getline(file, line)) {
            const int cpus = cpus_of_quota(line);
            least = least == 0 ? cpus : cpus == 0 ? least : std::min(least, cpus);
        }
    }
    return least;
}

}  // namespace

int cpus_of_quota(std::string_view cpu_max) {
    std::int64_t quota = 0;
    std::int64_t period = 0;
    const char* const end = cpu_max.data() + cpu_max.size();
    const auto first = std::from_chars(cpu_max.data(), end, quota);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ' ') {
        return 0;
    }
    const auto second = std::from_chars(first.ptr + 1, end, period);
    if (second.ec != std::errc{} || second.ptr != end || period <= 0 || quota <= 0) {
        return 0;
    }
    return static_cast<int>(std::clamp<std::int64_t>(quota / period, 1, 1'000'000));
}

int usable_cpus() {
    const int quota = quota_cpus();
    const int cpus = affinity_cpus();
    return std::max(1, quota == 0 ? cpus : std::min(cpus, quota));
}

}  // namespace geventd::config
