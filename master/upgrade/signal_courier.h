// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "master/upgrade/message.h"
#include "shm/signal_migration.h"

namespace geventd::master {

/// Carries the pending signals of a master that drains to its successor, whose word it awaits for
/// each before it lets it go: one that was refused, or on its way when the successor died, waits in
/// the old table again.
/// Lives in: master, once it has handed over.
class SignalCourier {
  public:
    explicit SignalCourier(const shm::SignalTable& table) : source_(table) {}

    /// Sends what is unclaimed now, as far as the line and the number on their way allow.
    void carry(UpgradeLine& line);

    /// Takes "accepted" and "refused".
    void on_reply(const UpgradeMessage& message);

    /// The line is gone.
    void put_all_back();

    /// The last carry() found nothing, and nothing is on its way.
    [[nodiscard]] bool is_idle() const { return clean_ && on_their_way_.empty(); }

    [[nodiscard]] std::uint64_t carried() const { return carried_; }

  private:
    static constexpr std::size_t kWindow = 64;

    shm::SignalExport source_;
    std::map<std::uint64_t, shm::SignalClaim> on_their_way_;
    std::uint64_t last_id_ = 0;
    std::uint64_t carried_ = 0;
    bool clean_ = false;
};

}  // namespace geventd::master
