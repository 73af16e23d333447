// SPDX-License-Identifier: MIT
#include "http/head_parser.h"

#include "http/field_lines.h"
#include "http/fields.h"
#include "http/request_line.h"

namespace geventd::http {

namespace {

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
    if (const Rejection rejection = parse_request_line(bytes.substr(0, end), head);
        rejection.status != 0) {
        return rejection;
    }
    if (const Rejection rejection = read_field_lines(bytes.substr(end + 2), limits, head);
        rejection.status != 0) {
        return rejection;
    }
    return apply_fields(limits, head);
}

}  // namespace geventd::http
