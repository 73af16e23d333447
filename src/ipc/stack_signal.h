// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace geventd::ipc {

enum class StackOf { HubThread, AllThreads };

/// The Unix signal by which the master has a template or worker write down the Python stack of its
/// first thread (a worker's hub runs in it), or of all threads, without the GIL. A process that has
/// sent Stacks handles both. Stacks of
/// other threads can be read safely while none of them runs Python code only: when the hub's thread
/// waits for the GIL and does not get it.
inline int stack_signal(StackOf which) {
    return which == StackOf::HubThread ? SIGRTMAX - 3 : SIGRTMAX - 4;
}

}  // namespace geventd::ipc
