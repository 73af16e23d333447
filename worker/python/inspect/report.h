// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace geventd::py {

/// A call in a stack: the line of Python that waits for a call to return, or runs.
struct Call {
    std::string file;
    std::string function;
    int line = 0;
};

/// One greenlet, or another thread, and where it stands.
struct Subject {
    enum class Kind : std::uint8_t { Request, Handler, Background, Raw, Hub, Main, Thread };

    Kind kind = Kind::Raw;
    bool is_running = false;  ///< runs in the hub's thread; all others wait
    std::string name;         ///< what it runs: "GET /path", a function's name
    std::string spawned;      ///< where: "app.py:7 in view"; "": not known
    std::string request;      ///< the id of its request
    Duration age{-1};         ///< the age of its request; negative: not known
    std::uint32_t stack = 0;  ///< index in Report::stacks
};

/// What was found in a worker. Consists of plain values, so that the GIL is not needed.
struct Report {
    std::vector<Subject> subjects;
    std::vector<std::vector<Call>> stacks;  ///< in each, the outermost call first
};

/// {"greenlets": [...], "stacks": [...]}
std::string to_json(const Report& report);

/// For the log: the name and stack of each, limited in size.
std::string to_text(const Report& report);

}  // namespace geventd::py
