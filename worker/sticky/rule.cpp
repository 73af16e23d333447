// SPDX-License-Identifier: MIT
#include "worker/sticky/rule.h"

#include <algorithm>

#include "http/environ_name.h"
#include "http/octets.h"
#include "worker/requests/request_fields.h"

namespace geventd::worker {

namespace {

std::string_view without_spaces(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The value of the first `name=value` among pairs; "" without one.
std::string_view find_pair(std::string_view pairs, char separator, std::string_view name) {
    while (!pairs.empty()) {
        const std::size_t end = pairs.find(separator);
        const std::string_view pair = without_spaces(pairs.substr(0, end));
        if (pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name)) {
            return pair.substr(name.size() + 1);
        }
        pairs = end == std::string_view::npos ? std::string_view() : pairs.substr(end + 1);
    }
    return {};
}

// Frameworks quote values with unusual characters.
std::string_view without_quotes(std::string_view value) {
    const bool quoted = value.size() > 1 && value.front() == '"' && value.back() == '"';
    return quoted ? value.substr(1, value.size() - 2) : value;
}

// The cookie of that name; "" without it. A client may send several fields of cookies.
std::string_view find_cookie(const Request& request, std::string_view name) {
    if (request.has_environ) {
        return without_quotes(find_pair(field_of(request, {}, "HTTP_COOKIE"), ';', name));
    }
    for (const http::Header& header : request.head.headers) {
        if (http::equals_ignoring_case(header.name, "cookie")) {
            if (const auto value = find_pair(header.value, ';', name); !value.empty()) {
                return without_quotes(value);
            }
        }
    }
    return {};
}

}  // namespace

Rule::Rule(const config::Sticky& settings) {
    if (!settings.query.empty()) {
        place_ = Place::Query;
        name_ = settings.query;
    } else if (!settings.cookie.empty()) {
        place_ = Place::Cookie;
        name_ = settings.cookie;
    } else {
        place_ = Place::Header;
        name_ = settings.header;
        std::transform(name_.begin(), name_.end(), name_.begin(), http::to_lower);
        variable_ = http::header_to_environ_name(name_).value_or("");
    }
}

std::string_view Rule::id_of(const Request& request) const {
    switch (place_) {
        case Place::Query:
            return find_pair(
                request.has_environ ? field_of(request, {}, "QUERY_STRING") : request.head.query,
                '&', name_);
        case Place::Cookie:
            return find_cookie(request, name_);
        case Place::Header:
            break;
    }
    return field_of(request, name_, variable_);
}

}  // namespace geventd::worker
