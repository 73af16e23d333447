// SPDX-License-Identifier: MIT
#include "http/path.h"

#include <cstddef>

#include "http/octets.h"

namespace geventd::http {

Rejection decode_path(std::string_view path, std::string& decoded) {
    decoded.clear();
    std::size_t from = 0;
    while (true) {
        const std::size_t escape = path.find('%', from);
        decoded.append(path.substr(from, escape - from));
        if (escape == std::string_view::npos) {
            return {};
        }
        if (path.size() - escape < 3) {
            return {400, "incomplete percent-escape in the path"};
        }
        const int high = hex_value(path[escape + 1]);
        const int low = hex_value(path[escape + 2]);
        if (high < 0 || low < 0) {
            return {400, "invalid percent-escape in the path"};
        }
        const int byte = high * 16 + low;
        if (byte == 0) {
            return {400, "NUL in the path"};
        }
        decoded.push_back(static_cast<char>(byte));
        from = escape + 3;
    }
}

}  // namespace geventd::http
