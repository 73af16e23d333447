// SPDX-License-Identifier: MIT
#include "config/control_groups.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include "config/host.h"

namespace geventd::config {

namespace {

/// The name by which version 2, which has one hierarchy for all controllers, is asked for.
constexpr std::string_view kUnified;

/// Whether a list such as "cpu,cpuacct" holds the word.
bool holds(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::string_view each = list.substr(0, list.find(','));
        if (each == word) {
            return true;
        }
        list.remove_prefix(std::min(each.size() + 1, list.size()));
    }
    return false;
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    return {std::istream_iterator<std::string>(stream), {}};
}

/// The part of the group's path that lies below the top of the mount.
std::string below(const std::string& group, const std::string& top) {
    if (group.starts_with("/..")) {
        return "";  // outside of what this process' namespace shows
    }
    if (top == "/") {
        return group;
    }
    const bool inside = group == top || group.starts_with(top + "/");
    return inside ? group.substr(top.size()) : "";
}

/// 0: the file grants anything.
std::uint64_t bytes_of_limit(const std::string& text) {
    std::uint64_t bytes = 0;
    const auto fault = std::from_chars(text.data(), text.data() + text.size(), bytes).ec;
    return fault == std::errc{} ? bytes : 0;
}

template <typename Number>
void lower(Number& least, Number value) {
    if (value != 0 && (least == 0 || value < least)) {
        least = value;
    }
}

}  // namespace

ControlGroups::ControlGroups(std::string root) : root_(std::move(root)) {}

std::string ControlGroups::first_line(const std::string& path) const {
    std::ifstream file(root_ + path);
    std::string line;
    std::getline(file, line);
    return line;
}

// Lines such as "4:cpu,cpuacct:/docker/abc"; that of version 2 is "0::/docker/abc".
std::string ControlGroups::group_of(std::string_view controller) const {
    std::ifstream file(root_ + "/proc/self/cgroup");
    std::string line;
    while (std::getline(file, line)) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) {
            continue;
        }
        const std::string_view list = std::string_view(line).substr(first + 1, second - first - 1);
        if (controller == kUnified ? list.empty() : holds(list, controller)) {
            return line.substr(second + 1);
        }
    }
    return "";
}

// Lines such as "30 25 0:26 /docker/abc /sys/fs/cgroup/cpu ro shared:9 - cgroup cgroup rw,cpu".
std::vector<ControlGroups::Mount> ControlGroups::mounts_of(std::string_view controller) const {
    std::ifstream file(root_ + "/proc/self/mountinfo");
    std::vector<Mount> mounts;
    std::string line;
    while (std::getline(file, line)) {
        const std::vector<std::string> words = words_of(line);
        const auto dash = std::find(words.begin(), words.end(), "-");
        if (dash - words.begin() < 5 || words.end() - dash < 4) {
            continue;
        }
        const bool fits = controller == kUnified
                              ? dash[1] == "cgroup2"
                              : dash[1] == "cgroup" && holds(dash[3], controller);
        if (fits) {
            mounts.push_back({words[3], words[4]});
        }
    }
    return mounts;
}

template <typename Action>
void ControlGroups::for_each_folder(std::string_view controller, Action action) const {
    const std::string group = group_of(controller);
    for (const Mount& mount : mounts_of(controller)) {
        std::string path = below(group, mount.top);
        while (!path.empty()) {
            action(mount.point + path);
            path.resize(path.find_last_of('/'));
        }
        action(mount.point);
    }
}

int ControlGroups::cpus() const {
    int least = 0;
    for_each_folder(kUnified, [&](const std::string& folder) {
        lower(least, cpus_of_quota(first_line(folder + "/cpu.max")));
    });
    for_each_folder("cpu", [&](const std::string& folder) {
        lower(least, cpus_of_quota(first_line(folder + "/cpu.cfs_quota_us") + ' ' +
                                   first_line(folder + "/cpu.cfs_period_us")));
    });
    return least;
}

std::uint64_t ControlGroups::memory() const {
    std::uint64_t least = 0;
    for_each_folder(kUnified, [&](const std::string& folder) {
        lower(least, bytes_of_limit(first_line(folder + "/memory.max")));
    });
    for_each_folder("memory", [&](const std::string& folder) {
        lower(least, bytes_of_limit(first_line(folder + "/memory.limit_in_bytes")));
    });
    return least;
}

}  // namespace geventd::config
