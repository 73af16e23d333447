// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/fd.h"

namespace geventd::log {

/// Writes to a terminal whose descriptor others use as well, so that a write to it may wait as long
/// as nobody reads: a thread does it, and who has lines never waits. poll(2) is of no use, as it
/// tells of a terminal's room for one byte at least, and write(2) waits for room for all.
///
/// Lives in: every process whose log leads to such a terminal, inside its Outlet. The thread begins
/// with the first text of a process; a forked child has one of its own, and nothing of what its
/// parent's has yet to write. One that waits for its terminal outlives its writer.
class TerminalWriter {
  public:
    /// What the thread has yet to begin with, unless it is one text that is longer.
    static constexpr std::size_t kMostTaken = 64UL * 1024;

    explicit TerminalWriter(UniqueFd terminal);
    TerminalWriter(const TerminalWriter&) = delete;
    TerminalWriter& operator=(const TerminalWriter&) = delete;
    ~TerminalWriter();

    /// Takes the whole text and returns its size. -1 and errno: EAGAIN when there is no room now,
    /// else for what reason the terminal takes nothing any more.
    ssize_t put(std::string_view text);

    /// Waits until all that was taken is written. False: it was not by that time.
    bool written_by(std::chrono::steady_clock::time_point end);

    /// Lines that were taken, but not by the terminal, since the last call.
    std::uint64_t take_lost();

    /// Whether it is that terminal's, and may still be written to.
    [[nodiscard]] bool serves(const struct stat& terminal) const;

  private:
    struct Desk;

    static void work(Desk& desk);
    void start();
    [[nodiscard]] bool has_thread() const;
    [[nodiscard]] bool has_parents_desk() const;

    std::shared_ptr<Desk> desk_;  ///< the thread's as well
    pid_t runner_ = 0;            ///< the process whose thread works at the desk; 0: none yet
};

}  // namespace geventd::log
