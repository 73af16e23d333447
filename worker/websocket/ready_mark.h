// SPDX-License-Identifier: MIT
#pragma once

#include "base/fd.h"

namespace geventd::worker {

/// A descriptor that is readable just while something is the case, for those who wait by select()
/// and its like. There is none before somebody asks for it.
/// Lives in: worker, loop side.
class ReadyMark {
  public:
    /// The same at each call; -1: there is none, errno says why. `ready`: how it is now.
    int fd(bool ready) noexcept;

    void show(bool ready) noexcept;

  private:
    UniqueFd event_;
    bool shown_ = false;
};

}  // namespace geventd::worker
