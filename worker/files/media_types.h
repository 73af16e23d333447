// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace geventd::worker {

/// The Content-Type of a file by the ending of its name, whatever its case: by `own` types, given
/// in lower case as ".svg", before the built-in ones. Built-in types of text say that they are
/// UTF-8; an own type is sent as it is. Without a known ending it is application/octet-stream.
std::string media_type(std::string_view name, const std::map<std::string, std::string>& own);

}  // namespace geventd::worker
