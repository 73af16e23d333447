// SPDX-License-Identifier: MIT
#include "master/ctl/client/running.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "config/control_place.h"
#include "master/ctl/client/control_client.h"
#include "master/ctl/view/document.h"

namespace geventd::ctl {

namespace {

constexpr auto kPatience = std::chrono::seconds(2);

/// The names of all listening unix sockets, as the kernel lists them: "@" begins an abstract one.
std::vector<std::string> listening_sockets() {
    constexpr std::string_view kListens = "00010000";
    std::vector<std::string> names;
    std::ifstream table("/proc/net/unix");
    for (std::string line; std::getline(table, line);) {
        std::istringstream fields(line);
        std::string number, users, protocol, flags, type, state, inode, name;
        fields >> number >> users >> protocol >> flags >> type >> state >> inode;
        if (flags == kListens && std::getline(fields >> std::ws, name)) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace

std::optional<std::string> config_of(const std::string& place) {
    const auto answer = ask(place, {"status", {}}, kPatience);
    const auto status = answer ? Document::parse(*answer) : tl::unexpected(answer.error());
    if (!status) {
        return std::nullopt;
    }
    const std::filesystem::path file = (*status)["config"].raw_text();
    if (file.empty() || file.is_absolute()) {
        return file.string();
    }
    std::error_code unknown;
    const std::filesystem::path folder =
        std::filesystem::read_symlink("/proc/" + (*status)["pid"].text() + "/cwd", unknown);
    return unknown ? std::nullopt : std::optional((folder / file).lexically_normal().string());
}

std::vector<std::string> running_servers() {
    std::vector<std::string> options;
    for (const std::string& place : listening_sockets()) {
        if (config::is_default_control(place)) {
            const std::string file = config_of(place).value_or("");
            options.push_back(file.empty() || file == "-" ? "--socket " + place : "-c " + file);
        }
    }
    std::sort(options.begin(), options.end());
    options.erase(std::unique(options.begin(), options.end()), options.end());
    return options;
}

}  // namespace geventd::ctl
