// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::worker {

/// Whether the application has forked this process. Such a process must not touch clients, the
/// master or the memory that they share.
bool is_forked_child() noexcept;

/// For forked_child.cpp: marks this process as one.
void become_forked_child() noexcept;

}  // namespace geventd::worker
