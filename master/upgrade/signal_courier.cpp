// SPDX-License-Identifier: MIT
#include "master/upgrade/signal_courier.h"

#include "master/upgrade/signal_mail.h"

namespace geventd::master {

void SignalCourier::carry(UpgradeLine& line) {
    clean_ = false;
    bool found = false;
    while (on_their_way_.size() < kWindow) {
        const auto signal = source_.next();
        if (!signal) {
            clean_ = !found;
            return;
        }
        found = true;
        const std::uint64_t id = ++last_id_;
        if (line.send(format_signal(id, *signal)) != UpgradeLine::Sent::Yes) {
            return source_.put_back(*signal);
        }
        on_their_way_[id] = *signal;
    }
}

void SignalCourier::on_reply(const UpgradeMessage& message) {
    const auto found = on_their_way_.find(static_cast<std::uint64_t>(message.number("id")));
    if (found == on_their_way_.end()) {
        return;
    }
    if (message.type == "accepted") {
        source_.done(found->second);
        ++carried_;
    } else {
        source_.put_back(found->second);
    }
    on_their_way_.erase(found);
}

void SignalCourier::put_all_back() {
    for (const auto& [id, signal] : on_their_way_) {
        source_.put_back(signal);
    }
    on_their_way_.clear();
}

}  // namespace geventd::master
