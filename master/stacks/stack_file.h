// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fd.h"

namespace geventd::master {

/// The memory file into which a process writes its Python stack at an ipc::stack_signal(), and how
/// its master reads one from there: it is complete when it has not grown between two looks.
/// Lives in: master, in the handle of the process.
class StackFile {
  public:
    /// How often it is worth a look while a stack is awaited.
    static constexpr Duration kPause = std::chrono::milliseconds(20);

    /// The process writes there; what is no memory file, from which reading could block, is
    /// refused, and stays the caller's.
    void open(UniqueFd&& file);

    [[nodiscard]] bool is_open() const { return static_cast<bool>(file_); }

    /// A stack is about to be asked for.
    void expect(TimePoint now);

    /// The stack, "" when the process has written none in time; none: not yet.
    std::optional<std::string> look(TimePoint now);

    /// What there is now.
    [[nodiscard]] std::string text() const;

    UniqueFd release() { return std::move(file_); }

  private:
    UniqueFd file_;
    TimePoint due_;
    std::size_t seen_ = 0;
};

}  // namespace geventd::master
