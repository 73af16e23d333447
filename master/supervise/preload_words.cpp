// SPDX-License-Identifier: MIT
#include "master/supervise/preload_words.h"

#include <fmt/core.h>

#include "log/escape.h"

namespace geventd::master {

std::string tell_of_connections(config::Preload preload, const std::string& peers) {
    const std::string held = fmt::format(
        "the application has opened connections while it was loaded and holds them ({})",
        log::escape_controls(peers));
    constexpr auto kAnew =
        "in a function that each worker calls (uwsgi.post_fork_hook, "
        "@uwsgidecorators.postfork)";
    if (preload == config::Preload::Always) {
        return fmt::format(
            "app.preload is true, and {}: all workers share them and may read one another's "
            "answers, unless they are opened anew {}; with preload: auto or preload: false each "
            "worker loads the application, and connects, for itself",
            held, kAnew);
    }
    return fmt::format(
        "{}; workers must not share them, so each worker loads the application for itself. To load "
        "it once for all, write app.preload: true and open them anew {}; to have it as it is, "
        "write app.preload: false",
        held, kAnew);
}

std::string tell_of_loading(config::Preload preload, const std::string& peers) {
    if (preload == config::Preload::Never) {
        return "app.preload is false: each worker loads the application for itself";
    }
    if (!peers.empty()) {
        return tell_of_connections(preload, peers);
    }
    return fmt::format(
        "app.preload is {}: the application is loaded once and the workers are "
        "forked from there",
        preload == config::Preload::Auto ? "auto" : "true");
}

}  // namespace geventd::master
