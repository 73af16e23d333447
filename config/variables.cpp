// SPDX-License-Identifier: MIT
#include "config/variables.h"

#include <unistd.h>

#include <algorithm>

#include "config/catalogue.h"
#include "config/text/kebab.h"

namespace geventd::config {

namespace {

constexpr std::string_view kPrefix = "GEVENTD__";
constexpr std::string_view kBetween = "__";

/// Whether the key has a value, and is no group of keys.
bool has_value(const std::string& path) {
    const auto& keys = all_keys();
    return is_key(path) && std::none_of(keys.begin(), keys.end(), [&](const std::string& key) {
               return key.starts_with(path + ".");
           });
}

}  // namespace

Variables process_variables() {
    Variables variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (text.starts_with(kPrefix) && equals != std::string_view::npos &&
            equals + 1 < text.size()) {
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return variables;
}

std::string key_of_variable(std::string_view name) {
    name.remove_prefix(kPrefix.size());
    std::string path;
    for (;;) {
        if (has_value(path)) {
            return path.append(".").append(name);
        }
        const auto end = name.find(kBetween);
        path.append(path.empty() ? "" : ".").append(to_kebab(name.substr(0, end)));
        if (end == std::string_view::npos) {
            return path;
        }
        name.remove_prefix(end + kBetween.size());
    }
}

}  // namespace geventd::config
