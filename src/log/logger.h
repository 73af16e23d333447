// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace geventd::log {

enum class Level { Debug, Info, Warning, Error };
enum class Format { Text, Json };

/// The server's log: one line for one event, one write(2) for one line, synchronous, to one
/// descriptor. A line reads `2026-11-23T10:00:00.123Z info master[42]: text`, or is one JSON
/// object. Control characters in the text are escaped, so that no request can forge a line;
/// newlines of a multi-line text (a traceback) become lines of their own, indented by a tab.
/// Lives in: every process. State is per process; forked children call set_role() again.

/// Starts logging to `fd`, which stays the caller's. Called once before the first line.
void open(int fd, Level level, Format format);

/// Names the process in each line: "master", "template", "worker 2".
void set_role(std::string role);

/// Writes to another descriptor from now on (log rotation).
void redirect(int fd);

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
