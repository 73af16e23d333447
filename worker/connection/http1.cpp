// SPDX-License-Identifier: MIT
#include "worker/connection/http1.h"

#include "http/forwarded.h"
#include "http/path.h"
#include "worker/connection/context.h"
#include "worker/process/listening.h"

namespace geventd::worker {

namespace {

using Dialect = http::ResponseWriter::Dialect;

bool is_sane_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 &&
           id.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "-_.:/+=@") == std::string_view::npos;
}

// Takes the client's address and the request id from the headers of trusted proxies.
void read_proxies_words(Request& request, const Exchange& exchange) {
    const http::TrustedProxies& trusted = exchange.client().listener.trusted;
    if (trusted.empty()) {
        return;
    }
    request.peer = exchange.client().host();
    request.client = http::read_forwarded(request.head, request.peer, trusted);
    if (const auto id = http::header_value(request.head, "x-request-id");
        trusted.contains(request.peer) && is_sane_id(id)) {
        request.id = id;
    }
}

http::Rejection read_head(Request& request, const Intake& intake) {
    const RequestLimits& limits = intake.context.limits.request;
    http::RequestHead& head = request.head;
    request.path_info = {};  // of a former request; a refusal is logged with it
    http::Rejection rejection = http::parse_head(request.head_bytes, limits.head, head);
    const bool is_10 = head.version_minor == 0;
    request.version = is_10 ? "HTTP/1.0" : "HTTP/1.1";
    request.form.version = "HTTP/1.1";
    request.form.dialect = is_10 ? Dialect::Http10 : Dialect::Http11;
    if (rejection.status != 0) {
        return rejection;
    }
    request.path_info = head.path;
    if (head.path.find('%') != std::string_view::npos) {
        rejection = http::decode_path(head.path, request.decoded_path);
        request.path_info = request.decoded_path;
    }
    request.form.keep_alive = head.keep_alive;
    request.body.start(head, limits.body);
    read_proxies_words(request, intake.exchange);
    return rejection;
}

}  // namespace

Parsed Http1::parse(std::string_view bytes, const Intake& intake) const {
    http::HeadScanner& scanner = intake.scanner;
    switch (scanner.scan(bytes, intake.context.limits.request.head)) {
        case http::HeadScanner::State::Incomplete:
            return {};
        case http::HeadScanner::State::Rejected:
            return Parsed::refused(scanner.rejection());
        case http::HeadScanner::State::Complete:
            break;
    }
    const std::size_t end = scanner.begin() + scanner.length();
    Request& request = intake.begin(bytes.substr(scanner.begin(), scanner.length()));
    scanner.reset();
    if (const http::Rejection rejection = read_head(request, intake); rejection.status != 0) {
        return Parsed::refused(rejection);
    }
    const std::size_t of_body = request.body.feed(bytes.substr(end));
    if (request.body.failed()) {
        return Parsed::refused(request.body.rejection());
    }
    request.sent.told_to_continue = !request.head.expect_continue || request.body.started();
    return {.state = Parsed::State::Request, .used = end + of_body};
}

}  // namespace geventd::worker
