// SPDX-License-Identifier: MIT
#pragma once

#include "master/replace/parts.h"
#include "master/replace/reloads.h"
#include "master/upgrade/succession.h"

namespace geventd::master {

/// The new master's side of an upgrade: loads the application beside the running server, takes
/// over what only one master can own, and leads. Succession has the states of this and the line to
/// the former master.
/// Lives in: master, when another master has started it.
class Takeover final : private Succession::Owner {
  public:
    /// `succession` outlives this object. `upgrade`: the record of this upgrade.
    Takeover(const Parts& parts, Succession& succession, Replacement& upgrade, Reloads& reloads,
             Server& server)
        : parts_(parts),
          succession_(succession),
          upgrade_(upgrade),
          reloads_(reloads),
          server_(server) {}

    Takeover(const Takeover&) = delete;
    Takeover& operator=(const Takeover&) = delete;

    ~Takeover() { succession_.detach(); }

    /// Applies the former master's inventory and listens to it from now on. Opens a control socket
    /// if the former one has another path. Throws std::exception.
    void begin();

    /// Tells the former master if the first generation is slow to load.
    void tell_slow();

    /// Tells the former master if the first generation could serve.
    void tell_ready();

    /// Tells the former master that this one will not lead.
    void fail(const std::string& why) noexcept { succession_.failed(why); }

    [[nodiscard]] bool leads() const { return leads_; }

    /// The former master's pid while it drains; 0 once it has exited.
    [[nodiscard]] pid_t former() const { return succession_.former(); }

  private:
    void take_over(UpgradeMessage& message) override;
    void lead() noexcept override;
    bool take_signal(const UpgradeMessage& message) noexcept override;
    void on_former_gone(Succession::State state) noexcept override;

    const Parts& parts_;
    Succession& succession_;
    Replacement& upgrade_;
    Reloads& reloads_;
    Server& server_;
    bool leads_ = false;
};

}  // namespace geventd::master
