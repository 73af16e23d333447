// SPDX-License-Identifier: MIT
#include "worker/python/host/present_host.h"

namespace geventd::py {

// The interpreter is in app.virtualenv already, since the master has executed that one's.
Ref PresentHost::start(const config::App&) {
    return std::move(native_);
}

}  // namespace geventd::py
