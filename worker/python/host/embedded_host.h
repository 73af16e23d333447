// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "worker/python/base/host.h"
#include "worker/python/base/stack_chunks.h"

namespace geventd::py {

/// This program is linked to libpython and starts it, as the `python3` of the virtual environment
/// that the settings name, or as the system's.
/// Lives in: template, worker, check of the program geventd-worker.
class EmbeddedHost final : public Host {
  public:
    void start(const config::App& app) override;

  private:
    // On the heap: a hub's stack may lie over what stands on the main greenlet's.
    std::unique_ptr<StackChunks> chunks_;
};

}  // namespace geventd::py
