// SPDX-License-Identifier: MIT
#include "worker/connection/http1.h"

#include <optional>
#include <utility>

#include "http/forwarded.h"
#include "http/path.h"
#include "http/whole_response.h"
#include "log/logger.h"
#include "worker/connection/context.h"
#include "worker/connection/redirect.h"
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

// Warns, once in all workers, when a peer that is not trusted speaks like a proxy: that the
// application silently makes http:// URLs is the commonest fault behind a new proxy. Anybody in the
// internet can send such fields, too: that uses up a warning of its own, which proposes nobody.
void hint_at_proxies(const http::RequestHead& head, const Intake& intake) {
    const Client& client = intake.exchange.client();
    Hints& hints = intake.context.accounts.hints();
    const Hint hint = client.peer.is_near() ? Hint::UntrustedProxy : Hint::UntrustedStranger;
    if (hints.was_told(hint)) {
        return;
    }
    const std::string_view field = http::find_forwarded_field(head);
    if (field.empty() || !hints.take(hint)) {
        return;
    }
    const std::string host = client.peer.host();
    std::string proxy = host.empty() ? "unix" : host;
    if (hint == Hint::UntrustedStranger) {
        proxy = "its address";
    }
    log::warning(
        "a request from {} has {}, which is ignored: REMOTE_ADDR, wsgi.url_scheme and the host are "
        "those of the connection, so URLs that the application makes may begin with http://. If a "
        "proxy of yours has sent it, set listen: {{address: \"{}\", trusted-proxies: [\"{}\"]}}",
        host.empty() ? "a unix socket" : host, field, net::format_address(client.listener.address),
        proxy);
}

// Takes what trusted proxies say of the client, of the path and of the request's id. Who may begin
// with a PROXY header may say the rest by fields.
http::Rejection read_proxies_words(Request& request, const Intake& intake) {
    const Client& sender = intake.exchange.client();
    const http::TrustedProxies& trusted = sender.listener.trusted;
    std::string peer = trusted.empty() ? std::string() : sender.peer.host();
    if (trusted.empty() || !trusted.contains(peer)) {
        hint_at_proxies(request.head, intake);
        return {};
    }
    if (const auto id = http::header_value(request.head, "x-request-id"); is_sane_id(id)) {
        request.id = id;
    }
    http::ForwardedClient& client = request.client;
    http::Rejection rejection;
    if (sender.proxied) {
        request.peer = sender.host();  // the client's address may point there
        rejection = http::read_forwarded(request.head, peer, request.peer, trusted, client);
        client.scheme = sender.proxied->tls ? "https" : client.scheme;
    } else {
        request.peer = std::move(peer);
        rejection = http::read_forwarded(request.head, request.peer, std::nullopt, trusted, client);
    }
    if (sender.listener.forwarded_prefix) {
        client.prefix = http::read_forwarded_prefix(request.head);
    }
    return rejection;
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
    const http::Rejection told = read_proxies_words(request, intake);
    return rejection.status != 0 ? rejection : told;
}

bool is_health_check(const Request& request, const Intake& intake) {
    const std::string& path = intake.exchange.client().listener.health;
    return !path.empty() && request.path_info == path &&
           (request.head.method == "GET" || request.head.method == "HEAD");
}

// A sign of life: that the loop turns is all it tells. It is counted and logged nowhere.
std::string health_answer(const Request& request, const Context& context) {
    http::WholeResponse response = context.leaving ? http::WholeResponse::line(503, "stopping")
                                                   : http::WholeResponse::line(200, "alive");
    response.head_only = request.head.method == "HEAD";
    response.extra_fields = "Cache-Control: no-store\r\n";
    return response.bytes(context.turn.epoch());
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
    if (is_health_check(request, intake)) {
        return {.state = Parsed::State::Answered, .answer = health_answer(request, intake.context)};
    }
    const int https_port = intake.exchange.client().listener.redirect_https;
    if (https_port != 0 && is_redirected(request)) {
        return redirect_to_https(request, https_port);
    }
    const std::size_t of_body = request.body.feed(bytes.substr(end));
    if (request.body.failed()) {
        return Parsed::refused(request.body.rejection());
    }
    request.sent.told_to_continue = !request.head.expect_continue || request.body.started();
    return {.state = Parsed::State::Request, .used = end + of_body};
}

}  // namespace geventd::worker
