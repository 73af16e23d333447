// SPDX-License-Identifier: MIT
#include "http/accept_encoding.h"

#include <cstddef>

#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr int kFull = 1000;
constexpr int kLeast = 1;

// The value of a quality, "0.5", in thousandths; 0 for what is none.
int parse_quality(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) {
        return 0;
    }
    int value = (text[0] - '0') * kFull;
    int unit = kFull / 10;
    if (text.size() > 1 && text[1] != '.') {
        return 0;
    }
    for (std::size_t i = 2; i < text.size(); ++i) {
        if (!is(kDigit, text[i])) {
            return 0;
        }
        value += (text[i] - '0') * unit;
        unit /= 10;
    }
    return value > kFull ? 0 : value;
}

// The quality among the parameters of an element.
int quality_in(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::size_t end = parameters.find(';');
        const std::string_view parameter = trim(parameters.substr(0, end));
        parameters = end == std::string_view::npos ? "" : parameters.substr(end + 1);
        if (parameter.size() >= 2 && to_lower(parameter[0]) == 'q' && parameter[1] == '=') {
            return parse_quality(parameter.substr(2));
        }
    }
    return kFull;
}

}  // namespace

int quality_of(std::string_view accept_encoding, std::string_view coding) {
    int of_any = coding == "identity" ? kLeast : 0;
    while (!accept_encoding.empty()) {
        const std::string_view element = next_element(accept_encoding);
        const std::size_t end = element.find(';');
        const std::string_view name = trim(element.substr(0, end));
        const std::string_view parameters =
            end == std::string_view::npos ? "" : element.substr(end + 1);
        if (equals_ignoring_case(name, coding)) {
            return quality_in(parameters);
        }
        if (name == "*") {
            of_any = quality_in(parameters);
        }
    }
    return of_any;
}

}  // namespace geventd::http
