// SPDX-License-Identifier: MIT
#include "http/control_scan.h"
#include "http/head_parser.h"
#include "http/octets.h"

namespace geventd::http {

namespace {

constexpr std::string_view kProxySignature{"\r\n\r\n\0\r\nQUIT\n", 12};

}  // namespace

HeadScanner::State HeadScanner::reject(int status, std::string_view reason) {
    rejection_ = {status, reason};
    return State::Rejected;
}

/// Names the byte at `at`, the first that no head may contain there.
HeadScanner::State HeadScanner::reject_control(std::string_view bytes, std::size_t at) {
    const char byte = bytes[at];
    if (at == begin_ && byte == '\0') {
        if (bytes.substr(0, at + 1) == kProxySignature.substr(0, at + 1)) {
            return reject(400, "a PROXY protocol header is not expected on this socket");
        }
        return reject(400, "this is an HTTP socket, a uwsgi packet was sent to it");
    }
    if (at == begin_ && byte == '\x16') {
        return reject(400, "this is a plain HTTP socket, a TLS handshake was sent to it");
    }
    if (byte == '\n') {
        return reject(400, "LF without CR in the request head");
    }
    if (byte == '\r') {
        return reject(400, "CR without LF in the request head");
    }
    return reject(400, "control character in the request head");
}

/// Checks the limits for an unfinished head that is at least `size` bytes long.
HeadScanner::State HeadScanner::check_limits(std::size_t size, const HeadLimits& limits) {
    if (size <= limits.head) {
        return State::Incomplete;
    }
    // Endless empty lines before a request line are no target.
    return in_request_line() && begin_ <= limits.head ? reject(414, "request target too long")
                                                      : reject(431, "request head too large");
}

HeadScanner::State HeadScanner::scan(std::string_view bytes, const HeadLimits& limits) {
    if (rejection_.status != 0) {
        return State::Rejected;
    }
    while (true) {
        if (line_ < bytes.size() && is_blank(bytes[line_])) {
            return reject(400, in_request_line() ? "blank before the request line"
                                                 : "folded or indented header line");
        }
        const std::size_t at = find_control(bytes, seen_);
        seen_ = at;
        if (check_limits(at, limits) == State::Rejected) {
            return State::Rejected;
        }
        if (at == bytes.size() || (bytes[at] == '\r' && at + 1 == bytes.size())) {
            return State::Incomplete;
        }
        if (bytes[at] != '\r' || bytes[at + 1] != '\n') {
            return reject_control(bytes, at);
        }
        const bool empty = at == line_;
        const bool leading = empty && in_request_line();
        line_ = seen_ = at + 2;
        if (leading) {
            begin_ = line_;
        } else if (empty) {
            end_ = line_;
            return end_ > limits.head ? reject(431, "request head too large") : State::Complete;
        }
    }
}

}  // namespace geventd::http
