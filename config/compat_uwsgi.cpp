// SPDX-License-Identifier: MIT
#include "config/compat_uwsgi.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "config/foreign_rows.h"

namespace geventd::config {

namespace {

constexpr std::string_view kServers[] = {"uWSGI", "gunicorn"};

bool has_name(const ForeignRow& row, std::string_view wanted, Match match) {
    for (std::string_view rest = row.names; !rest.empty();) {
        const auto end = std::min(rest.find(' '), rest.size());
        std::string_view name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const bool is_beginning = name.ends_with('*');
        if (is_beginning) {
            name.remove_suffix(1);
        }
        if (match == Match::Whole ? !is_beginning && name == wanted
                                  : is_beginning && wanted.starts_with(name)) {
            return true;
        }
    }
    return false;
}

/// The row of that server; nullptr when it has no such option.
const ForeignRow* find_row(std::string_view server, std::string_view name, Match match) {
    const auto* const found = std::find_if(
        std::begin(kRows), std::end(kRows),
        [&](const ForeignRow& row) { return row.server == server && has_name(row, name, match); });
    return found == std::end(kRows) ? nullptr : found;
}

bool is_last_part(std::string_view name, std::string_view key) {
    return key.substr(key.rfind('.') + 1) == name;
}

}  // namespace

std::span<const ForeignRow> foreign_rows() {
    return kRows;
}

std::string servers_of_option(std::string_view name) {
    std::string servers;
    for (const std::string_view server : kServers) {
        if (find_row(server, name, Match::Whole) != nullptr ||
            find_row(server, name, Match::Beginning) != nullptr) {
            servers += fmt::format("{}{}", servers.empty() ? "" : "'s and ", server);
        }
    }
    return servers;
}

std::string explain_foreign_name(std::string_view name, Match match) {
    const ForeignRow* const first = find_row(kServers[0], name, match);
    const ForeignRow* const second = find_row(kServers[1], name, match);
    const ForeignRow* const row = first != nullptr ? first : second;
    if (row == nullptr || is_last_part(name, row->key)) {
        return "";
    }
    const bool is_both = first != nullptr && second != nullptr && first->key == second->key;
    const std::string start = fmt::format("unknown key, which is {}{}'s name", row->server,
                                          is_both ? fmt::format("'s and {}", second->server) : "");
    if (row->key.empty()) {
        return fmt::format("{}: {}", start, row->text);
    }
    return fmt::format("{}; geventd's key is {}{}{}", start, row->key,
                       row->text.empty() ? "" : ": ", row->text);
}

}  // namespace geventd::config
