// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace geventd::ipc {

/// The Unix signal by which the master has a worker write down the Python stack of its hub's
/// thread, without the GIL. A worker that has said Ready handles it.
inline int stack_signal() {
    return SIGRTMAX - 3;
}

}  // namespace geventd::ipc
