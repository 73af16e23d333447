// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <vector>

#include "schedule/cron_entry.h"

// The syntax of a crontab line, without its command:
//
//   line  = "@hourly" ... | field field field field field
//   field = item {"," item}
//   item  = ("*" | value | value "-" value) ["/" step]
//   value = number | name        (names: months and weekdays, three letters, any case)
//
// "value/step" means from the value to the end of the range.

namespace geventd::schedule {

namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kMonths[] = {"",    "jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view kWeekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct TextField {
    const char* name;
    int low;
    int high;
    Names names;
};

constexpr TextField kFields[] = {{"minute", 0, 59, {}},
                                 {"hour", 0, 23, {}},
                                 {"day", 1, 31, {}},
                                 {"month", 1, 12, kMonths},
                                 {"weekday", 0, 7, kWeekdays}};

struct Macro {
    std::string_view name;
    std::string_view text;
};

constexpr Macro kMacros[] = {{"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
                             {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
                             {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
                             {"@annually", "0 0 1 1 *"}};

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    std::size_t start = 0;
    while (start <= text.size()) {
        const std::size_t end = std::min(text.find_first_of(separators, start), text.size());
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

tl::unexpected<Error> wrong(const TextField& field, std::string_view item, const char* why) {
    return failure(std::string("cron ") + field.name + " '" + std::string(item) + "' " + why);
}

std::optional<int> read_number(std::string_view text) {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || text.front() == '-') {
        return std::nullopt;
    }
    return value;
}

Result<int> read_value(const TextField& field, std::string_view text) {
    const std::string name = lower(text);
    for (std::size_t at = 0; at < field.names.size(); ++at) {
        if (!name.empty() && field.names[at] == name) {
            return static_cast<int>(at);
        }
    }
    const std::optional<int> value = text.empty() ? std::nullopt : read_number(text);
    if (!value) {
        return wrong(field, text, "is no number");
    }
    if (*value < field.low || *value > field.high) {
        return wrong(field, text, "is out of range");
    }
    return *value;
}

Result<std::uint64_t> read_item(const TextField& field, std::string_view item) {
    const std::size_t slash = item.find('/');
    const std::string_view range = item.substr(0, slash);
    int low = field.low;
    int high = field.high;
    int step = 1;
    if (range != "*") {
        const std::size_t dash = range.find('-');
        const Result<int> first = read_value(field, range.substr(0, dash));
        if (!first) {
            return failure(first.error().message);
        }
        low = *first;
        high = slash == std::string_view::npos ? low : field.high;
        if (dash != std::string_view::npos) {
            const Result<int> last = read_value(field, range.substr(dash + 1));
            if (!last) {
                return failure(last.error().message);
            }
            high = *last;
        }
    }
    if (slash != std::string_view::npos) {
        const std::string_view text = item.substr(slash + 1);
        step = text.empty() ? 0 : read_number(text).value_or(0);
    }
    if (step < 1 || high < low) {
        return wrong(field, item, step < 1 ? "has no step above 0" : "goes backwards");
    }
    std::uint64_t bits = 0;
    for (int value = low; value <= high; value += step) {
        bits |= std::uint64_t{1} << value;
    }
    return bits;
}

Result<std::uint64_t> read_field(const TextField& field, std::string_view text) {
    std::uint64_t bits = 0;
    for (const std::string_view item : split(text, ",")) {
        Result<std::uint64_t> more = read_item(field, item);
        if (!more) {
            return more;
        }
        bits |= *more;
    }
    return bits;
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> parts = split(text, " \t");
    std::erase_if(parts, [](std::string_view part) { return part.empty(); });
    return parts;
}

}  // namespace

Result<CronEntry> CronEntry::parse(std::string_view text) {
    std::vector<std::string_view> fields = words(text);
    if (fields.size() == 1 && fields[0].front() == '@') {
        const std::string name = lower(fields[0]);
        const auto* macro = std::find_if(std::begin(kMacros), std::end(kMacros),
                                         [&](const Macro& one) { return one.name == name; });
        if (macro == std::end(kMacros)) {
            return failure("cron '" + std::string(text) + "' is unknown");
        }
        fields = words(macro->text);
    }
    if (fields.size() != std::size(kFields)) {
        return failure("cron '" + std::string(text) +
                       "' has not five fields: minute, hour, day, month, weekday");
    }
    std::uint64_t bits[std::size(kFields)] = {};
    for (std::size_t at = 0; at < fields.size(); ++at) {
        const Result<std::uint64_t> read = read_field(kFields[at], fields[at]);
        if (!read) {
            return failure(read.error().message);
        }
        bits[at] = *read;
    }
    CronEntry entry;
    entry.minutes_ = bits[0];
    entry.hours_ = static_cast<std::uint32_t>(bits[1]);
    entry.days_ = static_cast<std::uint32_t>(bits[2]);
    entry.months_ = static_cast<std::uint16_t>(bits[3]);
    entry.weekdays_ = static_cast<std::uint8_t>((bits[4] | bits[4] >> 7) & 0x7f);
    entry.either_day_ = fields[2].front() != '*' && fields[4].front() != '*';
    return entry;
}

}  // namespace geventd::schedule
