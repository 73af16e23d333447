// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

#include "base/fd.h"

namespace geventd::shm {

/// A memfd mapped through Boost.Interprocess. One process makes it, the others map the descriptor
/// that was handed over; untouched pages cost nothing. Whoever shares it may write anything into
/// it at any time: what is read from it is checked where it is read, and sizes are never read from
/// it at all.
/// Lives in: every process. The mapping lasts as long as the object.
class Region {
  public:
    /// A new region of zeros, sealed against resizing. Throws ErrnoError.
    static Region create(const char* name, std::size_t size);

    enum class Access { ReadOnly, ReadWrite };

    /// Maps an existing region whole. Throws ErrnoError.
    static Region map(UniqueFd fd, Access access = Access::ReadWrite);

    /// Maps one that a less trusted process has made, to be read only. Throws ErrnoError, also when
    /// it is of another size than is expected or when that process could still change that; `fd`
    /// stays the caller's then.
    static Region map_sealed(UniqueFd&& fd, std::size_t size);

    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;
    Region(Region&&) noexcept;
    Region& operator=(Region&&) noexcept;
    ~Region();

    /// Lets this process write a part of what it has mapped to be read only; whole pages. Throws
    /// ErrnoError.
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
