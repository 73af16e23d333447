// SPDX-License-Identifier: MIT
#include "master/listen/listen_options.h"

#include <stdexcept>
#include <string>

#include "master/host/privileges.h"

namespace geventd::master {

namespace {

template <typename T>
T known(const Result<T>& found) {
    if (!found) {
        throw std::runtime_error("listen.owner: " + found.error().message);
    }
    return *found;
}

net::UnixAccess access_of(const config::Listen& listen) {
    net::UnixAccess access;
    if (!listen.mode.empty()) {
        constexpr int kOctal = 8;
        access.mode = static_cast<mode_t>(std::stoul(listen.mode, nullptr, kOctal));
    }
    const std::size_t colon = listen.owner.find(':');
    if (const std::string user = listen.owner.substr(0, colon); !user.empty()) {
        access.user = known(find_user(user));
    }
    if (colon != std::string::npos && colon + 1 < listen.owner.size()) {
        access.group = known(find_group(listen.owner.substr(colon + 1)));
    }
    return access;
}

}  // namespace

std::vector<net::Wanted> wanted_sockets(const config::Settings& settings) {
    std::vector<net::Wanted> wanted;
    for (const config::Listen& listen : settings.listen) {
        wanted.push_back({listen.address, {listen.backlog, access_of(listen)}});
    }
    return wanted;
}

}  // namespace geventd::master
