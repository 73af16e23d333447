// SPDX-License-Identifier: MIT
#pragma once

#include "worker/python/base/host.h"

namespace geventd::py {

/// Starts the libpython that this program is linked to, as the `python3` of the virtual environment
/// in the settings would, or as the system's.
/// Lives in: template, worker, check of the program geventd-worker.
class EmbeddedHost final : public Host {
  public:
    Ref start(const config::App& app) override;
};

}  // namespace geventd::py
