// SPDX-License-Identifier: MIT
#include "config/memory_share.h"

#include <algorithm>
#include <cstdint>

#include <fmt/core.h>

#include "config/host.h"
#include "config/text/units.h"

namespace geventd::config {

namespace {

std::uint64_t room_for(const Workers& workers) {
    return usable_memory() / workers.memory_share;
}

}  // namespace

void bound_by_memory(Workers& workers) {
    if (workers.memory_share > 0) {
        const auto wanted = static_cast<std::uint64_t>(workers.processes);
        workers.processes =
            static_cast<int>(std::clamp<std::uint64_t>(room_for(workers), 1, wanted));
        workers.cheaper = std::min(workers.cheaper, workers.processes);
    }
}

bool is_bound_by_memory(const Workers& workers) {
    return workers.memory_share > 0 &&
           room_for(workers) <= static_cast<std::uint64_t>(workers.processes);
}

std::string tell_of_memory(const Workers& workers) {
    return fmt::format(
        "the number of workers is {}: {} of memory hold {} times workers.memory-share, {}",
        workers.processes, format_size(usable_memory()), room_for(workers),
        format_size(workers.memory_share));
}

}  // namespace geventd::config
