// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>

#include "base/fd.h"

namespace geventd::shm {

/// A memfd mapped read-write through Boost.Interprocess. The master makes it, everybody else
/// maps the descriptor that was handed over; untouched pages cost nothing.
/// Lives in: every process. The mapping lasts as long as the object.
class Region {
  public:
    /// A new region of zeros, sealed against resizing. Throws ErrnoError.
    static Region create(const char* name, std::size_t size);

    /// Maps an existing region whole. Throws ErrnoError.
    static Region map(UniqueFd fd);

    /// Maps one that a less trusted process has made. Throws ErrnoError, also when that process
    /// could shrink it under its readers.
    static Region map_sealed(UniqueFd fd);

    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;
    Region(Region&&) noexcept;
    Region& operator=(Region&&) noexcept;
    ~Region();

    [[nodiscard]] void* data() const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] int fd() const;

  private:
    struct Impl;
    explicit Region(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace geventd::shm
