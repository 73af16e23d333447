// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

#include "base/fd.h"

namespace geventd::shm {

/// A memfd mapped through Boost.Interprocess. One process creates it, the others map the descriptor
/// that they receive; untouched pages cost nothing. Any process that shares it may write anything
/// into it at any time: values are checked where they are read, and sizes are never read from it.
/// Lives in: every process. The mapping lasts as long as the object.
class Region {
  public:
    /// A new region of zeros, sealed against resizing. Throws ErrnoError.
    static Region create(const char* name, std::size_t size);

    enum class Access { ReadOnly, ReadWrite };

    /// Maps an existing region whole. Throws ErrnoError.
    static Region map(UniqueFd fd, Access access = Access::ReadWrite);

    /// Maps a region that a less trusted process has created, read-only. Throws ErrnoError, also if
    /// its size is not the expected one or if that process could still change it; `fd` then stays
    /// with the caller.
    static Region map_sealed(UniqueFd&& fd, std::size_t size);

    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;
    Region(Region&&) noexcept;
    Region& operator=(Region&&) noexcept;
    ~Region();

    /// Makes part of a read-only mapping writable for this process; whole pages. Throws ErrnoError.
    void let_write(std::size_t offset, std::size_t size) const;

    [[nodiscard]] void* data() const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] int fd() const;

  private:
    struct Impl;
    explicit Region(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace geventd::shm
