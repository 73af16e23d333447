// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

#include "master/host/privileges.h"
#include "master/process/processes.h"

namespace geventd::master {

/// Starts a program as the configured user. A child inherits this and nothing else: /dev/null
/// as standard input, the log as output and error, its channel as descriptor 3, the log again as 4
/// if that can be made non-blocking, no blocked or ignored Unix signals, a process group of its
/// own (Ctrl-C at a terminal reaches only the master), the environment and what the command adds to
/// it, without what systemd says to the master. All other descriptors of the master are CLOEXEC.
/// Lives in: master.
class Spawner final : public Processes {
  public:
    explicit Spawner(Identity identity = {}) : identity_(std::move(identity)) {}

    Spawned spawn(const Command& command) override;
    void kill(pid_t pid) noexcept override;
    void ask_for_stack(pid_t pid, ipc::StackOf which) noexcept override;
    [[nodiscard]] char state(pid_t pid) const noexcept override;
    [[nodiscard]] std::uint64_t resident_bytes(pid_t pid) const noexcept override;
    [[nodiscard]] TimePoint now() const override;

  private:
    Identity identity_;
};

}  // namespace geventd::master
