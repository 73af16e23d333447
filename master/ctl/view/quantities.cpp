// SPDX-License-Identifier: MIT
#include "master/ctl/view/quantities.h"

#include <array>

#include <fmt/core.h>

namespace geventd::ctl {

std::string format_age(double seconds) {
    const auto whole = seconds > 0 ? static_cast<std::uint64_t>(seconds) : 0;
    if (whole < 60) {
        return fmt::format("{}s", whole);
    }
    if (whole < 3600) {
        return fmt::format("{}m{:02}s", whole / 60, whole % 60);
    }
    if (whole < 86400) {
        return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
    }
    return fmt::format("{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

std::string format_duration(double seconds) {
    if (seconds < 0.001) {
        return fmt::format("{:.0f}us", seconds * 1e6);
    }
    if (seconds < 1) {
        return fmt::format("{:.{}f}ms", seconds * 1e3, seconds < 0.01 ? 1 : 0);
    }
    return seconds < 60 ? fmt::format("{:.1f}s", seconds) : format_age(seconds);
}

std::string format_short_age(std::optional<double> seconds) {
    if (!seconds) {
        return "-";
    }
    return *seconds < 10 ? fmt::format("{:.1f}s", *seconds) : format_age(*seconds);
}

std::string format_rate(std::optional<double> per_second) {
    if (!per_second) {
        return "-";
    }
    return fmt::format("{:.{}f}", *per_second, *per_second > 0 && *per_second < 10 ? 1 : 0);
}

std::string format_bytes(std::uint64_t bytes) {
    constexpr std::array kUnits{'K', 'M', 'G', 'T', 'P'};
    if (bytes < 1024) {
        return fmt::format("{}B", bytes);
    }
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < kUnits.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f}{}", value, kUnits[unit]);
}

}  // namespace geventd::ctl
