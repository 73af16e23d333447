// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "base/fd.h"

namespace geventd::worker {

/// A descriptor that is readable just while something is the case, for those who wait by select()
/// and its like. There is none before somebody asks for it. When the application closes it, what
/// gets its number is left alone, unless that is an eventfd, too.
/// Lives in: worker, loop side.
class ReadyMark {
  public:
    ReadyMark() = default;
    ReadyMark(const ReadyMark&) = delete;
    ReadyMark& operator=(const ReadyMark&) = delete;
    ~ReadyMark();

    /// The same at each call; -1: there is none, errno says why. `ready`: how it is now.
    int fd(bool ready) noexcept;

    void show(bool ready) noexcept;

    /// Whether somebody has asked for it.
    [[nodiscard]] bool is_there() const noexcept { return static_cast<bool>(event_); }

  private:
    /// That of all eventfds, and of no file, pipe or socket.
    struct Inode {
        dev_t device = 0;
        ino_t number = 0;

        static Inode of(int fd) noexcept;
        bool operator==(const Inode&) const = default;
    };

    bool let_go_if_closed() noexcept;

    UniqueFd event_;
    Inode inode_;
    bool shown_ = false;
};

}  // namespace geventd::worker
