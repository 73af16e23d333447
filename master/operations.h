// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "master/control/controls.h"
#include "master/log_file.h"
#include "master/replace/parts.h"
#include "master/replace/reloads.h"
#include "master/replace/turns.h"
#include "master/replace/upgrades.h"

namespace geventd::master {

/// The operations of the server: what operators request by geventctl or Unix signals.
/// Lives in: master, one.
class Operations final : public Controls {
  public:
    Operations(const Parts& parts, LogFile& log_file, Turns& turns, Reloads& reloads,
               Upgrades& upgrades, Server& server)
        : parts_(parts),
          log_file_(log_file),
          turns_(turns),
          reloads_(reloads),
          upgrades_(upgrades),
          server_(server) {}

    void reload(ReloadDone done) override { reloads_.ask(std::move(done)); }

    void upgrade(ReloadDone done) override { upgrades_.ask(std::move(done)); }

    void stop() override { server_.stop(); }

    void reopen_logs() override { log_file_.reopen(); }

    Result<void> pause(bool on) override;
    Result<void> set_workers(int count) override;

    /// Like set_workers(), relative to the present number; logs a failure.
    void change_workers(int difference);

    Result<void> send_signal(int number, const std::string& payload) override;

  private:
    const Parts& parts_;
    LogFile& log_file_;
    Turns& turns_;
    Reloads& reloads_;
    Upgrades& upgrades_;
    Server& server_;
};

}  // namespace geventd::master
