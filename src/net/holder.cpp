// SPDX-License-Identifier: MIT
#include "net/holder.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/place.h"

namespace geventd::net {

namespace {

constexpr auto kPatience = std::chrono::milliseconds(100);

/// A line of /proc/net/tcp or tcp6.
struct Socket {
    std::string host;
    std::string port;
    std::string state;
    uid_t user = 0;
    ino_t inode = 0;
};

constexpr std::string_view kListens = "0A";

/// The host as in /proc/net/tcp and tcp6: words of the address in the machine's byte order.
std::string host_in_proc(const Address& address) {
    std::array<std::uint32_t, 4> words{};
    const int family = address.family == Family::Inet6 ? AF_INET6 : AF_INET;
    ::inet_pton(family, address.host.c_str(), words.data());  // the wildcard is all zeros
    std::string text;
    for (std::size_t i = 0; i < (family == AF_INET6 ? 4 : 1); ++i) {
        text += fmt::format("{:08X}", words.at(i));
    }
    return text;
}

bool is_wildcard(std::string_view host) {
    return host.find_first_not_of('0') == std::string_view::npos;
}

Socket read_socket(const std::string& line) {
    std::istringstream fields(line);
    std::string ignored;
    std::string local;
    Socket socket;
    fields >> ignored >> local >> ignored >> socket.state;
    fields >> ignored >> ignored >> ignored >> socket.user >> ignored >> socket.inode;
    const auto colon = local.find(':');
    socket.host = local.substr(0, colon);
    socket.port = colon == std::string::npos ? "" : local.substr(colon + 1);
    return socket;
}

std::optional<Socket> find_socket(const Address& address) {
    const std::string host = host_in_proc(address);
    const std::string port = fmt::format("{:04X}", address.port);
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream file(table);
        std::string line;
        std::getline(file, line);  // the heads of the columns
        while (std::getline(file, line)) {
            Socket socket = read_socket(line);
            if (socket.state != kListens) {
                break;  // connections come after all listeners, and there may be very many
            }
            if (socket.port == port &&
                (socket.host == host || is_wildcard(socket.host) || is_wildcard(host))) {
                return socket;
            }
        }
    }
    return std::nullopt;
}

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    const auto close = [](DIR* open) { ::closedir(open); };
    const std::unique_ptr<DIR, decltype(close)> open(::opendir(folder.c_str()), close);
    while (const dirent* entry = open ? ::readdir(open.get()) : nullptr) {
        names.emplace_back(entry->d_name);
    }
    return names;
}

std::optional<pid_t> pid_of(const std::string& name) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    return error == std::errc{} && end == name.data() + name.size() ? std::optional(pid)
                                                                    : std::nullopt;
}

/// Reads the links of /proc only: to look at a file behind one could take long.
bool holds(pid_t pid, ino_t inode) {
    const std::string folder = fmt::format("/proc/{}/fd/", pid);
    const std::string wanted = fmt::format("socket:[{}]", inode);
    const std::vector<std::string> names = names_in(folder);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        std::array<char, 64> target;
        const ssize_t size = ::readlink((folder + name).c_str(), target.data(), target.size());
        return size > 0 &&
               std::string_view(target.data(), static_cast<std::size_t>(size)) == wanted;
    });
}

/// 0: not known.
pid_t parent_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/status", pid));
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with("PPid:")) {
            return pid_of(line.substr(line.find_first_of("0123456789"))).value_or(0);
        }
    }
    return 0;
}

/// A server's own process, when one of its children was found: whoever ends the child has won
/// nothing.
pid_t oldest_holder(pid_t pid, ino_t inode) {
    for (pid_t parent = parent_of(pid); parent > 0 && holds(parent, inode);
         parent = parent_of(pid)) {
        pid = parent;
    }
    return pid;
}

/// Of several that hold it the one whose parent does not.
std::optional<pid_t> find_process(ino_t inode) {
    const TimePoint end = Clock::now() + kPatience;
    std::vector<pid_t> pids;
    for (const std::string& name : names_in("/proc")) {
        if (const auto pid = pid_of(name)) {
            pids.push_back(*pid);
        }
    }
    std::sort(pids.begin(), pids.end());
    for (const pid_t pid : pids) {
        if (Clock::now() >= end) {
            break;
        }
        if (holds(pid, inode)) {
            return oldest_holder(pid, inode);
        }
    }
    return std::nullopt;
}

}  // namespace

std::string holder_of(const Address& address) {
    if (address.family != Family::Inet && address.family != Family::Inet6) {
        return "";
    }
    const auto socket = find_socket(address);
    if (!socket) {
        return "";
    }
    const auto pid = find_process(socket->inode);
    return pid ? program_text(*pid) : "a process of " + user_text(socket->user);
}

std::string program_text(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/comm", pid));
    std::string name;
    std::getline(file, name);
    return name.empty() ? fmt::format("pid {}", pid) : fmt::format("{} (pid {})", name, pid);
}

ErrnoError name_holder(const ErrnoError& error, const Address& address) {
    const std::string holder = error.code().value() == EADDRINUSE ? holder_of(address) : "";
    return holder.empty()
               ? error
               : ErrnoError(error.code().value(), fmt::format("listen {}: {} is listening there",
                                                              format_address(address), holder));
}

}  // namespace geventd::net
