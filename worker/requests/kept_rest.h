// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>

namespace geventd::worker {

/// The rest of an answer that is given to the loop: memory, or a file. Whoever gives memory says
/// how to release what owns it; the loop does that in its turn, with the GIL held. Lives in:
/// worker, loop side.
struct KeptRest {
    using Release = void (*)(void* owner);

    std::unique_ptr<void, Release> owner{nullptr, nullptr};
    std::size_t size = 0;  ///< bytes that the owner occupies
    int file = -1;         ///< sent to its end or the answer's; a copy where it has no owner
    off_t offset = 0;      ///< from where
};

}  // namespace geventd::worker
