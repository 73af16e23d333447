// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "base/fd.h"

namespace geventd::worker {

/// A descriptor that is readable just while something is the case, for those who wait by select()
/// and its like. There is none before somebody asks for it. One that the application has closed
/// stays untouched: its number may belong to something else. Lives in: worker, loop side.
class ReadyMark {
  public:
    ReadyMark() = default;
    ReadyMark(const ReadyMark&) = delete;
    ReadyMark& operator=(const ReadyMark&) = delete;
    ~ReadyMark();

    /// The same at each call; -1: there is none, errno says why. `ready`: how it is now.
    int fd(bool ready) noexcept;

    void show(bool ready) noexcept;

  private:
    bool let_go_if_closed() noexcept;

    UniqueFd event_;
    ino_t inode_ = 0;  ///< of all eventfds, but of no file or socket
    bool shown_ = false;
};

}  // namespace geventd::worker
