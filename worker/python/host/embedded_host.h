// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "worker/python/base/host.h"
#include "worker/python/base/stack_chunks.h"

namespace geventd::py {

/// Starts the libpython that this program is linked to, as the `python3` of the virtual environment
/// in the settings would, or as the system's.
/// Lives in: template, worker, check of the program geventd-worker.
class EmbeddedHost final : public Host {
  public:
    void start(const config::App& app) override;

  private:
    // On the heap: a hub's C stack may overlap that of the main greenlet.
    std::unique_ptr<StackChunks> chunks_;
};

}  // namespace geventd::py
