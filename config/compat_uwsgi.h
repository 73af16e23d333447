// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace geventd::config {

/// Options of uWSGI or gunicorn that have one answer.
struct ForeignRow {
    std::string_view server;
    std::string_view names;  ///< in kebab-case, apart by spaces; "x*" stands for all that begin so
    std::string_view key;    ///< geventd's key for them; "" when there is none
    std::string_view text;   ///< a remark; without a key: the whole message
};

/// The rows of the converter's tables (config/foreign_rows.py).
std::span<const ForeignRow> foreign_rows();

enum class Match {
    Whole,      ///< the option is named in a row
    Beginning,  ///< a row has its beginning
};

/// The servers that have an option of this name, in kebab-case: "uWSGI", "gunicorn", "uWSGI's and
/// gunicorn"; "" when none has.
std::string servers_of_option(std::string_view name);

/// The message for someone who used such an option as a key: geventd's key, or what to know. Empty
/// for any other name, and where geventd's key has this name too.
std::string explain_foreign_name(std::string_view name, Match match);

}  // namespace geventd::config
