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

/// The server's log: one line for one event, one write(2) for one line, synchronous, to one
/// descriptor, and never waiting for its reader (log/outlet.h). A line reads
/// `2026-11-23T10:00:00.123Z info master[42]: text`, or is one JSON object. Control characters in
/// the text are escaped, so that no request can forge a line; newlines of a multi-line text (a
/// traceback) become lines of their own, indented by a tab. Lives in: every process. State is per
/// process; forked children call set_role() again.

/// Starts logging to where `fd` leads. Called once before the first line.
void open(int fd, Level level, Format format);

/// Has lines written by a non-blocking descriptor that the parent process made for this one, to
/// the same place as before.
void adopt(UniqueFd fd);

/// Gives the descriptor a number that an application does not reach as a rule (high_copy), from
/// now on.
void move_up();

/// The descriptor that a child process needs for adopt(), of this process' own; -1: none.
int unwaiting_descriptor();

/// Names the process in each line: "master", "template", "worker 2".
void set_role(std::string role);

/// Writes to where `fd` leads now (log rotation).
void redirect(int fd);

/// Writes as it is a line that somebody else has formatted, with its newline.
void write_raw(std::string_view line);

/// Writes what could not be written before, and says how many lines were lost for want of a
/// reader, if it reads again. To be called now and then by a process that may have nothing to say.
void retry();

/// Whether retry() is to be called.
bool is_behind();

/// The process ends: waits a moment for a reader that is slow.
void finish();

/// Drops every line from now on: for a process that the application forked, where the descriptor
/// is closed and another thread's lock may be held for ever. Async-signal-safe.
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
