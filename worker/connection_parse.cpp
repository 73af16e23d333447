// SPDX-License-Identifier: MIT
// The understanding part of a connection: received bytes become a request, of HTTP or of the
// uwsgi protocol, or a refusal.
#include "http/forwarded.h"
#include "http/path.h"
#include "log/logger.h"
#include "uwsgi/packet.h"
#include "worker/connection.h"
#include "worker/worker.h"

namespace geventd::worker {

namespace {

constexpr http::Rejection kFine{};

// What the head of an HTTP request says, from a uwsgi request's variables.
void fill_head(http::RequestHead& head, const uwsgi::RequestVars& vars) {
    head = {};
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
}

std::string_view header_value(const http::RequestHead& head, std::string_view name) {
    for (const http::Header& header : head.headers) {
        if (header.name.size() == name.size() &&
            ::strncasecmp(header.name.data(), name.data(), name.size()) == 0) {
            return header.value;
        }
    }
    return {};
}

bool is_sane_id(std::string_view id) {
    return !id.empty() && id.size() <= 128 &&
           id.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "-_.:/+=@") == std::string_view::npos;
}

}  // namespace

// Looks for a request in `bytes` and returns how many of them are done with. A complete one
// leaves the connection in ReadingBody with a request, a bad one in Lingering.
std::size_t Connection::parse_one(std::string_view bytes) {
    if (proxy_awaited_) {
        const std::size_t used = parse_proxy_header(bytes);
        if (proxy_awaited_ || state_ == State::Lingering) {
            return used;
        }
        return used + parse_one(bytes.substr(used));
    }
    return listener_.address.protocol == net::Protocol::Http ? parse_http(bytes)
                                                             : parse_uwsgi(bytes);
}

std::size_t Connection::wait_for_more() {
    if (state_ == State::Idle) {
        state_ = State::ReadingHead;
        worker_.limits().header.start(*this);
    }
    if (!io_.active()) {
        watch_reads();
    }
    return 0;
}

std::size_t Connection::refuse_all(std::string_view bytes, const http::Rejection& rejection) {
    refuse(rejection);
    return bytes.size();
}

// Only a trusted proxy's first bytes are looked at; what does not begin like a PROXY header is a
// request of its own.
std::size_t Connection::parse_proxy_header(std::string_view bytes) {
    static constexpr std::string_view kText = "PROXY ";
    static constexpr std::string_view kBinary("\r\n\r\n\0\r\nQUIT\n", 12);
    const auto begins = [bytes](std::string_view signature) {
        const std::size_t size = std::min(bytes.size(), signature.size());
        return bytes.substr(0, size) == signature.substr(0, size);
    };
    if (!begins(kText) && !begins(kBinary)) {
        proxy_awaited_ = false;
        return 0;
    }
    http::ProxyResult result = http::decode_proxy_header(bytes);
    switch (result.state) {
        case http::ProxyResult::State::Incomplete:
            return wait_for_more();
        case http::ProxyResult::State::Rejected:
            return refuse_all(bytes, result.rejection);
        case http::ProxyResult::State::Complete:
            break;
    }
    proxy_awaited_ = false;
    if (result.header.known) {
        proxied_ = std::make_unique<http::ProxyHeader>(std::move(result.header));
    }
    return result.length;
}

Request& Connection::begin_request(std::string_view head_bytes) {
    request_ = worker_.requests().take();
    request_->connection = this;
    request_->protocol = listener_.address.protocol;
    request_->received = worker_.loop().now();
    request_->head_bytes.assign(head_bytes);
    return *request_;
}

std::size_t Connection::parse_http(std::string_view bytes) {
    switch (scanner_.scan(bytes, worker_.limits().head)) {
        case http::HeadScanner::State::Incomplete:
            return wait_for_more();
        case http::HeadScanner::State::Rejected:
            return refuse_all(bytes, scanner_.rejection());
        case http::HeadScanner::State::Complete:
            break;
    }
    Request& request = begin_request(bytes.substr(scanner_.begin(), scanner_.length()));
    std::size_t used = scanner_.begin() + scanner_.length();
    scanner_.reset();
    http::Rejection rejection = read_http(request);
    if (rejection.status == 0) {
        used += request.body.feed(bytes.substr(used));
        rejection = request.body.rejection();
    }
    if (rejection.status != 0) {
        return refuse_all(bytes, rejection);
    }
    worker_.time_limits().start(request);
    request.continue_sent = !request.head.expect_continue || request.body.started();
    state_ = State::ReadingBody;
    return used;
}

http::Rejection Connection::read_http(Request& request) {
    http::RequestHead& head = request.head;
    http::Rejection rejection = http::parse_head(request.head_bytes, worker_.limits().head, head);
    if (rejection.status != 0) {
        return rejection;
    }
    request.path_info = head.path;
    if (head.path.find('%') != std::string_view::npos) {
        rejection = http::decode_path(head.path, request.decoded_path);
        request.path_info = request.decoded_path;
    }
    request.keep_alive = head.keep_alive;
    request.body.start(head, worker_.limits().request_body);
    if (!listener_.trusted.empty()) {
        request.peer = client_host();
        request.client = http::read_forwarded(head, request.peer, listener_.trusted);
        if (const auto id = header_value(head, "x-request-id");
            listener_.trusted.contains(request.peer) && is_sane_id(id)) {
            request.id = id;
        }
    }
    return rejection;
}

std::size_t Connection::parse_uwsgi(std::string_view bytes) {
    uwsgi::PacketScanner scanner;
    switch (scanner.scan(bytes, worker_.limits().packet)) {
        case uwsgi::PacketScanner::State::Incomplete:
            return wait_for_more();
        case uwsgi::PacketScanner::State::Rejected:
            return refuse_all(bytes, scanner.rejection());
        case uwsgi::PacketScanner::State::Complete:
            break;
    }
    const std::uint8_t modifier1 = scanner.header().modifier1;
    if (!uwsgi::is_request(modifier1)) {
        answer_packet(scanner.header());
        return bytes.size();
    }
    Request& request = begin_request(bytes.substr(0, scanner.length()));
    http::Rejection rejection = read_uwsgi(request, modifier1);
    std::size_t used = scanner.length();
    if (rejection.status == 0) {
        used += request.body.feed(bytes.substr(used));
        rejection = request.body.rejection();
    }
    if (rejection.status != 0) {
        return refuse_all(bytes, rejection);
    }
    worker_.time_limits().start(request);
    request.continue_sent = true;
    state_ = State::ReadingBody;
    return used;
}

http::Rejection Connection::read_uwsgi(Request& request, std::uint8_t modifier1) {
    const std::string_view block = std::string_view(request.head_bytes).substr(uwsgi::kHeaderSize);
    http::Rejection rejection =
        uwsgi::decode_vars(block, worker_.limits().packet, worker_.packet_vars());
    if (rejection.status == 0) {
        rejection = uwsgi::read_request_vars(worker_.packet_vars(), worker_.limits().request_body,
                                             request.vars);
    }
    if (rejection.status != 0) {
        return rejection;
    }
    uwsgi::RequestVars& vars = request.vars;
    worker_.warn_of_magic(vars);
    if (modifier1 == uwsgi::kManagePathInfo &&
        vars.path_info.substr(0, vars.script_name.size()) == vars.script_name) {
        vars.path_info.remove_prefix(vars.script_name.size());
    }
    fill_head(request.head, vars);
    request.path_info = vars.path_info;
    request.keep_alive = false;
    request.body.start(request.head, worker_.limits().request_body);
    return kFine;
}

// A packet that is no request: a ping and a signal are answered, everything else is refused with
// a log line.
void Connection::answer_packet(const uwsgi::PacketHeader& header) {
    std::string answer;
    if (header.modifier1 == uwsgi::kPing) {
        uwsgi::append_packet(answer, uwsgi::kPing, 1);
    } else if (header.modifier1 == uwsgi::kSignal) {
        const bool accepted = worker_.send_signal(header.modifier2);
        uwsgi::append_packet(answer, uwsgi::kResponse, accepted ? 1 : 0);
    } else {
        worker_.refused(*this,
                        {0, "unavailable uwsgi modifier " + std::to_string(header.modifier1)});
    }
    stream_.offer(answer);
    linger();
}

std::string Connection::client_host() const {
    return proxied_ != nullptr ? proxied_->source.address : peer_.host();
}

}  // namespace geventd::worker
