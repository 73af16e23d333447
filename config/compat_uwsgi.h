// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace geventd::config {

/// An option of uWSGI or gunicorn, as someone who comes from there writes it.
struct ForeignName {
    std::string_view name;    ///< in kebab-case
    std::string_view server;  ///< whose option it is
    std::string_view key;     ///< geventd's key for it, offered or not; "" when there is none
    std::string_view note;    ///< what to know beside it; without a key: the whole answer
};

/// The table, in order of names.
std::span<const ForeignName> foreign_names();

/// The answer to someone who used such an option: geventd's key, or plainly that it is not
/// offered. Empty when the name is none of them.
std::string explain_foreign_name(std::string_view name);

}  // namespace geventd::config
