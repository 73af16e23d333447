// SPDX-License-Identifier: MIT
// Connection: how TLS begins on it, and what comes in its place.
#include "http/whole_response.h"
#include "log/logger.h"
#include "worker/connection/connection.h"
#include "worker/connection/context.h"
#include "worker/process/listening.h"

namespace geventd::worker {

namespace {

// The type of the record that every handshake begins with.
constexpr char kHandshake = 0x16;

std::string host_of(const Client& client) {
    std::string host = client.host();
    return host.empty() ? "a unix socket" : host;
}

std::string way_of(const Client& client) {
    return host_of(client) + " to " + net::format_address(client.listener.address);
}

bool is_method(std::string_view bytes) {
    return bytes.front() >= 'A' && bytes.front() <= 'Z';
}

}  // namespace

// Called for the first bytes at an https address, behind a PROXY header.
std::size_t Connection::begin_tls(std::string_view bytes) {
    if (bytes.empty()) {
        return wait_for_more();
    }
    tls_awaited_ = false;
    if (bytes.front() != kHandshake) {
        return refuse_plain(bytes);
    }
    std::unique_ptr<net::Transport> transport;
    if (context_.tls != nullptr) {
        const bool is_told = log::enabled(log::Level::Debug);
        transport = context_.tls->accept(client_.listener.index, std::string(bytes),
                                         is_told ? way_of(client_) : std::string());
    }
    if (transport == nullptr) {
        close();
        return bytes.size();
    }
    stream_.put_under(std::move(transport));
    wait_for_more();
    watch(wanted_);  // for what the transport needs now
    return bytes.size();
}

// Whoever speaks HTTP here has followed a wrong URL, and learns of it; others get no answer.
std::size_t Connection::refuse_plain(std::string_view bytes) {
    if (is_method(bytes)) {
        refuse({400, "this port speaks HTTPS, not HTTP: the URL must begin with https://"});
    } else {
        close();
    }
    return bytes.size();
}

// The first request at an address without TLS begins like a handshake.
void Connection::tell_of_tls(std::string_view bytes) {
    if (was_used_ || stream_.has_transport() || bytes.empty() || bytes.front() != kHandshake ||
        !context_.accounts.hints().take(Hint::TlsOnPlainPort)) {
        return;
    }
    log::warning(
        "a client at {} speaks TLS to {}, which is an address for plain HTTP: it came by https:// "
        "to this port, or its proxy does; an address for it begins with https://",
        host_of(client_), net::format_address(client_.listener.address));
}

// The header line for answers that come by TLS.
std::string_view Connection::hsts() const {
    return stream_.has_transport() ? std::string_view(client_.listener.hsts) : std::string_view();
}

void Connection::note_transport() {
    if (stream_.has_transport() && client_.secured == nullptr) {
        client_.secured = std::make_unique<Client::Variables>(stream_.transport()->variables());
    }
}

}  // namespace geventd::worker
