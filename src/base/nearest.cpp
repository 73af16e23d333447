// SPDX-License-Identifier: MIT
#include "base/nearest.h"

#include <algorithm>
#include <limits>

namespace geventd {

namespace {

// Keys and commands are short: a longer word is no misspelling of one, and comparing costs its
// length squared.
constexpr std::size_t kLongestWord = 64;

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
    // Optimal string alignment over three rows: two back (for swaps), the last, the current.
    std::vector<std::size_t> before(to.size() + 1);
    std::vector<std::size_t> last(to.size() + 1);
    std::vector<std::size_t> current(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= from.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            current[j] = std::min({last[j] + 1, current[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                current[j] = std::min(current[j], before[j - 2] + 1);
            }
        }
        std::swap(before, last);
        std::swap(last, current);
    }
    return last[to.size()];
}

bool is_misspelling(std::string_view word, std::string_view meant) {
    if (word.size() > kLongestWord) {
        return false;
    }
    return edit_distance(word, meant) <= std::max<std::size_t>(1, meant.size() / 4);
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    const std::string* best = nullptr;
    std::size_t best_distance = std::numeric_limits<std::size_t>::max();
    for (const std::string& candidate : candidates) {
        if (!is_misspelling(word, candidate)) {
            continue;
        }
        if (const auto distance = edit_distance(word, candidate); distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
    }
    return best == nullptr ? std::string() : *best;
}

}  // namespace geventd
