// SPDX-License-Identifier: MIT
#include "http/fields.h"

#include <cstddef>
#include <limits>

#include "http/host.h"
#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr Rejection kFine{};

/// What the fields so far have said that can be judged only after the last one.
struct Seen {
    int hosts = 0;
    int lengths = 0;
    int codings = 0;       ///< Transfer-Encoding fields
    bool chunked = false;  ///< the last coding so far is chunked
    bool unknown_coding = false;
    bool close = false;
    bool keep_alive = false;
};

Rejection on_host(Header& field, RequestHead& head, Seen& seen) {
    if (++seen.hosts > 1) {
        return {400, "more than one Host field"};
    }
    if (!is_valid_host(field.value)) {
        return {400, "invalid Host field"};
    }
    if (head.authority.empty()) {
        head.authority = field.value;
    } else {
        field.value = head.authority;  // RFC 9112 3.2.2: of an absolute-form target
    }
    return kFine;
}

Rejection on_content_length(const Header& field, RequestHead& head, Seen& seen) {
    if (++seen.lengths > 1) {
        return {400, "more than one Content-Length field"};
    }
    if (!parse_content_length(field.value, head.content_length)) {
        return {400, "invalid Content-Length"};
    }
    head.has_content_length = true;
    return kFine;
}

/// Chunked must be the last coding of all fields, and occur once; conclude() checks the rest.
Rejection on_transfer_encoding(const Header& field, Seen& seen) {
    ++seen.codings;
    std::string_view list = field.value;
    if (list.ends_with(',')) {
        return {400, "malformed Transfer-Encoding"};
    }
    do {
        const std::string_view coding = next_element(list);
        if (seen.chunked || coding.empty()) {
            return {400, "malformed Transfer-Encoding"};
        }
        seen.chunked = equals_ignoring_case(coding, "chunked");
        seen.unknown_coding = seen.unknown_coding || !seen.chunked;
    } while (!list.empty());
    return kFine;
}

void on_connection(const Header& field, RequestHead& head, Seen& seen) {
    std::string_view list = field.value;
    while (!list.empty()) {
        const std::string_view option = next_element(list);
        if (equals_ignoring_case(option, "close")) {
            seen.close = true;
        } else if (equals_ignoring_case(option, "keep-alive")) {
            seen.keep_alive = true;
        } else if (equals_ignoring_case(option, "upgrade")) {
            head.upgrade = head.version_minor > 0;
        }
    }
}

Rejection on_expect(const Header& field, RequestHead& head) {
    if (!equals_ignoring_case(field.value, "100-continue")) {
        return {417, "only 100-continue can be expected"};
    }
    head.expect_continue = head.version_minor > 0;
    return kFine;
}

/// Compares the length first: most fields cost one comparison.
Rejection apply_field(Header& field, RequestHead& head, Seen& seen) {
    switch (field.name.size()) {
        case 4:
            return equals_ignoring_case(field.name, "host") ? on_host(field, head, seen) : kFine;
        case 6:
            return equals_ignoring_case(field.name, "expect") ? on_expect(field, head) : kFine;
        case 7:
            head.about_upgrade = head.about_upgrade || equals_ignoring_case(field.name, "upgrade");
            return kFine;
        case 10:
            if (equals_ignoring_case(field.name, "connection")) {
                on_connection(field, head, seen);
            }
            return kFine;
        case 14:
            return equals_ignoring_case(field.name, "content-length")
                       ? on_content_length(field, head, seen)
                       : kFine;
        case 17:
            if (equals_ignoring_case(field.name, "transfer-encoding")) {
                return on_transfer_encoding(field, seen);
            }
            head.about_upgrade =
                head.about_upgrade || equals_ignoring_case(field.name, "sec-websocket-key");
            return kFine;
        default:
            return kFine;
    }
}

Rejection conclude_codings(const Seen& seen, const RequestHead& head) {
    if (seen.lengths > 0) {
        return {400, "both Content-Length and Transfer-Encoding"};
    }
    if (head.version_minor == 0) {
        return {400, "Transfer-Encoding in an HTTP/1.0 request"};
    }
    if (!seen.chunked) {
        return {400, "chunked is not the final transfer coding"};
    }
    return seen.unknown_coding ? Rejection{501, "transfer coding not implemented"} : kFine;
}

Rejection conclude(const HeadLimits& limits, const Seen& seen, RequestHead& head) {
    const bool http_10 = head.version_minor == 0;
    if (seen.hosts == 0 && !http_10) {
        return {400, "HTTP/1.1 request without a Host field"};
    }
    if (seen.codings > 0) {
        if (const Rejection rejection = conclude_codings(seen, head); rejection.status != 0) {
            return rejection;
        }
    }
    if (limits.body != 0 && head.content_length > limits.body) {
        return {413, "request body too large"};
    }
    if (seen.chunked) {
        head.body = BodyKind::Chunked;
    } else if (head.content_length > 0) {
        head.body = BodyKind::Length;
    }
    head.keep_alive = !seen.close && (!http_10 || seen.keep_alive);
    head.expect_continue = head.expect_continue && head.body != BodyKind::None;
    return kFine;
}

}  // namespace

bool parse_content_length(std::string_view text, std::uint64_t& length) {
    constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t value = 0;
    for (const char byte : text) {
        const auto digit = static_cast<std::uint64_t>(byte - '0');
        if (!is(kDigit, byte) || value > (kMax - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    length = value;
    return !text.empty();
}

Rejection apply_fields(const HeadLimits& limits, RequestHead& head) {
    Seen seen;
    for (Header& field : head.headers) {
        if (const Rejection rejection = apply_field(field, head, seen); rejection.status != 0) {
            return rejection;
        }
    }
    return conclude(limits, seen, head);
}

}  // namespace geventd::http
