// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>

namespace geventd::ipc {

enum class StackOf { HubThread, AllThreads };

/// The Unix signal by which the master asks a template or worker to write the Python stack of its
/// first thread (in a worker, the hub's), or of all threads, without taking the GIL. A process that
/// has sent Stacks handles both signals. The stacks of other threads can be read safely only while
/// none of them runs Python code: when the hub's thread waits for the GIL and does not get it.
inline int stack_signal(StackOf which) {
    return which == StackOf::HubThread ? SIGRTMAX - 3 : SIGRTMAX - 4;
}

/// How the name of the file ends that an interpreter executes in order to become a worker. Its
/// calls are below those of the application, and belong into no stack that people read.
constexpr const char* kWorkerScript = "/geventd/worker.py";

}  // namespace geventd::ipc
