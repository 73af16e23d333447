// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace geventd::config {

/// An option of uWSGI or gunicorn, as its users write it.
struct ForeignName {
    std::string_view name;    ///< in kebab-case
    std::string_view server;  ///< the server that has this option
    std::string_view key;     ///< geventd's key for it, supported or not; "" when there is none
    std::string_view note;    ///< an additional remark; without a key: the whole message
};

/// The table, sorted by name.
std::span<const ForeignName> foreign_names();

/// The message for someone who used such an option: geventd's key, or that it is not supported.
/// Empty for any other name.
std::string explain_foreign_name(std::string_view name);

}  // namespace geventd::config
