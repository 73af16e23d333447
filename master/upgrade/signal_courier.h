// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "master/upgrade/message.h"
#include "shm/signal_migration.h"

namespace geventd::master {

/// Sends the pending signals of a draining master to its successor. A signal is released only when
/// the successor has accepted it: one that is refused, or unanswered when the successor dies,
/// becomes pending in the old table again.
/// Lives in: master, once it has handed over.
class SignalCourier {
  public:
    explicit SignalCourier(const shm::SignalTable& table) : source_(table) {}

    /// Sends the unclaimed signals, as far as the line and the limit on unanswered ones allow.
    void carry(UpgradeLine& line);

    /// Handles "accepted" and "refused".
    void on_reply(const UpgradeMessage& message);

    /// The line is gone.
    void put_all_back();

    /// True when the last carry() found nothing and nothing is unanswered.
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
