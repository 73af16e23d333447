// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "log/terminal_writer.h"

namespace geventd::log {

/// Writes lines to a descriptor without ever waiting for whoever reads them: a log pipe that
/// nobody reads must not stop a server. Lines that cannot be written yet are kept, up to
/// kMostKept bytes; lines beyond that are dropped and counted.
///
/// The descriptor may belong to others as well (a standard error that the application prints to),
/// so O_NONBLOCK must not be set on it. A pipe or terminal is opened anew instead, which gives a
/// descriptor of our own; a socket is told with each message not to wait; and what another user's
/// pipe does not allow to be opened gets the bytes by splice(2), which can be told so, too. To a
/// terminal that cannot be opened, and is not our session's either, a thread writes
/// (log/terminal_writer.h). Files are written as they are.
///
/// When the descriptor has been closed by the application, lines go to standard error.
///
/// Lives in: every process, inside its log. Not thread-safe. A forked child starts with nothing
/// kept: what the parent keeps is the parent's to write.
class Outlet {
  public:
    static constexpr std::size_t kMostKept = 256UL * 1024;

    /// Lines go where `fd` leads now, even if `fd` is closed or replaced later. What is kept goes
    /// there, too.
    void open(int fd);

    /// The same, by a non-blocking descriptor that another process made (descriptor()).
    void adopt(UniqueFd fd);

    /// From now on the descriptor has a high number: for a process that runs an application, which
    /// may close low ones.
    void move_up();

    /// Writes the line or keeps it for later; false: it is lost, and counted as that. So may be
    /// what was kept before, whatever becomes of this line.
    bool write(std::string_view line);

    /// Writes what is kept, as far as that is possible now.
    void retry();

    /// Waits until all that is kept has been written, for a moment only: last words of a process.
    void finish();

    /// The non-blocking descriptor of our own, for a child that could not open the pipe itself;
    /// -1: a child needs none.
    [[nodiscard]] int descriptor() const;

    /// Whether retry() has something to do.
    [[nodiscard]] bool has_kept() const;

    /// Lines that were dropped since the last set_lost().
    [[nodiscard]] std::uint64_t lost() const;

    void set_lost(std::uint64_t count) { lost_ = count; }

  private:
    enum class Kind { Plain, Unwaiting, Socket, Pipe, Device };

    [[nodiscard]] UniqueFd placed(UniqueFd fd) const;
    bool find_another();
    void open_terminal(int fd, const struct stat& target);
    void open_duplicate(int fd, Kind kind);
    void set(UniqueFd fd, Kind kind);
    void forget_parents_lines();
    ssize_t put(std::string_view text);
    ssize_t put_on_terminal(std::string_view text);
    void lose_with_terminal();
    ssize_t splice_into_pipe(std::string_view text);
    bool make_staging();
    void drop_staging();
    void finish_terminal();
    void lose(std::uint64_t lines);

    UniqueFd fd_;
    Kind kind_ = Kind::Plain;
    bool is_high_ = false;  ///< the number of fd_, where that is possible
    std::string kept_;
    std::uint64_t lost_ = 0;
    pid_t owner_ = 0;  ///< whose kept_, lost_ and staging pipe these are
    UniqueFd staging_in_;
    UniqueFd staging_out_;
    std::unique_ptr<TerminalWriter> terminal_;  ///< Kind::Device has it in the place of fd_
};

}  // namespace geventd::log
