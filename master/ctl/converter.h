// SPDX-License-Identifier: MIT
#pragma once

namespace geventd::ctl {

/// Becomes Python's converter of foreign configurations (the folder convert/), which takes these
/// arguments, ended by a nullptr. Throws ErrnoError when there is no python3, std::runtime_error
/// when the converter is missing.
/// Lives in: geventctl.
[[noreturn]] void become_converter(char* const* arguments);

}  // namespace geventd::ctl
