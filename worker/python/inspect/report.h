// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace geventd::py {

/// A line of Python that waits for a call to return, or runs.
struct Call {
    std::string file;
    std::string function;
    int line = 0;
};

/// One greenlet, or another thread, and where it stands.
struct Subject {
    enum class Kind : std::uint8_t { Request, Handler, Background, Raw, Hub, Main, Thread };

    Kind kind = Kind::Raw;
    bool is_running = false;  ///< has the hub's thread; all others are parked
    std::string name;         ///< what it runs: "GET /path", a function's name
    std::string spawned;      ///< "app.py:7 in view"; "" when that is not known
    std::string request;      ///< a request's own name
    Duration age{-1};         ///< a request's; negative: not known
    std::uint32_t stack = 0;  ///< which one
};

/// What a look into a worker has found; of plain values, so that no GIL is needed.
struct Report {
    std::vector<Subject> subjects;
    std::vector<std::vector<Call>> stacks;  ///< each the outermost call first
};

/// {"greenlets": [...], "stacks": [...]}
std::string to_json(const Report& report);

/// For the log: name and stack of each, up to a size that a log can bear.
std::string to_text(const Report& report);

}  // namespace geventd::py
