// SPDX-License-Identifier: MIT
#include "schedule/plan.h"

#include <array>
#include <charconv>
#include <optional>

#include <fmt/core.h>

namespace geventd::schedule {

namespace {

/// Removes the next word from the text and returns it.
std::string_view next_word(std::string_view& text) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    return word;
}

template <typename T>
std::optional<T> next_number(std::string_view& text) {
    const std::string_view word = next_word(text);
    T number{};
    const char* end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, number);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

Result<SchedulePlan> as_plan(const Result<CronEntry>& entry) {
    if (!entry) {
        return failure(entry.error().message);
    }
    return SchedulePlan(*entry);
}

tl::unexpected<Error> unreadable(std::string_view text) {
    return failure(fmt::format("'{}' is no timer, cron entry or monitor", text));
}

Result<SchedulePlan> parse_timer(std::string_view rest, TimerPlan::Kind kind,
                                 std::string_view text) {
    const auto period = next_number<std::int64_t>(rest);
    std::optional<std::uint32_t> iterations = 0;
    if (kind == TimerPlan::Kind::Chain) {
        iterations = next_number<std::uint32_t>(rest);
    }
    if (!period || !iterations) {
        return unreadable(text);
    }
    return SchedulePlan(TimerPlan{std::chrono::milliseconds(*period), kind, *iterations});
}

Result<SchedulePlan> parse_fields(std::string_view rest, std::string_view text) {
    std::array<int, 5> numbers{};
    for (int& number : numbers) {
        const auto read = next_number<int>(rest);
        if (!read) {
            return unreadable(text);
        }
        number = *read;
    }
    return as_plan(
        CronEntry::from_fields({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]}));
}

}  // namespace

std::string timer_text(std::chrono::milliseconds period) {
    return fmt::format("timer {}", period.count());
}

std::string chain_text(std::chrono::milliseconds period, std::uint32_t iterations) {
    return fmt::format("chain {} {}", period.count(), iterations);
}

std::string cron_text(std::string_view entry) {
    return fmt::format("cron {}", entry);
}

std::string fields_text(const CronEntry::Fields& fields) {
    return fmt::format("fields {} {} {} {} {}", fields.minute, fields.hour, fields.day,
                       fields.month, fields.weekday);
}

std::string watch_text(std::string_view path) {
    return fmt::format("watch {}", path);
}

Result<SchedulePlan> parse_plan(std::string_view text) {
    std::string_view rest = text;
    const std::string_view kind = next_word(rest);
    if (kind == "timer") {
        return parse_timer(rest, TimerPlan::Kind::Grid, text);
    }
    if (kind == "chain") {
        return parse_timer(rest, TimerPlan::Kind::Chain, text);
    }
    if (kind == "cron") {
        return as_plan(CronEntry::parse(rest));
    }
    if (kind == "fields") {
        return parse_fields(rest, text);
    }
    if (kind == "watch") {
        return SchedulePlan(MonitorPlan{std::string(rest)});
    }
    return unreadable(text);
}

Result<void> check_plan(const SchedulePlan& plan, std::time_t now) {
    const auto* timer = std::get_if<TimerPlan>(&plan);
    if (timer != nullptr && timer->period.count() <= 0) {
        return failure("timer: the period must be above zero");
    }
    if (timer != nullptr && timer->period > kLongestPeriod) {
        return failure("timer: the period must be below ten years");
    }
    const auto* cron = std::get_if<CronEntry>(&plan);
    if (cron != nullptr && !cron->next_after(now)) {
        return failure("cron: no day of the calendar matches");
    }
    const auto* monitor = std::get_if<MonitorPlan>(&plan);
    if (monitor != nullptr && monitor->path.empty()) {
        return failure("file monitor: the path is empty");
    }
    return {};
}

}  // namespace geventd::schedule
