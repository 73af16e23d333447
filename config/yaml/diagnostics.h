// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace geventd::config {

/// A position in the configuration. Line 0: the source as a whole (an unreadable file).
struct Mark {
    int source = 0;  ///< index into the Diagnostics' sources
    int line = 0;    ///< from 1
    int column = 0;  ///< from 1, in bytes
};

/// Everything that is wrong with a configuration, for people: one line per fault, which reads
/// `file:line:column: key.path: what is wrong, what is expected`. Thrown by the loader, caught
/// where a program starts and where the master reloads.
class Errors : public std::runtime_error {
  public:
    explicit Errors(std::vector<std::string> lines);

    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  private:
    std::vector<std::string> lines_;
};

/// Collects faults while a configuration is read, in any order; throws them in the order of the
/// sources. Lives on the loader's stack.
class Diagnostics {
  public:
    /// Registers a file (which has lines) or an override by its name; returns its index for Marks.
    int add_source(std::string name, bool has_lines);

    void report(const Mark& mark, const std::string& path, const std::string& text);

    /// Whether there are more faults than anybody reads; further ones are dropped.
    [[nodiscard]] bool full() const;

    /// Whether a fault was reported at this key or below it.
    [[nodiscard]] bool concerns(const std::string& path) const;

    /// Throws Errors unless empty.
    void throw_if_any() const;

  private:
    struct Source {
        std::string name;
        bool has_lines;
    };

    struct Diagnostic {
        Mark mark;
        std::string path;
        std::string text;
    };

    [[nodiscard]] std::string format(const Diagnostic& diagnostic) const;

    std::vector<Source> sources_;
    std::vector<Diagnostic> found_;
};

}  // namespace geventd::config
