// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace geventd {

/// A failed system call, thrown while starting or reloading. what() reads "bind 0.0.0.0:80:
/// Permission denied": the deed, the thing it was done to, the cause.
class ErrnoError : public std::system_error {
  public:
    ErrnoError(int code, const std::string& deed)
        : std::system_error(code, std::generic_category(), deed) {}
};

/// Throws ErrnoError for the current errno.
[[noreturn]] void throw_errno(std::string_view deed, std::string_view thing = {});

/// The text of an errno value ("Permission denied"); thread-safe.
std::string errno_text(int code);

}  // namespace geventd
