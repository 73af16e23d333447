// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "worker/requests/kept_rest.h"

namespace geventd::worker {

/// The bytes that all connections of a worker keep for clients that have not taken them yet.
struct KeptTotal {
    std::size_t bytes = 0;
    std::size_t most;  ///< limits.unsent
};

/// What a connection was told to send and the kernel has not taken yet: parts in memory, and behind
/// them the rest of a file. The memory belongs to the caller, who waits, or was given by keep().
/// Lives in: worker, in its connection.
class Unsent {
  public:
    explicit Unsent(KeptTotal& total) : total_(total) {}

    Unsent(const Unsent&) = delete;
    Unsent& operator=(const Unsent&) = delete;

    ~Unsent() { clear(); }

    /// Takes what follows the first `sent` bytes of the parts. Throws std::bad_alloc.
    void assign(std::span<const iovec> parts, std::size_t sent);

    /// Nothing is left to send.
    [[nodiscard]] bool empty() const { return parts_.empty() && file_ < 0; }

    /// What is left belongs to this object, so nobody has to wait for it.
    [[nodiscard]] bool is_kept() const { return is_kept_; }

    [[nodiscard]] std::span<const iovec> parts() const { return parts_; }

    /// The file whose rest is left, or -1, and from where.
    [[nodiscard]] int file() const { return file_; }

    off_t& offset() { return offset_; }

    /// The first bytes of the parts have been sent.
    void advance(std::size_t sent) noexcept;

    /// Adds a part, whose memory outlives the request. Throws std::bad_alloc.
    void append(const iovec& part) { parts_.push_back(part); }

    /// False when the worker keeps too many bytes already, or there is no descriptor for a copy.
    bool keep(KeptRest rest) noexcept;

    /// The copy of a file that nobody else owns: the caller ends it.
    UniqueFd take_copy() noexcept { return std::move(copy_); }

    /// All is sent, or nothing more can be.
    void clear() noexcept;

  private:
    bool keep_file(KeptRest rest) noexcept;

    KeptTotal& total_;
    std::vector<iovec> parts_;
    KeptRest kept_;
    int file_ = -1;
    UniqueFd copy_;  ///< of the file, where nobody owns it for us
    off_t offset_ = 0;
    bool is_kept_ = false;
};

}  // namespace geventd::worker
