// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include "worker/python/base/host.h"

namespace geventd::py {

/// The CPython that runs already and has loaded geventd's native module. The package's worker.py
/// has made it look like one that was started for the application.
/// Lives in: template, worker, check of an interpreter that executes worker.py.
class PresentHost final : public Host {
  public:
    explicit PresentHost(Ref native) : native_(std::move(native)) {}

    Ref start(const config::App& app) override;

  private:
    Ref native_;
};

}  // namespace geventd::py
