// SPDX-License-Identifier: MIT
#include "master/process/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/core.h>

namespace geventd::master {

namespace {

constexpr std::array<std::string_view, 3> kMine = {"NOTIFY_SOCKET", "WATCHDOG_PID",
                                                   "WATCHDOG_USEC"};

bool is_mine(std::string_view name) {
    return std::find(kMine.begin(), kMine.end(), name) != kMine.end();
}

}  // namespace

std::vector<std::string> changed_environment(const std::map<std::string, std::string>& given) {
    std::vector<std::string> variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string variable = *entry;
        const std::string name = variable.substr(0, variable.find('='));
        if (!is_mine(name) && !given.contains(name)) {
            variables.push_back(variable);
        }
    }
    for (const auto& [name, value] : given) {
        variables.push_back(fmt::format("{}={}", name, value));
    }
    return variables;
}

}  // namespace geventd::master
