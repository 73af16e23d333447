// SPDX-License-Identifier: MIT
#include "config/text/units.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

#include <fmt/core.h>

namespace geventd::config {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

// Largest first: formatting uses the first unit that divides the value.
constexpr std::array kSizeUnits{Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20},
                                Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};
constexpr std::array kTimeUnits{Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                Unit{"ms", 1}};

// What people write for a unit elsewhere, in lower case and without spaces.
struct Habit {
    std::string_view spelling;
    std::string_view unit;
    std::uint64_t times = 1;
};

constexpr std::array kHabits{
    Habit{"b", "B"},         Habit{"byte", "B"},       Habit{"bytes", "B"},
    Habit{"k", "KiB"},       Habit{"kb", "KiB"},       Habit{"ki", "KiB"},
    Habit{"kib", "KiB"},     Habit{"m", "MiB"},        Habit{"mb", "MiB"},
    Habit{"mi", "MiB"},      Habit{"mib", "MiB"},      Habit{"g", "GiB"},
    Habit{"gb", "GiB"},      Habit{"gi", "GiB"},       Habit{"gib", "GiB"},
    Habit{"t", "GiB", 1024}, Habit{"tb", "GiB", 1024}, Habit{"tib", "GiB", 1024},
    Habit{"ms", "ms"},       Habit{"msec", "ms"},      Habit{"milliseconds", "ms"},
    Habit{"s", "s"},         Habit{"sec", "s"},        Habit{"secs", "s"},
    Habit{"second", "s"},    Habit{"seconds", "s"},    Habit{"m", "m"},
    Habit{"min", "m"},       Habit{"mins", "m"},       Habit{"minute", "m"},
    Habit{"minutes", "m"},   Habit{"h", "h"},          Habit{"hr", "h"},
    Habit{"hour", "h"},      Habit{"hours", "h"},      Habit{"d", "h", 24},
    Habit{"day", "h", 24},   Habit{"days", "h", 24}};

constexpr auto kLargest =
    static_cast<std::uint64_t>(std::numeric_limits<std::chrono::milliseconds::rep>::max());

struct Quantity {
    std::uint64_t number;
    std::string_view unit;
};

Result<Quantity> split(std::string_view text, std::string_view expected) {
    Quantity quantity{};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, quantity.number);
    if (error == std::errc::result_out_of_range) {
        return failure("is too large");
    }
    if (error != std::errc{}) {
        return failure(fmt::format("does not begin with a number, expected {}", expected));
    }
    quantity.unit = {rest, static_cast<std::size_t>(end - rest)};
    return quantity;
}

std::string habitual(std::string_view unit) {
    std::string spelling;
    for (const char letter : unit) {
        if (letter != ' ') {
            spelling += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        }
    }
    return spelling;
}

/// "; did you mean 10MiB?" for "10MB"; empty when nobody knows what is meant.
template <typename Units>
std::string proposal(const Quantity& quantity, const Units& units) {
    const std::string spelling = habitual(quantity.unit);
    for (const Habit& habit : kHabits) {
        const bool fits = std::any_of(units.begin(), units.end(),
                                      [&](const Unit& unit) { return unit.name == habit.unit; });
        if (fits && habit.spelling == spelling && quantity.number <= kLargest / habit.times) {
            return fmt::format("; did you mean {}{}?", quantity.number * habit.times, habit.unit);
        }
    }
    return "";
}

template <typename Units>
Result<std::uint64_t> scale(const Quantity& quantity, const Units& units,
                            std::string_view expected) {
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
        return candidate.name == quantity.unit;
    });
    if (unit == units.end() && quantity.unit.front() == '.') {
        return failure(fmt::format("is no whole number of a unit, expected {}", expected));
    }
    if (unit == units.end()) {
        return failure(fmt::format("has the unknown unit '{}', expected {}{}", quantity.unit,
                                   expected, proposal(quantity, units)));
    }
    if (quantity.number > kLargest / unit->factor) {
        return failure("is too large");
    }
    return quantity.number * unit->factor;
}

template <typename Units>
std::string format(std::uint64_t amount, const Units& units) {
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
        return amount % candidate.factor == 0;
    });
    return fmt::format("{}{}", amount / unit->factor, unit->name);
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::string_view kExpected = "a size such as 512B, 64KiB, 10MiB or 1GiB";
    const auto quantity = split(text, kExpected);
    if (!quantity) {
        return tl::unexpected(quantity.error());
    }
    return quantity->unit.empty() ? scale({quantity->number, "B"}, kSizeUnits, kExpected)
                                  : scale(*quantity, kSizeUnits, kExpected);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr std::string_view kExpected = "a time such as 500ms, 30s, 5m or 1h";
    const auto quantity = split(text, kExpected);
    if (!quantity) {
        return tl::unexpected(quantity.error());
    }
    if (quantity->unit.empty()) {
        if (quantity->number == 0) {
            return std::chrono::milliseconds(0);
        }
        return failure(fmt::format("has no unit, expected {}; did you mean {}s?", kExpected, text));
    }
    const auto amount = scale(*quantity, kTimeUnits, kExpected);
    if (!amount) {
        return tl::unexpected(amount.error());
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(*amount));
}

Result<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc::result_out_of_range) {
        return failure("is too large");
    }
    if (error != std::errc{} || rest != end) {
        return failure("is no whole number");
    }
    return number;
}

std::string format_size(std::uint64_t bytes) {
    if (bytes == 0 || bytes % 1024 != 0) {
        return fmt::format("{}", bytes);
    }
    return format(bytes, kSizeUnits);
}

std::string format_duration(std::chrono::milliseconds duration) {
    if (duration.count() == 0) {
        return "0s";
    }
    return format(static_cast<std::uint64_t>(duration.count()), kTimeUnits);
}

}  // namespace geventd::config
