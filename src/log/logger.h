// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/fd.h"

namespace geventd::log {

enum class Level { Debug, Info, Warning, Error };
enum class Format { Text, Json };

/// The server's log: one line per event, one synchronous write(2) per line, to one descriptor,
/// never waiting for its reader (log/outlet.h). A line reads
/// `2026-11-23T10:00:00.123Z info master[42]: text`, or is one JSON object. Control characters in
/// the text are escaped, so that no request can forge a line; a text of several lines (a traceback)
/// continues on lines indented by a tab. Lives in: every process. State is per process; forked
/// children call set_role() again.

/// Starts logging to the file behind `fd`. Called once before the first line.
void open(int fd, Level level, Format format);

/// Writes through a non-blocking descriptor that the parent process made for this one; it leads to
/// the same file as before.
void adopt(UniqueFd fd);

/// From now on keeps the descriptor at a number that an application rarely reaches (high_copy).
void move_up();

/// The descriptor that a child process passes to adopt(), owned by this process; -1: none needed.
int unwaiting_descriptor();

/// Whether lines begin with their severity as the journal and syslog read it: "<4>".
void mark_severities(bool on);

/// Names the process in each line: "master", "template", "worker 2".
void set_role(std::string role);

/// Writes to the file behind `fd` from now on (log rotation).
void redirect(int fd);

/// Writes a line, with its newline, that somebody else has formatted.
void write_raw(std::string_view line);

/// From now on write_access() writes to the file behind `fd`, in this process and those that it
/// forks.
void open_access(int fd);

/// From now on write_access() writes into the log.
void close_access();

/// Writes a line of the access log, with its newline.
void write_access(std::string_view line);

/// Writes lines that could not be written before, and how many were lost meanwhile, if the reader
/// reads again. A process that may have nothing to log calls this now and then.
void retry();

/// Whether there is something for retry() to do.
bool is_behind();

/// At the end of the process: waits a moment for a slow reader.
void finish();

/// Drops every line from now on. For a process that the application forked, where the descriptor is
/// closed and a lock may be held for ever by a thread that does not exist. Async-signal-safe.
void fall_silent() noexcept;

bool enabled(Level level);
void write(Level level, std::string_view text);

template <typename... Args>
void line(Level level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) {
        write(level, fmt::format(format, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    line(Level::Debug, format, std::forward<Args>(args)...);
}

template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    line(Level::Info, format, std::forward<Args>(args)...);
}

template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    line(Level::Warning, format, std::forward<Args>(args)...);
}

template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    line(Level::Error, format, std::forward<Args>(args)...);
}

}  // namespace geventd::log
