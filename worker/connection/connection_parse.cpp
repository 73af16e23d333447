// SPDX-License-Identifier: MIT
// Connection: parsing. Received bytes become a PROXY header, a request or a refusal.
#include <algorithm>

#include "worker/connection/connection.h"
#include "worker/connection/context.h"

namespace geventd::worker {

// Looks for a request in `bytes` and returns how many bytes were consumed. A good request leaves
// the connection in ReadingBody, a bad one in Lingering.
std::size_t Connection::parse_one(std::string_view bytes) {
    if (proxy_awaited_) {
        const std::size_t used = parse_proxy_header(bytes);
        if (proxy_awaited_ || state_ == State::Lingering) {
            return used;
        }
        return used + parse_one(bytes.substr(used));
    }
    if (tls_awaited_) {
        return begin_tls(bytes);
    }
    note_transport();
    const Parsed parsed = protocol_.parse(bytes, {context_, *this, scanner_, request_});
    switch (parsed.state) {
        case Parsed::State::Incomplete:
            return wait_for_more();
        case Parsed::State::Refused:
            tell_of_tls(bytes);
            return refuse_all(bytes, parsed.rejection, parsed.fields);
        case Parsed::State::Answered:
            request_ = {};
            stream_.offer(parsed.answer);
            linger();
            return bytes.size();
        case Parsed::State::Request:
            break;
    }
    if (context_.sticky != nullptr && hand_over(bytes)) {
        return bytes.size();
    }
    request_->exchange = this;
    reading_.reset();
    reading_.count(request_->body.buffered());
    writing_.reset();
    context_.time_limits.start(*request_);
    state_ = State::ReadingBody;
    return parsed.used;
}

std::size_t Connection::wait_for_more() {
    if (state_ == State::Idle) {
        state_ = State::ReadingHead;
        context_.limits.header.start(*this);
    }
    if (wanted_ == 0 || stream_.has_bytes()) {
        watch_reads();
    }
    return 0;
}

std::size_t Connection::refuse_all(std::string_view bytes, const http::Rejection& rejection,
                                   std::string_view fields) {
    refuse(rejection, fields);
    return bytes.size();
}

// Called for the first bytes of a trusted proxy. If they do not begin like a PROXY header, they are
// a request.
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
        client_.proxied = std::make_unique<http::ProxyHeader>(std::move(result.header));
    }
    return result.length;
}

}  // namespace geventd::worker
