// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tls/identity.h"
#include "tls/material.h"
#include "tls/openssl.h"

namespace geventd::tls {

/// What the connections of an endpoint are made from: for each set of certificates one of
/// OpenSSL's contexts. The first is used unless the client names a host that another is for (SNI).
///
/// OpenSSL calls back with pointers to it, so it neither moves nor ends before its connections.
/// Lives in: worker, loop side.
class Context {
  public:
    /// Throws std::runtime_error.
    Context(const Endpoint& endpoint, std::vector<TicketKey> tickets);
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() = default;

    /// Other keys for tickets from now on. Only to be called where there were some before.
    void seal_with(std::vector<TicketKey> tickets) { tickets_ = std::move(tickets); }

    /// For a new connection. Throws std::bad_alloc.
    [[nodiscard]] SslPtr make_connection() const;

    [[nodiscard]] bool asks_for_certificates() const { return asks_; }

  private:
    /// Indexes of identities, at most one of each kind of key.
    using Choice = std::vector<std::size_t>;

    [[nodiscard]] std::map<std::string, Choice> choices() const;
    void add_kind(Choice& choice, std::size_t index) const;
    ContextPtr make_context(const Endpoint& endpoint, const Choice& choice);
    void set_options(SSL_CTX* context, const Endpoint& endpoint) const;
    void read_authorities(std::string_view pem);
    void ask_for_certificates(SSL_CTX* context, bool requires_one) const;
    [[nodiscard]] SSL_CTX* find(std::string_view host) const;
    [[nodiscard]] const TicketKey* find_key(const unsigned char* name) const;

    static int on_server_name(SSL* ssl, int* alert, void* self) noexcept;
    static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac, int seals) noexcept;
    static SSL_TICKET_RETURN on_session(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                        std::size_t size, SSL_TICKET_STATUS status,
                                        void* self) noexcept;
    static int on_status_request(SSL* ssl, void* self) noexcept;

    std::vector<Identity> identities_;
    std::map<const X509*, std::string> staples_;  ///< by certificate
    std::vector<TicketKey> tickets_;
    std::vector<X509Ptr> authorities_;  ///< who may have signed the clients' certificates
    StorePtr store_;                    ///< the same; all contexts share it
    std::vector<ContextPtr> contexts_;
    std::map<std::string, SSL_CTX*, std::less<>> by_name_;
    bool asks_;
};

}  // namespace geventd::tls
