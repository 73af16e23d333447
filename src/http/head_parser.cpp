// SPDX-License-Identifier: MIT
//
// llhttp reads the header fields; the request line is read here, since llhttp knows a fixed list
// of methods only and a server has to pass any token on. A parser that has already seen a request
// line is kept as the starting point, and copied for each head.
// llhttp's known faults (a lone CR after an empty value, folded lines, Transfer-Encoding in
// HTTP/1.0, empty field names) are closed by HeadScanner before and apply_fields() after it.
#include "http/head_parser.h"

#include <llhttp.h>

#include "http/fields.h"
#include "http/octets.h"
#include "http/request_line.h"

namespace geventd::http {

namespace {

struct Collector {
    const HeadLimits& limits;
    RequestHead& head;
    Rejection rejection;
    bool complete = false;
};

Collector& collector_of(llhttp_t* parser) {
    return *static_cast<Collector*>(parser->data);
}

int refuse(llhttp_t* parser, int status, std::string_view reason) {
    collector_of(parser).rejection = {status, reason};
    return HPE_USER;
}

int on_field(llhttp_t* parser, const char* at, std::size_t length) {
    Collector& into = collector_of(parser);
    if (length == 0) {
        return refuse(parser, 400, "empty header name");
    }
    if (into.head.headers.size() == into.limits.headers) {
        return refuse(parser, 431, "too many header fields");
    }
    into.head.headers.push_back({{at, length}, {}});
    return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t length) {
    RequestHead& head = collector_of(parser).head;
    if (head.headers.empty()) {
        return refuse(parser, 400, "malformed header line");
    }
    head.headers.back().value = trim({at, length});
    return 0;
}

int on_complete(llhttp_t* parser) {
    collector_of(parser).complete = true;
    return HPE_PAUSED;
}

llhttp_settings_t make_settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_complete;
    return settings;
}

/// A parser that stands where the first header field begins.
llhttp_t make_primed(const llhttp_settings_t& settings) {
    constexpr std::string_view kLine = "POST / HTTP/1.1\r\n";
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    llhttp_execute(&parser, kLine.data(), kLine.size());
    return parser;
}

std::string_view describe(llhttp_errno_t error) {
    switch (error) {
        case HPE_INVALID_CONTENT_LENGTH:
            return "invalid Content-Length";
        case HPE_UNEXPECTED_CONTENT_LENGTH:
            return "Content-Length repeated or together with Transfer-Encoding";
        case HPE_INVALID_TRANSFER_ENCODING:
            return "malformed Transfer-Encoding";
        case HPE_INVALID_HEADER_TOKEN:
        case HPE_UNEXPECTED_SPACE:
            return "invalid character in a header name";
        default:
            return "malformed header line";
    }
}

Rejection parse_fields(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
    static const llhttp_settings_t settings = make_settings();
    static const llhttp_t primed = make_primed(settings);
    llhttp_t parser = primed;
    Collector collector{limits, head, {}};
    parser.data = &collector;
    const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
    if (collector.rejection.status != 0) {
        return collector.rejection;
    }
    if (!collector.complete) {
        return {400, describe(error)};
    }
    return {};
}

void clear(RequestHead& head) {
    std::vector<Header> headers = std::move(head.headers);
    headers.clear();
    head = RequestHead{};
    head.headers = std::move(headers);
}

}  // namespace

Rejection parse_head(std::string_view bytes, const HeadLimits& limits, RequestHead& head) {
    clear(head);
    const std::size_t end = bytes.find('\r');
    if (end == std::string_view::npos || bytes.size() - end < 4) {
        return {400, "incomplete request head"};
    }
    if (const Rejection rejection = parse_request_line(bytes.substr(0, end), limits, head);
        rejection.status != 0) {
        return rejection;
    }
    if (const Rejection rejection = parse_fields(bytes.substr(end + 2), limits, head);
        rejection.status != 0) {
        return rejection;
    }
    return apply_fields(limits, head);
}

}  // namespace geventd::http
