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
/// over to the next. Upgrade has the states of the latter and the line to the new master; what goes
/// from one to the other is in inventory() and give_away(), and nowhere else.
/// Lives in: master, one. An upgrade that fails is logged and changes nothing.
class Upgrades final : public Turns::Kind, private Upgrade::Owner {
  public:
    /// `succession`: how another master has started this one; nullptr when none has.
    Upgrades(const Parts& parts, Program program, Succession* succession, Turns& turns,
             Reloads& reloads, Server& server);
    Upgrades(const Upgrades&) = delete;
    Upgrades& operator=(const Upgrades&) = delete;
    ~Upgrades() = default;

    /// Upgrades as soon as it is an upgrade's turn. `done` is called when the new master leads or
    /// never will. Refused when there can be no upgrade, or one is asked for already.
    void ask(Replacement::Done done);

    /// The part of this master in the upgrade that has started it; nullptr when nobody has.
    [[nodiscard]] Takeover* takeover() { return takeover_ ? &*takeover_ : nullptr; }

    /// This master is the server's one: no other leads, or not yet.
    [[nodiscard]] bool leads() const;

    /// Another master leads.
    [[nodiscard]] bool has_left() const { return upgrade_.has_left(); }

    /// Its workers are gone: whether the process may go too.
    [[nodiscard]] bool may_go();

    /// True when the exit was of the new master.
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
