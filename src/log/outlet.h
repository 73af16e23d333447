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
/// The descriptor may be shared with others (a standard error that the application prints to), so
/// O_NONBLOCK must not be set on it. Instead, a pipe or terminal is opened again, which gives a
/// descriptor of our own; a socket gets MSG_DONTWAIT with each message; and another user's pipe,
/// which we may not open, gets the bytes by splice(2), which has such a flag too. To a terminal
/// that cannot be opened, and is not our session's either, a thread writes
/// (log/terminal_writer.h). Files are written directly.
///
/// If the application has closed the descriptor, lines go to standard error.
///
/// Lives in: every process, inside its log. Not thread-safe. A forked child starts without kept
/// lines: the parent writes its own.
class Outlet {
  public:
    static constexpr std::size_t kMostKept = 256UL * 1024;

    /// Writes to the file behind `fd` from now on, even if `fd` is closed or replaced later. Kept
    /// lines go there too.
    void open(int fd);

    /// The same, with a non-blocking descriptor that another process made (descriptor()).
    void adopt(UniqueFd fd);

    /// From now on the descriptor has a high number. For a process that runs an application, which
    /// may close low ones.
    void move_up();

    /// Writes the line or keeps it for later. False: the line is lost, and counted. Lines that were
    /// kept before may be lost too, whatever happens to this one.
    bool write(std::string_view line);

    /// Writes as many kept lines as possible now.
    void retry();

    /// Waits a moment until all kept lines are written: the last lines of a process.
    void finish();

    /// Our own non-blocking descriptor, for a child that could not open the pipe itself; -1: the
    /// child needs none.
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
    bool is_high_ = false;  ///< fd_ has a high number, if possible
    std::string kept_;
    std::uint64_t lost_ = 0;
    pid_t owner_ = 0;  ///< the process to which kept_, lost_ and the staging pipe belong
    UniqueFd staging_in_;
    UniqueFd staging_out_;
    std::unique_ptr<TerminalWriter> terminal_;  ///< used instead of fd_ for Kind::Device
};

}  // namespace geventd::log
