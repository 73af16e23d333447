// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

namespace geventd::worker {

/// Keeps the memory of an answer alive until it is sent. Whoever gives it says how to release what
/// owns the memory; the loop does that in its turn, with the GIL held.
/// Lives in: worker, loop side.
struct KeptBytes {
    using Release = void (*)(void* owner);

    std::unique_ptr<void, Release> owner{nullptr, nullptr};
    std::size_t size = 0;  ///< bytes that the owner occupies
};

}  // namespace geventd::worker
