// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "master/replace/parts.h"
#include "master/replace/reloads.h"
#include "master/replace/takeover.h"
#include "master/replace/turns.h"
#include "master/upgrade/upgrade.h"

namespace geventd::master {

/// Upgrades: how this master took over from a former one, if it did (Takeover), and how it hands
/// over to the next. Upgrade has the states of the hand-over and the line to the new master;
/// inventory() and give_away() define what is handed over.
/// Lives in: master, one. A failed upgrade is logged and changes nothing.
class Upgrades final : public Turns::Kind, private Upgrade::Owner {
  public:
    /// `succession`: set when another master has started this one, else nullptr.
    Upgrades(const Parts& parts, Program program, Succession* succession, Turns& turns,
             Reloads& reloads, Server& server);
    Upgrades(const Upgrades&) = delete;
    Upgrades& operator=(const Upgrades&) = delete;
    ~Upgrades() = default;

    /// Warns if root executes what others may change.
    void warn_of_strangers() const;

    /// Upgrades when it is an upgrade's turn. `done` is called when the new master leads or has
    /// failed. Refused when no upgrade is possible, or one is asked for already.
    void ask(Replacement::Done done);

    /// This master's side of the upgrade that has started it; nullptr when none has.
    [[nodiscard]] Takeover* takeover() { return takeover_ ? &*takeover_ : nullptr; }

    /// True when this master is in charge: no other has taken over, and it does not wait to take
    /// over itself.
    [[nodiscard]] bool leads() const;

    /// True when another master has taken over.
    [[nodiscard]] bool has_left() const { return upgrade_.has_left(); }

    /// With all workers gone: whether the process may exit, too.
    [[nodiscard]] bool may_go();

    /// True when the exited process was the new master.
    bool on_exit(const ChildExit& exit) { return upgrade_.on_exit(exit); }

    void check_deadline() { upgrade_.check_deadline(); }

    [[nodiscard]] TimePoint next_deadline() const { return upgrade_.next_deadline(); }

    [[nodiscard]] UpgradeStatus status() const;

    [[nodiscard]] const Turns::Words& words() const override;

    Replacement& record() override { return record_; }

    [[nodiscard]] bool is_busy() const override { return upgrade_.is_busy(); }

    [[nodiscard]] bool is_slow() const override { return upgrade_.is_slow(); }

    bool is_sound() override { return true; }

    void begin() override;

    void give_up(const std::string& why) override { upgrade_.abort(why); }

  private:
    [[nodiscard]] std::string refusal() const;
    [[nodiscard]] std::string danger() const;

    UpgradeMessage inventory() override;
    UpgradeMessage give_away() override;
    void take_back() noexcept override;
    void announce(pid_t successor) noexcept override;
    void leave() noexcept override;
    void on_upgrade_failed(const std::string& reason) noexcept override;

    void on_upgrade() noexcept override { server_.settle(); }

    const Parts& parts_;
    Turns& turns_;
    Reloads& reloads_;
    Server& server_;
    Upgrade upgrade_;
    Replacement record_;
    std::optional<Takeover> takeover_;
};

}  // namespace geventd::master
