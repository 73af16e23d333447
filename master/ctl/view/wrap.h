// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace geventd::ctl {

/// How wide the texts for people are.
constexpr std::size_t kTextWidth = 100;

/// A line of UTF-8, broken at blanks so that no line is wider than kTextWidth, as far as there are
/// blanks. The lines that follow the first are indented by four. Ends with a newline.
std::string wrap(std::string_view line);

}  // namespace geventd::ctl
