// SPDX-License-Identifier: MIT
#include "worker/files/asked.h"

#include <array>
#include <cstddef>

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

using Values = std::array<std::string_view, kPlaces>;

// The length of its name rules out most fields.
void take_header(const http::Header& header, Values& values) {
    const std::size_t size = header.name.size();
    if (size != 5 && size != 8 && size != 13 && size != 15 && size != 17 && size != 19) {
        return;
    }
    for (std::size_t place = 0; place < kPlaces; ++place) {
        if (http::equals_ignoring_case(header.name, kFields.at(place).name)) {
            values.at(place) = header.value;
        }
    }
}

void take_variable(const uwsgi::Var& var, Values& values) {
    for (std::size_t place = 0; place < kPlaces; ++place) {
        if (var.key == kFields.at(place).variable) {
            values.at(place) = var.value;
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
    Asked asked;
    asked.conditions = {.if_match = values[kIfMatch],
                        .if_none_match = values[kIfNoneMatch],
                        .if_modified_since = values[kIfModifiedSince],
                        .if_unmodified_since = values[kIfUnmodifiedSince],
                        .if_range = values[kIfRange],
                        .range = values[kRange]};
    asked.accept_encoding = values[kAcceptEncoding];
    for (std::size_t place = 0; place < kPlaces; ++place) {
        asked.has_conditions =
            asked.has_conditions || (place != kAcceptEncoding && !values.at(place).empty());
    }
    asked.head_only = request.head.method == "HEAD";
    return asked;
}

}  // namespace geventd::worker
