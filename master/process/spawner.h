// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "master/host/privileges.h"
#include "master/process/processes.h"

namespace geventd::master {

/// Starts geventd-worker as the configured user. A child inherits this and nothing else: /dev/null
/// as standard input, the log as output and error, its channel as descriptor 3, the log again as 4
/// if that can be made non-blocking, no blocked or ignored Unix signals, a process group of its
/// own (Ctrl-C at a terminal reaches only the master), the environment. All other descriptors of
/// the master are CLOEXEC.
/// Lives in: master.
class Spawner final : public Processes {
  public:
    explicit Spawner(Identity identity = {}) : identity_(std::move(identity)) {}

    Spawned spawn(const std::string& executable,
                  const std::vector<std::string>& arguments) override;
    void kill(pid_t pid) noexcept override;
    void ask_for_stack(pid_t pid, ipc::StackOf which) noexcept override;
    [[nodiscard]] char state(pid_t pid) const noexcept override;
    [[nodiscard]] std::uint64_t resident_bytes(pid_t pid) const noexcept override;
    [[nodiscard]] TimePoint now() const override;

  private:
    Identity identity_;
};

/// The geventd-worker for `python` ("" or "3.11"): from GEVENTD_WORKER, else beside this program
/// (a build tree), else the installed one. Throws std::runtime_error that lists where it was
/// sought.
std::string find_worker_executable(std::string_view python);

}  // namespace geventd::master
