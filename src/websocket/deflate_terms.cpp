// SPDX-License-Identifier: MIT
#include "websocket/deflate_terms.h"

#include <set>

#include "http/octets.h"

namespace geventd::websocket {

namespace {

// Removes the part before the next semicolon from `offer`.
std::string_view next_parameter(std::string_view& offer) {
    const std::size_t end = offer.find(';');
    const std::string_view parameter = offer.substr(0, end);
    offer = end == std::string_view::npos ? std::string_view() : offer.substr(end + 1);
    return http::trim(parameter);
}

std::string_view unquoted(std::string_view value) {
    const bool quoted = value.size() > 1 && value.starts_with('"') && value.ends_with('"');
    return quoted ? value.substr(1, value.size() - 2) : value;
}

// 8 to 15; 0 for anything else.
int window_bits(std::string_view value) {
    if (value == "8" || value == "9") {
        return value[0] - '0';
    }
    const bool two = value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5';
    return two ? 10 + (value[1] - '0') : 0;
}

// False for a parameter that is unknown or has a wrong value. zlib makes no window of 256 bytes.
bool take_parameter(std::string_view name, std::optional<std::string_view> value,
                    DeflateTerms& terms) {
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
        return !value;
    }
    if (name == "client_max_window_bits") {
        return !value || window_bits(*value) != 0;
    }
    if (name != "server_max_window_bits" || !value) {
        return false;
    }
    terms.window_bits = window_bits(*value);
    terms.names_window = true;
    return terms.window_bits > 8;
}

std::optional<DeflateTerms> read_offer(std::string_view offer) {
    if (next_parameter(offer) != "permessage-deflate") {
        return std::nullopt;
    }
    DeflateTerms terms;
    std::set<std::string_view> seen;
    while (!offer.empty()) {
        const std::string_view parameter = next_parameter(offer);
        const std::size_t equals = parameter.find('=');
        const std::string_view name = http::trim(parameter.substr(0, equals));
        std::optional<std::string_view> value;
        if (equals != std::string_view::npos) {
            value = unquoted(http::trim(parameter.substr(equals + 1)));
        }
        if (!seen.insert(name).second || !take_parameter(name, value, terms)) {
            return std::nullopt;
        }
    }
    return terms;
}

}  // namespace

std::string DeflateTerms::answer() const {
    std::string text = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    if (names_window) {
        text += "; server_max_window_bits=" + std::to_string(window_bits);
    }
    return text;
}

std::optional<DeflateTerms> choose_deflate(std::string_view extensions) {
    while (!extensions.empty()) {
        if (const auto terms = read_offer(http::next_element(extensions))) {
            return terms;
        }
    }
    return std::nullopt;
}

}  // namespace geventd::websocket
