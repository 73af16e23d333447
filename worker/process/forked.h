// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::worker {

/// Whether the application has forked this process. Nothing of it may reach a client or the master,
/// nor memory that is shared with them.
bool is_forked_child() noexcept;

/// For forked_child.cpp: it is one from now on.
void become_forked_child() noexcept;

}  // namespace geventd::worker
