// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "master/supervise/launch_kit.h"
#include "master/supervise/worker_source.h"

namespace geventd::master {

/// With preload: false: executes each worker as a new program, which imports the application.
/// Lives in: master.
class ExecSource final : public WorkerSource {
  public:
    explicit ExecSource(LaunchKit& kit) : kit_(kit) {}

    [[nodiscard]] bool can_start() const override { return true; }

    std::optional<Started> start(std::uint32_t slot, std::uint32_t worker) override;

  private:
    LaunchKit& kit_;
};

}  // namespace geventd::master
