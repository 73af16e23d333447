// SPDX-License-Identifier: MIT
#include "config/checks_sockets.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "config/control_place.h"

namespace geventd::config {

namespace {

/// Each is a descriptor in every process, and every reload compares all pairs of them.
constexpr std::size_t kMostListeners = 1000;

/// A socket that the configuration asks for.
struct Asked {
    std::string key;
    net::Address address;
    std::string text;   ///< the address as messages show it
    std::string entry;  ///< how they name it for others
};

bool has_port(const net::Address& address) {
    return address.family == net::Family::Inet || address.family == net::Family::Inet6;
}

bool is_wildcard(const net::Address& address) {
    return address.host.empty() || address.host == "0.0.0.0" || address.host == "::";
}

/// Whether the kernel refuses to bind both, whatever the protocols.
bool collide(const net::Address& a, const net::Address& b) {
    if (!has_port(a) || !has_port(b)) {
        return a.family == b.family && a.path == b.path;
    }
    if (a.port != b.port || a.port == 0) {
        return false;
    }
    if (a.host.empty() || b.host.empty()) {
        return true;
    }
    return a.family == b.family && (a.host == b.host || is_wildcard(a) || is_wildcard(b));
}

void report(const Asked& one, const Asked& other, const Mark& start, const Reading& reading) {
    reading.diagnostics.report(
        reading.place_of(one.key, start), one.key,
        fmt::format("{} takes the same socket as {}, {}; expected a port or path of its own",
                    one.text, other.entry, other.text));
}

std::string bare(const net::Address& address) {
    const std::string url = net::format_address(address);
    return url.substr(url.find(':') + (has_port(address) ? 3 : 1));
}

std::vector<Asked> asked_by_listen(const Settings& settings) {
    std::vector<Asked> asked;
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        const net::Address& address = settings.listen[i].address;
        asked.push_back({fmt::format("listen[{}].address", i), address,
                         net::format_address(address), fmt::format("listen[{}]", i)});
    }
    return asked;
}

std::vector<Asked> asked_by_the_master(const Settings& settings, const Reading& reading) {
    const Metrics& metrics = settings.metrics;
    std::vector<Asked> asked;
    if (metrics.listen) {
        asked.push_back({"metrics.listen", *metrics.listen, net::format_address(*metrics.listen),
                         "metrics.listen"});
    }
    for (const auto& [key, address] : {std::pair("metrics.uwsgi-stats", &metrics.uwsgi_stats),
                                       std::pair("metrics.agent", &metrics.agent)}) {
        if (*address) {
            asked.push_back({key, **address, bare(**address), key});
        }
    }
    const std::string& control = settings.control;
    if (!control.empty() && !is_off(control)) {
        net::Address address;
        address.family = is_abstract(control) ? net::Family::Abstract : net::Family::Unix;
        address.path = control.substr(is_abstract(control) ? 1 : 0);
        asked.push_back({"control", address, control, "control"});
    }
    std::erase_if(asked, [&](const Asked& one) { return reading.diagnostics.concerns(one.key); });
    return asked;
}

/// A socket for [::] serves IPv4 too, and so takes the port of those addresses, unless it leaves
/// them to another one of `listen`.
net::Address taken_by(const Listen& listen, const std::vector<Listen>& all) {
    net::Address address = listen.address;
    const bool leaves =
        listen.ipv6_only || std::any_of(all.begin(), all.end(), [&](auto& other) {
            return other.address.family == net::Family::Inet && other.address.port == address.port;
        });
    if (address.host == "::" && !leaves) {
        address.host.clear();
    }
    return address;
}

}  // namespace

void check_sockets(const Settings& settings, const Mark& start, const Reading& reading) {
    if (reading.diagnostics.concerns("listen")) {
        return;
    }
    if (settings.listen.size() > kMostListeners) {
        return reading.diagnostics.report(reading.place_of("listen", start), "listen",
                                          fmt::format("has {} entries, expected {} at most",
                                                      settings.listen.size(), kMostListeners));
    }
    std::vector<Asked> taken;
    const auto take = [&](const Asked& one) {
        const auto other = std::find_if(taken.begin(), taken.end(), [&](const Asked& before) {
            return collide(one.address, before.address);
        });
        if (other != taken.end()) {
            report(one, *other, start, reading);
        }
        taken.push_back(one);
    };
    for (const Asked& one : asked_by_listen(settings)) {
        take(one);
    }
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
        taken[i].address = taken_by(settings.listen[i], settings.listen);
    }
    for (const Asked& one : asked_by_the_master(settings, reading)) {
        take(one);
    }
}

}  // namespace geventd::config
