// SPDX-License-Identifier: MIT
#include "worker/python/host/present_host.h"

#include <sys/prctl.h>

namespace geventd::py {

// The interpreter is in app.virtualenv already, since the master has executed that one's.
Ref PresentHost::start(const config::App&) {
    ::prctl(PR_SET_NAME, "geventd-worker");  // the short name that the other host has, too
    return std::move(native_);
}

}  // namespace geventd::py
