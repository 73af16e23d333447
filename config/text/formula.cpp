// SPDX-License-Identifier: MIT
#include "config/text/formula.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace geventd::config {

namespace {

/// Nothing here is larger, so that no step overflows.
constexpr std::int64_t kMost = 1'000'000'000;

std::int64_t bounded(std::int64_t value) {
    return std::clamp(value, -kMost, kMost);
}

/// Reads a formula from its beginning to its end.
class Reader {
  public:
    Reader(std::string_view text, std::int64_t cpus) : rest_(text), cpus_(cpus) {}

    Result<std::int64_t> read() {
        const std::int64_t value = sum();
        return fine_ && rest_.empty() ? Result<std::int64_t>(value)
                                      : failure("is no formula such as 2*cpus+1");
    }

  private:
    std::int64_t sum() {
        std::int64_t value = product();
        for (;;) {
            if (take("+")) {
                value = bounded(value + product());
            } else if (take("-")) {
                value = bounded(value - product());
            } else {
                return value;
            }
        }
    }

    std::int64_t product() {
        std::int64_t value = operand();
        for (;;) {
            if (take("*")) {
                value = bounded(value * operand());
            } else if (take("/")) {
                value = quotient(value, operand());
            } else {
                return value;
            }
        }
    }

    std::int64_t quotient(std::int64_t value, std::int64_t divisor) {
        fine_ = fine_ && divisor != 0;
        return fine_ ? value / divisor : 0;
    }

    std::int64_t operand() {
        if (take("cpus")) {
            return cpus_;
        }
        std::int64_t number = 0;
        const auto [end, fault] =
            std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
        fine_ = fine_ && fault == std::errc{} && !rest_.starts_with('-');
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        skip_blanks();
        return bounded(number);
    }

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) {
            return false;
        }
        rest_.remove_prefix(word.size());
        skip_blanks();
        return true;
    }

    void skip_blanks() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    }

    std::string_view rest_;
    std::int64_t cpus_;
    bool fine_ = true;
};

}  // namespace

Result<std::int64_t> evaluate(std::string_view formula, std::int64_t cpus) {
    return Reader(formula, cpus).read();
}

}  // namespace geventd::config
