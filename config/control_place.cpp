// SPDX-License-Identifier: MIT
#include "config/control_place.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include <fmt/core.h>

#include "net/address.h"

namespace geventd::config {

namespace {

constexpr std::size_t kHashDigits = 8;

/// Where servers of this environment have their control sockets, and how the names there end.
struct Folder {
    std::string path;
    std::string ending;
};

Folder control_folder(const Environment& environment) {
    if (const auto directory = environment("RUNTIME_DIRECTORY"); directory && !directory->empty()) {
        // systemd separates several directories by colons; the first is the service's own
        return {directory->substr(0, directory->find(':')), ".ctl"};
    }
    if (const auto directory = environment("XDG_RUNTIME_DIR"); directory && !directory->empty()) {
        return {*directory, ".ctl"};
    }
    return {"/tmp", fmt::format("-{}.ctl", ::getuid())};
}

/// The name of the file without folder and ending.
std::string stem(const std::string& file) {
    std::string name = file.substr(file.find_last_of('/') + 1);
    if (const auto dot = name.find_last_of('.'); dot != std::string::npos && dot > 0) {
        name.resize(dot);
    }
    return name;
}

/// FNV-1a. All versions of geventd must agree on it.
std::string hash_of(std::string_view text) {
    std::uint32_t hash = 2'166'136'261U;
    for (const char byte : text) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 16'777'619U;
    }
    return fmt::format("{:0{}x}", hash, kHashDigits);
}

std::string identity(const std::string& file, const std::vector<Listen>& listen) {
    if (!file.empty()) {
        std::error_code gone;  // the folder in which the server runs
        const std::filesystem::path absolute = std::filesystem::absolute(file, gone);
        return gone ? file : absolute.lexically_normal().string();
    }
    std::string addresses;
    for (const Listen& each : listen) {
        addresses += net::format_address(each.address) + '\n';
    }
    return addresses;
}

/// The longest beginning of at most `room` bytes that cuts no character of UTF-8.
std::string cut(std::string text, std::size_t room) {
    if (text.size() > room) {
        while (room > 0 && (static_cast<unsigned char>(text[room]) & 0xc0U) == 0x80U) {
            --room;
        }
        text.resize(room);
    }
    return text;
}

/// "geventd-NAME-HASH", with so much of NAME that it fits beside `taken` bytes.
std::string control_name(const std::string& file, const std::string& hash, std::size_t taken) {
    const std::size_t fixed = taken + fmt::format("geventd--{}", hash).size();
    const std::size_t room = fixed < net::kMaxUnixPath ? net::kMaxUnixPath - fixed : 0;
    const std::string name = cut(stem(file), room);
    return fmt::format("geventd-{}{}{}", name, name.empty() ? "" : "-", hash);
}

/// "geventd-HASH" and the ending.
bool is_without_file(std::string_view name, std::string_view ending) {
    constexpr std::string_view kStart = "geventd-";
    if (!name.starts_with(kStart) || !name.ends_with(ending) ||
        name.size() != kStart.size() + kHashDigits + ending.size()) {
        return false;
    }
    return name.substr(kStart.size(), kHashDigits).find_first_not_of("0123456789abcdef") ==
           std::string_view::npos;
}

}  // namespace

ControlDefaults default_control(const std::string& file, const std::vector<Listen>& listen,
                                const Environment& environment) {
    const Folder folder = control_folder(environment);
    const std::string hash = hash_of(identity(file, listen));
    const std::string user = fmt::format("-{}", ::getuid());
    return {
        fmt::format("{}/{}{}", folder.path,
                    control_name(file, hash, folder.path.size() + 1 + folder.ending.size()),
                    folder.ending),
        fmt::format("@{}{}", control_name(file, hash, user.size()), user),
    };
}

std::string former_control_path(const std::string& file, const Environment& environment) {
    const Folder folder = control_folder(environment);
    const std::string name = stem(file);
    return fmt::format("{}/geventd-{}{}", folder.path, name.empty() ? "geventd" : name,
                       folder.ending);
}

std::vector<std::string> controls_without_file(const Environment& environment) {
    const Folder folder = control_folder(environment);
    std::vector<std::string> found;
    std::error_code ignored;
    for (std::filesystem::directory_iterator at(folder.path, ignored), end; at != end;
         at.increment(ignored)) {
        if (is_without_file(at->path().filename().string(), folder.ending)) {
            found.push_back(at->path().string());
        }
    }
    std::sort(found.begin(), found.end());
    found.push_back(former_control_path("", environment));
    return found;
}

// In folders of their own the files end with .ctl, in /tmp and as abstract names with the user.
bool is_default_control(std::string_view place) {
    const std::string_view name = place.substr(place.find_last_of("/@") + 1);
    const bool is_file = place.starts_with('/') && name.ends_with(".ctl");
    return name.starts_with("geventd-") && (is_file || is_abstract(place));
}

}  // namespace geventd::config
