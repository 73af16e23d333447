// SPDX-License-Identifier: MIT
#include "worker/connection/uwsgi.h"

#include <algorithm>

#include "http/octets.h"
#include "uwsgi/packet.h"
#include "worker/connection/context.h"

namespace geventd::worker {

namespace {

// Fills the head of an HTTP request from the variables of a uwsgi request.
void fill_head(http::RequestHead& head, const uwsgi::RequestVars& vars) {
    head.method = vars.method;
    head.target = vars.request_uri.empty() ? vars.path_info : vars.request_uri;
    head.path = vars.path_info;
    const std::size_t question = head.target.find('?');
    head.query =
        question == std::string_view::npos ? std::string_view() : head.target.substr(question + 1);
    head.version_minor = vars.protocol == "HTTP/1.1" || vars.protocol == "HTTP/2.0" ? 1 : 0;
    head.has_content_length = vars.has_content_length;
    head.content_length = vars.content_length;
    head.body = vars.content_length > 0 ? http::BodyKind::Length : http::BodyKind::None;
    head.keep_alive = false;
    head.upgrade = vars.upgrade && head.version_minor > 0;
    head.about_upgrade = vars.about_upgrade;
}

// The answer repeats the version that the peer named, if it is sane: uWSGI does so, and web servers
// rely on it.
bool is_sane_version(std::string_view named) {
    return named.substr(0, 5) == "HTTP/" && named.size() <= 8 &&
           std::none_of(named.begin(), named.end(),
                        [](char byte) { return byte == ' ' || http::is(http::kControl, byte); });
}

http::Rejection read_vars(Request& request, const Intake& intake, std::uint8_t modifier1) {
    Context& context = intake.context;
    const RequestLimits& limits = context.limits.request;
    const std::string_view block = std::string_view(request.head_bytes).substr(uwsgi::kHeaderSize);
    uwsgi::RequestVars& vars = request.vars;
    // What a former request in this object had is gone, but a refusal is logged with these.
    request.head = {};
    request.path_info = request.version = {};
    request.has_environ = true;
    http::Rejection rejection = uwsgi::decode_vars(block, limits.packet, context.packet_vars);
    if (rejection.status == 0) {
        rejection = uwsgi::read_request_vars(context.packet_vars, limits.body, vars);
        request.version = vars.protocol;
    }
    if (rejection.status != 0) {
        return rejection;
    }
    context.accounts.warn_of_magic(vars);
    if (modifier1 == uwsgi::kManagePathInfo &&
        vars.path_info.substr(0, vars.script_name.size()) == vars.script_name) {
        vars.path_info.remove_prefix(vars.script_name.size());
    }
    fill_head(request.head, vars);
    request.path_info = vars.path_info;
    request.form.version = is_sane_version(vars.protocol) ? vars.protocol : "HTTP/1.0";
    request.form.dialect = http::ResponseWriter::Dialect::Gateway;
    request.form.keep_alive = false;
    request.body.start(request.head, limits.body);
    return {};
}

// For packets that are no requests: answers a ping and a signal; refuses and logs everything else.
Parsed answer_packet(const uwsgi::PacketHeader& header, const Intake& intake) {
    Parsed parsed{.state = Parsed::State::Answered};
    if (header.modifier1 == uwsgi::kPing) {
        uwsgi::append_packet(parsed.answer, uwsgi::kPing, 1);
    } else if (header.modifier1 == uwsgi::kSignal) {
        const bool accepted = intake.context.send_signal(header.modifier2);
        uwsgi::append_packet(parsed.answer, uwsgi::kResponse, accepted ? 1 : 0);
    } else {
        intake.context.accounts.refused(
            intake.exchange, nullptr,
            {0, "unavailable uwsgi modifier " + std::to_string(header.modifier1)}, {});
    }
    return parsed;
}

}  // namespace

Parsed Uwsgi::parse(std::string_view bytes, const Intake& intake) const {
    uwsgi::PacketScanner scanner;
    switch (scanner.scan(bytes, intake.context.limits.request.packet)) {
        case uwsgi::PacketScanner::State::Incomplete:
            return {};
        case uwsgi::PacketScanner::State::Rejected:
            return Parsed::refused(scanner.rejection());
        case uwsgi::PacketScanner::State::Complete:
            break;
    }
    const std::uint8_t modifier1 = scanner.header().modifier1;
    if (!uwsgi::is_request(modifier1)) {
        return answer_packet(scanner.header(), intake);
    }
    Request& request = intake.begin(bytes.substr(0, scanner.length()));
    if (const http::Rejection rejection = read_vars(request, intake, modifier1);
        rejection.status != 0) {
        return Parsed::refused(rejection);
    }
    const std::size_t of_body = request.body.feed(bytes.substr(scanner.length()));
    if (request.body.failed()) {
        return Parsed::refused(request.body.rejection());
    }
    request.sent.told_to_continue = true;
    return {.state = Parsed::State::Request, .used = scanner.length() + of_body};
}

}  // namespace geventd::worker
