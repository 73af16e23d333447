// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/fd.h"

namespace geventd::master {

/// The eventfds by which processes wake each other, one for each process index. Each is created on
/// first use and lives as long as the server: a slot's next worker takes over its predecessor's,
/// so nobody need be told of a new one.
/// Lives in: master.
class Eventfds {
  public:
    /// Throws ErrnoError.
    int of(unsigned process);

    /// Indexed by process; -1 where none was created.
    [[nodiscard]] std::vector<int> numbers() const;

  private:
    std::vector<UniqueFd> fds_;
};

/// All holders of an eventfd share its flags: an application may clear O_NONBLOCK and fill the
/// counter, so that write(2) would block. These two functions never block.
///
/// Adds one if there is room.
void poke_unwaiting(int fd) noexcept;

/// Sets the counter to 0.
void empty_unwaiting(int fd) noexcept;

}  // namespace geventd::master
