// SPDX-License-Identifier: MIT
#include "http/request_head.h"

#include "http/octets.h"

namespace geventd::http {

std::string_view header_value(const RequestHead& head, std::string_view lower) {
    for (const Header& header : head.headers) {
        if (equals_ignoring_case(header.name, lower)) {
            return header.value;
        }
    }
    return {};
}

}  // namespace geventd::http
