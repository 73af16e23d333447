// SPDX-License-Identifier: MIT
#include "base/errno_error.h"

#include <cerrno>

namespace geventd {

void throw_errno(std::string_view deed, std::string_view thing) {
    const int code = errno;
    std::string text(deed);
    if (!thing.empty()) {
        text.append(" ").append(thing);
    }
    throw ErrnoError(code, text);
}

std::string errno_text(int code) {
    return std::generic_category().message(code);
}

}  // namespace geventd
