// SPDX-License-Identifier: MIT
#pragma once

#include "master/replace/parts.h"
#include "master/replace/reloads.h"
#include "master/upgrade/succession.h"

namespace geventd::master {

/// What a master does that another one has started to succeed it: it loads the application beside
/// the running server, takes over what only one master can have, and leads. Succession has the
/// states of that and the line to the former master.
/// Lives in: master, when it was started by another.
class Takeover final : private Succession::Owner {
  public:
    /// `succession` outlives this object. `upgrade`: the record of the upgrade that this is.
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

    /// Goes on from what the former master has told, and listens to it. Opens a control socket if
    /// the former one's is of another path. Throws std::exception.
    void begin();

    /// Tells the former master that the first generation takes long to load, if that is so.
    void tell_slow();

    /// Tells the former master that the first generation could serve, if that is so.
    void tell_ready();

    /// Tells the former master that this one will not lead.
    void fail(const std::string& why) noexcept { succession_.failed(why); }

    /// This master leads.
    [[nodiscard]] bool leads() const { return leads_; }

    /// The former master, while it drains; 0: it has left.
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
