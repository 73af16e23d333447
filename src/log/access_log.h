// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/access_record.h"

namespace geventd::log {

/// How texts of a request are escaped inside a line, so that no request can end the line or the
/// quotes around its text.
enum class Escape {
    Text,  ///< control characters, quotes, backslashes and invalid UTF-8 as \xHH; in ${uri} and
           ///< ${query} all that is not ASCII
    Json   ///< the inside of a JSON string
};

/// An access log template, compiled once into steps. It is one of the names `common`, `combined`,
/// `uwsgi` (uWSGI's own request line) and `json`, or a text with `${name}` variables.
/// Empty values show as "-" (in `uwsgi` and `json` as nothing).
/// Pure: writes into a string; the caller owns the file. Not thread-safe: caches the local time of
/// the current second.
class AccessTemplate {
  public:
    /// A failure names the unknown variable and lists the valid ones. `escape` applies to custom
    /// templates; the named ones define theirs.
    static Result<AccessTemplate> compile(std::string_view text, Escape escape = Escape::Text);

    /// Appends the line with its newline.
    void format_line(const AccessRecord& record, std::string& out);

    /// What the variables' append functions need; public for their table.
    struct Line;
    using Append = void (*)(Line& line);

  private:
    struct Step {
        Append append = nullptr;  ///< nullptr: `text` is literal
        std::string text;         ///< or the NAME of var.NAME and logvar.NAME
    };

    /// The texts that are formatted once a second.
    struct Times {
        std::int64_t second = -1;
        std::string ltime;
        std::string ctime;
        std::string iso;
    };

    Result<bool> add_variable(std::string_view name);
    const Times& times_of(std::int64_t second);

    std::vector<Step> steps_;
    Times times_;
    Escape escape_ = Escape::Text;
    bool dash_ = true;
};

}  // namespace geventd::log
