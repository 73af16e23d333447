// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace geventd {

/// How many letters must be added, dropped, replaced or swapped with their neighbour to turn one
/// word into the other.
std::size_t edit_distance(std::string_view from, std::string_view to);

/// Whether `word` may be a misspelling of `meant`: close for its length.
bool is_misspelling(std::string_view word, std::string_view meant);

/// The nearest candidate of which `word` may be a misspelling, the first among equals; empty when
/// there is none.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace geventd
