// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/fd.h"
#include "worker/files/disk_pool.h"
#include "worker/files/found.h"

namespace geventd::worker {

// The last close of a large file that was deleted frees its blocks, and so waits for the disk.

/// Closes the descriptor in a thread of the pool; in this one if there is no memory for that.
void close_in(DiskPool& pool, UniqueFd fd) noexcept;

/// What was found, shared by the cache and the answers that are on their way. The last of them
/// leaves it to the pool to close its files, or does so itself when the pool has ended. Throws
/// std::bad_alloc.
std::shared_ptr<const Found> share(Found found, const DiskPool& pool);

}  // namespace geventd::worker
