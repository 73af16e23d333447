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

/// Writes to a terminal whose descriptor others use as well, where a write may block as long as
/// nobody reads. A thread writes, so the caller never waits. poll(2) does not help: it reports room
/// for at least one byte, but write(2) waits for room for all.
///
/// Lives in: every process whose log leads to such a terminal, inside its Outlet. The thread starts
/// with the first text of a process. A forked child has a thread of its own, and none of the text
/// that its parent has yet to write. A thread that waits for its terminal outlives its writer.
class TerminalWriter {
  public:
    /// The most text that may wait for the thread, except for a single longer one.
    static constexpr std::size_t kMostTaken = 64UL * 1024;

    explicit TerminalWriter(UniqueFd terminal);
    TerminalWriter(const TerminalWriter&) = delete;
    TerminalWriter& operator=(const TerminalWriter&) = delete;
    ~TerminalWriter();

    /// Takes the whole text and returns its size. -1 and errno: EAGAIN when there is no room now,
    /// otherwise the reason why the terminal cannot be written to any more.
    ssize_t put(std::string_view text);

    /// Waits until all taken text is written. False: it was not written in time.
    bool written_by(std::chrono::steady_clock::time_point end);

    /// Lines that were taken but never reached the terminal, since the last call.
    std::uint64_t take_lost();

    /// Whether this writes to `terminal`, and still can.
    [[nodiscard]] bool serves(const struct stat& terminal) const;

  private:
    struct Desk;

    static void work(Desk& desk);
    void start();
    [[nodiscard]] bool has_thread() const;
    [[nodiscard]] bool has_parents_desk() const;

    std::shared_ptr<Desk> desk_;  ///< shared with the thread
    pid_t runner_ = 0;            ///< the process whose thread serves the desk; 0: none yet
};

}  // namespace geventd::log
