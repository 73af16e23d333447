// SPDX-License-Identifier: MIT
//
// The table of the access log's variables. uWSGI's names keep uWSGI's meanings and units.
#include "log/access_variables.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "log/access_times.h"
#include "log/escape.h"

namespace geventd::log {

namespace {

using Line = AccessTemplate::Line;

/// ASCII that needs no escaping, whether as Text or as Json.
bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char byte) {
        return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    });
}

std::string escape_quoted(std::string_view text, bool ascii_only) {
    std::string quoted;
    for (const char byte : text) {
        if (byte == '"') {
            quoted.append("\\\"");
        } else if (byte == '\\') {
            quoted.append("\\\\");
        } else if (ascii_only && static_cast<unsigned char>(byte) >= 0x80) {
            fmt::format_to(std::back_inserter(quoted), "\\x{:02x}",
                           static_cast<unsigned char>(byte));
        } else {
            quoted.push_back(byte);
        }
    }
    return escape_controls(quoted);
}

void put_text(Line& line, std::string_view value, bool ascii_only) {
    if (value.empty()) {
        line.out.append(line.dash ? "-" : "");
    } else if (is_plain(value)) {
        line.out.append(value);
    } else {
        line.out.append(line.escape == Escape::Json ? escape_json(value)
                                                    : escape_quoted(value, ascii_only));
    }
}

void text(Line& line, std::string_view value) {
    put_text(line, value, false);
}

/// A request's target or a part of it, which is ASCII by its standard: what a client sends instead
/// is shown byte by byte, as nginx does, so that two targets never look the same.
void target(Line& line, std::string_view value) {
    put_text(line, value, true);
}

template <typename T>
void number(Line& line, T value) {
    const fmt::format_int digits(value);
    line.out.append(digits.data(), digits.size());
}

/// Seconds with six decimals.
void seconds(Line& line, std::int64_t micros) {
    fmt::format_to(std::back_inserter(line.out), "{}.{:06}", micros / 1'000'000,
                   micros % 1'000'000);
}

std::string_view client_of(const AccessRecord& record) {
    return record.client.empty() ? record.addr : record.client;
}

struct Entry {
    std::string_view name;
    AccessTemplate::Append append;
};

constexpr std::uint64_t kMiB = 1U << 20U;

/// A longer time is left out.
constexpr std::size_t kMostTime = 256;

// clang-format off
constexpr std::array kEntries = std::to_array<Entry>({
    {"addr", [](Line& l) { text(l, l.record.addr); }},
    {"allreq", [](Line& l) { number(l, l.record.all_requests); }},
    {"app", [](Line& l) { number(l, l.record.app); }},
    {"bytes_in", [](Line& l) { number(l, l.record.bytes_in); }},
    {"cl", [](Line& l) { number(l, l.record.content_length); }},
    {"client", [](Line& l) { text(l, client_of(l.record)); }},
    {"client_gone", [](Line& l) { l.out.append(l.record.client_gone ? "true" : "false"); }},
    {"core", [](Line& l) { number(l, l.record.core); }},
    {"cpu", [](Line& l) { number(l, l.record.cpu); }},
    {"ctime", [](Line& l) { l.out.append(l.ctime); }},
    {"epoch", [](Line& l) { number(l, (l.record.start + l.record.duration) / 1'000'000); }},
    {"ftime", [](Line& l) { l.out.append(l.iso); }},
    {"headers", [](Line& l) { number(l, l.record.response_headers); }},
    {"host", [](Line& l) { text(l, l.record.host); }},
    {"hsize", [](Line& l) { number(l, l.record.head_bytes); }},
    {"ioerr", [](Line& l) { number(l, l.record.read_errors + l.record.write_errors); }},
    {"ltime", [](Line& l) { l.out.append(l.ltime); }},
    {"messages_in", [](Line& l) { number(l, l.record.messages_in); }},
    {"messages_out", [](Line& l) { number(l, l.record.messages_out); }},
    {"method", [](Line& l) { text(l, l.record.method); }},
    {"micros", [](Line& l) { number(l, l.record.duration); }},
    {"modifier1", [](Line& l) { number(l, l.record.modifier1); }},
    {"modifier2", [](Line& l) { number(l, l.record.modifier2); }},
    {"msecs", [](Line& l) { number(l, l.record.duration / 1000); }},
    {"path", [](Line& l) { text(l, l.record.path); }},
    {"pid", [](Line& l) { number(l, l.record.pid); }},
    {"pktsize", [](Line& l) { number(l, l.record.request_bytes); }},
    {"proto", [](Line& l) { text(l, l.record.protocol); }},
    {"query", [](Line& l) { target(l, l.record.query); }},
    {"queue_time", [](Line& l) { number(l, l.record.queue_time); }},
    {"referer", [](Line& l) { text(l, l.record.referer); }},
    {"req", [](Line& l) { number(l, l.record.worker_requests); }},
    {"request_id", [](Line& l) { text(l, l.record.request_id); }},
    {"rerr", [](Line& l) { number(l, l.record.read_errors); }},
    {"rsize", [](Line& l) { number(l, l.record.body_bytes); }},
    {"rss", [](Line& l) { number(l, l.record.rss); }},
    {"rssM", [](Line& l) { number(l, l.record.rss / kMiB); }},
    {"scheme", [](Line& l) { text(l, l.record.scheme); }},
    {"secs", [](Line& l) { seconds(l, l.record.duration); }},
    {"size", [](Line& l) { number(l, l.record.head_bytes + l.record.body_bytes); }},
    {"status", [](Line& l) { number(l, l.record.status); }},
    {"switches", [](Line& l) { number(l, l.record.switches); }},
    {"time", [](Line& l) { number(l, l.record.start / 1'000'000); }},
    {"tmicros", [](Line& l) { number(l, l.record.start); }},
    {"tmsecs", [](Line& l) { number(l, l.record.start / 1000); }},
    {"ttfb", [](Line& l) { number(l, l.record.time_to_first_byte); }},
    {"uagent", [](Line& l) { text(l, l.record.user_agent); }},
    {"uri", [](Line& l) { target(l, l.record.uri); }},
    {"user", [](Line& l) { text(l, l.record.user); }},
    {"vars", [](Line& l) { number(l, l.record.vars); }},
    {"vsz", [](Line& l) { number(l, l.record.vsz); }},
    {"vszM", [](Line& l) { number(l, l.record.vsz / kMiB); }},
    {"werr", [](Line& l) { number(l, l.record.write_errors); }},
    {"wid", [](Line& l) { number(l, l.record.worker); }},
});

// clang-format on

void var(Line& line) {
    const AccessLookup* lookup = line.record.lookup;
    text(line, lookup != nullptr ? lookup->var(line.argument) : std::string_view{});
}

void logvar(Line& line) {
    const AccessLookup* lookup = line.record.lookup;
    text(line, lookup != nullptr ? lookup->logvar(line.argument) : std::string_view{});
}

/// The time in a format of strftime(3), as uWSGI's log-date and logformat-strftime have it.
void formatted_time(Line& line) {
    const std::string format(line.argument);
    const tm time = local_time(line.record.start / 1'000'000);
    std::array<char, kMostTime> buffer{};
    const std::size_t size = ::strftime(buffer.data(), buffer.size(), format.c_str(), &time);
    text(line, {buffer.data(), size});
}

}  // namespace

AccessVariable find_access_variable(std::string_view name) {
    for (const auto& [prefix, append] : {std::pair{std::string_view("var."), &var},
                                         {std::string_view("logvar."), &logvar},
                                         {std::string_view("strftime."), &formatted_time}}) {
        if (name.size() > prefix.size() && name.starts_with(prefix)) {
            return {append, name.substr(prefix.size())};
        }
    }
    for (const Entry& entry : kEntries) {
        if (entry.name == name) {
            return {entry.append, {}};
        }
    }
    return {};
}

std::string list_access_variables() {
    std::string names;
    for (const Entry& entry : kEntries) {
        names.append(entry.name).append(", ");
    }
    return names.append("var.NAME, logvar.NAME, strftime.FORMAT");
}

}  // namespace geventd::log
