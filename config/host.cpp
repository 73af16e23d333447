// SPDX-License-Identifier: MIT
#include "config/host.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "config/control_groups.h"

namespace geventd::config {

namespace {

int affinity_cpus() {
    // Fails if there are more CPUs than a cpu_set_t holds; then the number online is used.
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
    return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
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
    const int quota = ControlGroups().cpus();
    const int cpus = affinity_cpus();
    return std::max(1, quota == 0 ? cpus : std::min(cpus, quota));
}

std::uint64_t usable_memory() {
    const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const std::uint64_t all = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t limit = ControlGroups().memory();
    return limit == 0 ? all : std::min(all, limit);
}

}  // namespace geventd::config
