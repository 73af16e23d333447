// SPDX-License-Identifier: MIT
#include "shm/signal_arena.h"

#include <algorithm>

namespace geventd::shm {

namespace {

constexpr std::uint32_t kUnit = 64;

constexpr std::uint32_t units_of(std::uint32_t bytes) {
    return bytes / kUnit + (bytes % kUnit != 0 ? 1 : 0);
}

}  // namespace

SignalArena::SignalArena(std::uint32_t bytes) : map_(bytes / kUnit) {}

std::optional<std::uint32_t> SignalArena::take(std::uint32_t bytes) {
    const std::uint32_t units = units_of(bytes);
    const auto size = static_cast<std::uint32_t>(map_.size());
    if (units > size - taken_) {
        return std::nullopt;
    }
    std::optional<std::uint32_t> start = find(next_, size, units);
    if (!start) {
        start = find(0, std::min(next_ + units, size), units);
    }
    if (!start) {
        return std::nullopt;
    }
    next_ = *start + units;
    hold(*start * kUnit, bytes);
    return *start * kUnit;
}

std::optional<std::uint32_t> SignalArena::find(std::uint32_t from, std::uint32_t to,
                                               std::uint32_t units) const {
    std::uint32_t run = 0;
    for (std::uint32_t unit = from; unit < to; ++unit) {
        run = map_[unit] ? 0 : run + 1;
        if (run == units) {
            return unit + 1 - units;
        }
    }
    return std::nullopt;
}

void SignalArena::hold(std::uint32_t offset, std::uint32_t bytes) {
    mark(offset, bytes, true);
}

void SignalArena::give(std::uint32_t offset, std::uint32_t bytes) {
    mark(offset, bytes, false);
}

void SignalArena::mark(std::uint32_t offset, std::uint32_t bytes, bool taken) {
    const auto size = static_cast<std::uint32_t>(map_.size());
    const std::uint32_t begin = std::min(offset / kUnit, size);
    const std::uint32_t end = begin + std::min(units_of(bytes), size - begin);
    for (std::uint32_t unit = begin; unit < end; ++unit) {
        if (map_[unit] != taken) {
            map_[unit] = taken;
            taken ? ++taken_ : --taken_;
        }
    }
}

}  // namespace geventd::shm
