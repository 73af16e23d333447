// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace geventd::config {

/// The value of a formula such as `2*cpus+1`: whole numbers and the word cpus, joined by + - * and
/// /, of which the last two bind closer. What is divided is rounded down. The text of a failure
/// completes a sentence whose subject is the formula.
Result<std::int64_t> evaluate(std::string_view formula, std::int64_t cpus);

}  // namespace geventd::config
