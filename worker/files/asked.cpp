// SPDX-License-Identifier: MIT
#include "worker/files/asked.h"

#include <array>
#include <cstddef>
#include <utility>

#include "http/octets.h"

namespace geventd::worker {

namespace {

struct Field {
    std::string_view name;      ///< in lower case
    std::string_view variable;  ///< as a variable of the uwsgi protocol
};

enum Place : std::size_t {
    kRange,
    kIfRange,
    kIfMatch,
    kIfNoneMatch,
    kAcceptEncoding,
    kIfModifiedSince,
    kIfUnmodifiedSince,
    kPlaces,
};

// In the order of Place.
constexpr std::array<Field, kPlaces> kFields{{
    {"range", "HTTP_RANGE"},
    {"if-range", "HTTP_IF_RANGE"},
    {"if-match", "HTTP_IF_MATCH"},
    {"if-none-match", "HTTP_IF_NONE_MATCH"},
    {"accept-encoding", "HTTP_ACCEPT_ENCODING"},
    {"if-modified-since", "HTTP_IF_MODIFIED_SINCE"},
    {"if-unmodified-since", "HTTP_IF_UNMODIFIED_SINCE"},
}};

bool is_list(std::size_t place) {
    return place == kIfMatch || place == kIfNoneMatch || place == kAcceptEncoding;
}

// The fields as they are found.
struct Values {
    std::array<std::string_view, kPlaces> found;
    std::map<std::size_t, std::string> joined;
    std::array<int, kPlaces> lines{};

    void add(std::size_t place, std::string_view value) {
        ++lines.at(place);
        std::string_view& known = found.at(place);
        if (!is_list(place) || known.empty()) {
            known = value;
            return;
        }
        std::string& whole = joined[place];
        if (whole.empty()) {
            whole = known;
        }
        known = whole.append(", ").append(value);
    }
};

// The length of its name rules out most fields.
void take_header(const http::Header& header, Values& values) {
    const std::size_t size = header.name.size();
    if (size != 5 && size != 8 && size != 13 && size != 15 && size != 17 && size != 19) {
        return;
    }
    for (std::size_t place = 0; place < kPlaces; ++place) {
        if (http::equals_ignoring_case(header.name, kFields.at(place).name)) {
            values.add(place, header.value);
        }
    }
}

void take_variable(const uwsgi::Var& var, Values& values) {
    for (std::size_t place = 0; place < kPlaces; ++place) {
        if (var.key == kFields.at(place).variable) {
            values.add(place, var.value);
        }
    }
}

}  // namespace

Asked asked_by(const Request& request) {
    Values values;
    for (const http::Header& header : request.head.headers) {
        take_header(header, values);
    }
    for (const uwsgi::Var& var : request.vars.environ) {
        take_variable(var, values);
    }
    if (values.lines[kRange] > 1 || values.lines[kIfRange] > 1) {
        values.found[kRange] = {};
    }
    const auto& found = values.found;
    Asked asked;
    asked.conditions = {.if_match = found[kIfMatch],
                        .if_none_match = found[kIfNoneMatch],
                        .if_modified_since = found[kIfModifiedSince],
                        .if_unmodified_since = found[kIfUnmodifiedSince],
                        .if_range = found[kIfRange],
                        .range = found[kRange]};
    asked.accept_encoding = found[kAcceptEncoding];
    for (std::size_t place = 0; place < kPlaces; ++place) {
        asked.has_conditions =
            asked.has_conditions || (place != kAcceptEncoding && !found.at(place).empty());
    }
    asked.joined = std::move(values.joined);
    asked.head_only = request.head.method == "HEAD";
    return asked;
}

}  // namespace geventd::worker
