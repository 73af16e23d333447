// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/fd.h"

namespace geventd::master {

/// The eventfds by which processes wake each other, one for each process index. They are made
/// when first asked for and live as long as the server: a slot's next worker takes its
/// predecessor's over, and those who know it need not be told.
/// Lives in: master.
class Eventfds {
  public:
    /// Throws ErrnoError.
    int of(unsigned process);

    /// By process; -1: it was never asked for.
    [[nodiscard]] std::vector<int> numbers() const;

  private:
    std::vector<UniqueFd> fds_;
};

/// An eventfd is one for all who hold a copy, flags included: an application may clear O_NONBLOCK
/// and drive the counter to its end. These do not wait all the same.
///
/// Adds one, as far as there is room.
void poke_unwaiting(int fd) noexcept;

/// Sets the counter to 0.
void empty_unwaiting(int fd) noexcept;

}  // namespace geventd::master
