// SPDX-License-Identifier: MIT
#include "worker/python/process/preload.h"

#include <exception>

#include "log/logger.h"
#include "worker/python/process/to_master.h"

namespace geventd::py {

// The peers of the connections, for the log.
std::string Preload::left_open() const {
    std::string text;
    try {
        for (const std::string& peer : fresh_.peers()) {
            text += (text.empty() ? "" : ", ") + peer;
        }
    } catch (const std::exception& error) {
        log::warning("whether the application has left connections open cannot be seen: {}",
                     error.what());
    }
    return text;
}

bool Preload::can_be_forked(const config::App& app, ipc::Channel& channel) const {
    const std::string peers = left_open();
    if (!peers.empty()) {
        tell(channel, ipc::MessageType::Connected, peers);
    }
    return app.preload == config::Preload::Always ||
           (app.preload == config::Preload::Auto && peers.empty());
}

}  // namespace geventd::py
