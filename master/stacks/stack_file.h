// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"

namespace geventd::master {

/// The memory file into which a process writes its Python stack at an ipc::stack_signal(), and how
/// the master reads it: the stack is complete when the file has not grown between two looks.
/// Lives in: master, in the handle of the process.
class StackFile {
  public:
    /// How often to look() while a stack is awaited.
    static constexpr Duration kPause = std::chrono::milliseconds(20);

    /// `file` is what the process writes into. Anything but a memory file is refused and left to
    /// the caller, because reading it could block.
    void open(UniqueFd&& file);

    [[nodiscard]] bool is_open() const { return static_cast<bool>(file_); }

    /// A stack is about to be requested.
    void expect(TimePoint now);

    /// The stack; empty when the process has not written one in time; nullopt: not complete yet.
    std::optional<std::string> look(TimePoint now);

    /// The present contents.
    [[nodiscard]] std::string text() const;

    UniqueFd release() { return std::move(file_); }

  private:
    UniqueFd file_;
    TimePoint due_;
    std::size_t seen_ = 0;
};

}  // namespace geventd::master
