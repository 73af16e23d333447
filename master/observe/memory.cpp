// SPDX-License-Identifier: MIT
#include "master/observe/memory.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include <fmt/core.h>

namespace geventd::master {

namespace {

std::optional<std::uint64_t> read_pss(pid_t pid) {
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
    std::string word;
    while (rollup >> word) {
        std::uint64_t kilobytes = 0;
        if (word == "Pss:" && rollup >> kilobytes) {
            return kilobytes << 10;
        }
    }
    return std::nullopt;
}

}  // namespace

Memory read_memory(pid_t pid) {
    std::ifstream statm(fmt::format("/proc/{}/statm", pid));
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    if (!(statm >> size >> resident)) {
        return {};
    }
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return {size * page, resident * page, std::nullopt};
}

std::optional<std::uint64_t> MemoryGauge::pss(pid_t pid, TimePoint end) {
    Known& known = known_[pid];
    known.wanted = true;
    const TimePoint now = Clock::now();
    if (now < end && (known.at == TimePoint{} || now - known.at >= limits_.fresh)) {
        known = {read_pss(pid), now, true};
    }
    return known.pss;
}

void MemoryGauge::complete(Status& status) {
    for (auto& [pid, known] : known_) {
        known.wanted = false;
    }
    const TimePoint end = Clock::now() + limits_.budget;
    std::optional<std::uint64_t> all = pss(status.pid, end);
    const auto add = [&](pid_t pid) {
        const auto bytes = pid == 0 ? 0 : pss(pid, end);
        all = all && bytes ? std::optional(*all + *bytes) : std::nullopt;
        return bytes;
    };
    for (GenerationStatus& generation : status.generations) {
        add(generation.template_pid);
        add(generation.spare_pid);
        for (WorkerStatus& worker : generation.workers) {
            if (worker.pid != 0) {
                worker.memory = read_memory(worker.pid);
                worker.memory.pss = add(worker.pid);
            }
        }
    }
    status.pss = all;
    std::erase_if(known_, [](const auto& entry) { return !entry.second.wanted; });
}

}  // namespace geventd::master
