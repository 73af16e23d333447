// SPDX-License-Identifier: MIT
#include "worker/process/forked.h"

namespace geventd::worker {

namespace {

// Written once, while the process has one thread.
bool forked = false;

}  // namespace

bool is_forked_child() noexcept {
    return forked;
}

void become_forked_child() noexcept {
    forked = true;
}

}  // namespace geventd::worker
