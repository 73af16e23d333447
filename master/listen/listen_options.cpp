// SPDX-License-Identifier: MIT
#include "master/listen/listen_options.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <stdexcept>

#include <fmt/core.h>

namespace geventd::master {

namespace {

// Those who run the server and the web server's group may connect.
constexpr mode_t kDefaultMode = 0660;

template <typename T>
T known(const Result<T>& found, std::string_view key) {
    if (!found) {
        throw std::runtime_error(fmt::format("{}: {}", key, found.error().message));
    }
    return *found;
}

/// A socket of which nothing is said belongs to the tenant.
net::UnixAccess access_of(const config::Listen& listen, const Identity& tenant) {
    if (listen.mode.empty() && listen.owner.empty()) {
        return {kDefaultMode, tenant.user, tenant.group};
    }
    net::UnixAccess access;
    if (!listen.mode.empty()) {
        constexpr int kOctal = 8;
        access.mode = static_cast<mode_t>(std::stoul(listen.mode, nullptr, kOctal));
    }
    const std::size_t colon = listen.owner.find(':');
    if (const std::string user = listen.owner.substr(0, colon); !user.empty()) {
        access.user = known(find_user(user), "listen.owner");
    }
    if (colon != std::string::npos && colon + 1 < listen.owner.size()) {
        access.group = known(find_group(listen.owner.substr(colon + 1)), "listen.owner");
    }
    return access;
}

/// A socket for IPv4 and IPv6 would take the IPv4 address of another one.
bool is_ipv6_only(const config::Listen& listen, const std::vector<config::Listen>& all) {
    return listen.ipv6_only ||
           std::any_of(all.begin(), all.end(), [&](const config::Listen& other) {
               return other.address.family == net::Family::Inet &&
                      other.address.port == listen.address.port && other.address.port != 0;
           });
}

}  // namespace

std::vector<net::Wanted> wanted_sockets(const config::Settings& settings, const Identity& tenant) {
    std::vector<net::Wanted> wanted;
    for (const config::Listen& listen : settings.listen) {
        wanted.push_back({listen.address,
                          {.backlog = listen.backlog,
                           .access = access_of(listen, tenant),
                           .ipv6_only = is_ipv6_only(listen, settings.listen)}});
    }
    return wanted;
}

std::string access_text(const std::string& path) {
    struct stat found {};

    if (::stat(path.c_str(), &found) != 0) {
        return "";
    }
    const passwd* user = ::getpwuid(found.st_uid);
    const std::string owner = user == nullptr ? std::to_string(found.st_uid) : user->pw_name;
    const ::group* group = ::getgrgid(found.st_gid);
    return fmt::format("{}:{} {:04o}", owner,
                       group == nullptr ? std::to_string(found.st_gid) : group->gr_name,
                       found.st_mode & 07777U);
}

}  // namespace geventd::master
