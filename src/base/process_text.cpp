// SPDX-License-Identifier: MIT
#include "base/process_text.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fmt/core.h>

namespace geventd {

namespace {

constexpr std::size_t kMostCommand = 300;

/// The arguments with spaces between them; "" if they cannot be read.
std::string command_of(const std::string& folder) {
    std::ifstream file(folder + "/cmdline", std::ios::binary);
    std::string command{std::istreambuf_iterator<char>(file), {}};
    while (!command.empty() && command.back() == '\0') {
        command.pop_back();
    }
    std::replace(command.begin(), command.end(), '\0', ' ');
    return command.size() <= kMostCommand ? command : command.substr(0, kMostCommand) + "...";
}

}  // namespace

std::string process_text(pid_t pid) {
    const std::string folder = fmt::format("/proc/{}", pid);
    const std::string command = command_of(folder);
    if (command.empty()) {
        return fmt::format("process {}", pid);
    }
    std::error_code unknown;
    const std::string where = std::filesystem::read_symlink(folder + "/cwd", unknown).string();
    return fmt::format("process {} ({}{}{})", pid, command, where.empty() ? "" : ", in ", where);
}

}  // namespace geventd
