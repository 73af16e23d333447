// SPDX-License-Identifier: MIT
#include "tls/context.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <stdexcept>

#include <fmt/core.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace geventd::tls {

namespace {

// Forward secrecy and authenticated encryption: what every client of the last ten years has.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// How long a session can be resumed. The keys of tickets turn in half that time
// (master/replace/certificate_renewal.cpp), and the two former ones still open tickets.
constexpr int kSessionSeconds = 8 * 60 * 60;

// Each with its length before it, the preferred one first.
constexpr unsigned char kProtocols[] = "\x08http/1.1\x08http/1.0";

void require(int result, const char* deed) {
    if (result != 1) {
        throw std::runtime_error(fmt::format("{}: {}", deed, take_reason()));
    }
}

// Clients that offer protocols and none of ours are refused (RFC 7301), so that their bytes for
// another service cannot be replayed here.
int on_protocols(SSL*, const unsigned char** chosen, unsigned char* size,
                 const unsigned char* offered, unsigned int offered_size, void*) {
    unsigned char* found = nullptr;
    const int result = SSL_select_next_proto(&found, size, kProtocols, sizeof kProtocols - 1,
                                             offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool set_up_mac(EVP_MAC_CTX* mac, const TicketKey& key) {
    std::array<char, 7> digest{"SHA256"};
    std::array<std::uint8_t, 32> secret = key.mac;  // OpenSSL's parameters take no const
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

// What OpenSSL's macros do, with a cast that they leave to C.
template <typename Callback>
void set_callback(SSL_CTX* context, int which, Callback callback) {
    SSL_CTX_callback_ctrl(context, which,
                          reinterpret_cast<void (*)()>(callback));  // NOLINT: OpenSSL's interface
}

// A wildcard stands for one label. "": there is none.
std::string wildcard_over(std::string_view host) {
    const std::size_t dot = host.find('.');
    return dot == std::string_view::npos ? "" : "*" + std::string(host.substr(dot));
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

}  // namespace

Context::Context(const Endpoint& endpoint, std::vector<TicketKey> tickets)
    : tickets_(std::move(tickets)), asks_(endpoint.clients != ClientCertificates::None) {
    for (const Pair& pair : endpoint.pairs) {
        try {
            identities_.push_back(Identity::parse(pair));
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(pair.name + " " + error.what());
        }
        if (!pair.ocsp.empty()) {
            staples_.emplace(identities_.back().certificate.get(), pair.ocsp);
        }
    }
    if (asks_) {
        read_authorities(endpoint.client_ca);
    }
    std::map<Choice, SSL_CTX*> made;
    const auto context_of = [&](const Choice& choice) {
        SSL_CTX*& context = made[choice];
        if (context == nullptr) {
            contexts_.push_back(make_context(endpoint, choice));
            context = contexts_.back().get();
        }
        return context;
    };
    const std::map<std::string, Choice> by_name = choices();
    const std::vector<std::string> first = identities_.at(0).names();
    context_of(first.empty() ? Choice{0} : by_name.at(first.front()));
    for (const auto& [name, choice] : by_name) {
        by_name_.emplace(name, context_of(choice));
    }
    set_callback(contexts_.front().get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                 &Context::on_server_name);
    SSL_CTX_set_tlsext_servername_arg(contexts_.front().get(), this);
}

// Which certificates are for a name: the first of each kind of key. Kinds that only a wildcard over
// the name has are added.
std::map<std::string, Context::Choice> Context::choices() const {
    std::map<std::string, Choice> by_name;
    for (std::size_t i = 0; i < identities_.size(); ++i) {
        for (const std::string& name : identities_[i].names()) {
            add_kind(by_name[name], i);
        }
    }
    for (auto& [name, choice] : by_name) {
        const auto wildcard = by_name.find(wildcard_over(name));
        if (wildcard != by_name.end() && wildcard->first != name) {
            for (const std::size_t index : wildcard->second) {
                add_kind(choice, index);
            }
        }
    }
    return by_name;
}

void Context::add_kind(Choice& choice, std::size_t index) const {
    const auto kind = [this](std::size_t of) {
        return EVP_PKEY_get_base_id(identities_[of].key.get());
    };
    const bool has_kind = std::any_of(choice.begin(), choice.end(), [&](std::size_t other) {
        return kind(other) == kind(index);
    });
    if (!has_kind) {
        choice.push_back(index);
    }
}

ContextPtr Context::make_context(const Endpoint& endpoint, const Choice& choice) {
    ERR_clear_error();
    ContextPtr context(SSL_CTX_new(TLS_server_method()));
    if (!context) {
        throw std::bad_alloc();
    }
    for (const std::size_t index : choice) {
        const Identity& identity = identities_[index];
        require(SSL_CTX_use_cert_and_key(context.get(), identity.certificate.get(),
                                         identity.key.get(), identity.others.get(), 1),
                endpoint.pairs[index].name.c_str());
    }
    set_options(context.get(), endpoint);
    SSL_CTX_set_app_data(context.get(), this);
    SSL_CTX_set_alpn_select_cb(context.get(), &on_protocols, nullptr);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), &Context::on_ticket);
    SSL_CTX_set_session_ticket_cb(context.get(), nullptr, &Context::on_session, nullptr);
    set_callback(context.get(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, &Context::on_status_request);
    SSL_CTX_set_tlsext_status_arg(context.get(), this);
    if (asks_) {
        ask_for_certificates(context.get(), endpoint.clients == ClientCertificates::Require);
    }
    return context;
}

void Context::set_options(SSL_CTX* context, const Endpoint& endpoint) const {
    const int oldest = endpoint.only_newest ? TLS1_3_VERSION : TLS1_2_VERSION;
    require(static_cast<int>(SSL_CTX_set_min_proto_version(context, oldest)), "the oldest TLS");
    require(SSL_CTX_set_cipher_list(context,
                                    endpoint.ciphers.empty() ? kCiphers : endpoint.ciphers.c_str()),
            "ciphers");
    SSL_CTX_set_dh_auto(context, 1);  // for ciphers that the configuration may name
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    // One record a call: a client that does nothing but change its keys holds nobody up.
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, kSessionSeconds);
    if (tickets_.empty()) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    }
    std::array<unsigned char, SHA256_DIGEST_LENGTH> scope{};
    SHA256(reinterpret_cast<const unsigned char*>(endpoint.session_scope.data()),
           endpoint.session_scope.size(), scope.data());
    require(SSL_CTX_set_session_id_context(context, scope.data(), scope.size()),
            "the scope of sessions");
}

void Context::read_authorities(std::string_view pem) {
    authorities_ = parse_certificates(pem);
    store_.reset(X509_STORE_new());
    if (!store_) {
        throw std::bad_alloc();
    }
    for (const X509Ptr& authority : authorities_) {
        require(X509_STORE_add_cert(store_.get(), authority.get()), "client-ca");
    }
}

void Context::ask_for_certificates(SSL_CTX* context, bool requires_one) const {
    SSL_CTX_set1_cert_store(context, store_.get());
    for (const X509Ptr& authority : authorities_) {
        require(SSL_CTX_add_client_CA(context, authority.get()), "client-ca");
    }
    SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | (requires_one ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
}

SslPtr Context::make_connection() const {
    ERR_clear_error();
    SslPtr ssl(SSL_new(contexts_.front().get()));
    if (!ssl) {
        throw std::bad_alloc();
    }
    SSL_set_accept_state(ssl.get());
    return ssl;
}

SSL_CTX* Context::find(std::string_view host) const {
    auto found = by_name_.find(host);
    if (found == by_name_.end()) {
        found = by_name_.find(wildcard_over(host));
    }
    return found == by_name_.end() ? nullptr : found->second;
}

const TicketKey* Context::find_key(const unsigned char* name) const {
    const auto found = std::find_if(tickets_.begin(), tickets_.end(), [name](const TicketKey& key) {
        return std::memcmp(key.name.data(), name, key.name.size()) == 0;
    });
    return found == tickets_.end() ? nullptr : &*found;
}

int Context::on_server_name(SSL* ssl, int*, void* self) noexcept {
    const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (host == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    try {
        SSL_CTX* const context = static_cast<Context*>(self)->find(lower_case(host));
        if (context == nullptr) {
            return SSL_TLSEXT_ERR_NOACK;
        }
        return SSL_set_SSL_CTX(ssl, context) == nullptr ? SSL_TLSEXT_ERR_ALERT_FATAL
                                                        : SSL_TLSEXT_ERR_OK;
    } catch (const std::bad_alloc&) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
}

// Returns 1: go on; 2: go on and give the client a newer ticket, as clients of TLS 1.3 use each one
// once; 0: a full handshake; -1: failed.
int Context::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int seals) noexcept {
    const auto* self = static_cast<const Context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    if (seals != 0) {
        const TicketKey& key = self->tickets_.front();
        std::copy(key.name.begin(), key.name.end(), name);
        const bool sealed =
            RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
            EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
            set_up_mac(mac, key);
        return sealed ? 1 : -1;
    }
    const TicketKey* key = self->find_key(name);
    if (key == nullptr) {
        return 0;
    }
    const bool opened =
        set_up_mac(mac, *key) &&
        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1;
    const bool is_fresh = key == &self->tickets_.front() && SSL_version(ssl) < TLS1_3_VERSION;
    return !opened ? -1 : is_fresh ? 1 : 2;
}

// What becomes of a ticket that was opened, or could not be. A session does not outlive the
// certificate that its client has shown.
SSL_TICKET_RETURN Context::on_session(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                                      SSL_TICKET_STATUS status, void*) noexcept {
    const X509* client = session == nullptr ? nullptr : SSL_SESSION_get0_peer(session);
    if (client != nullptr && X509_cmp_current_time(X509_get0_notAfter(client)) <= 0) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    switch (status) {
        case SSL_TICKET_SUCCESS:
            return SSL_TICKET_RETURN_USE;
        case SSL_TICKET_SUCCESS_RENEW:
            return SSL_TICKET_RETURN_USE_RENEW;
        default:
            return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
}

int Context::on_status_request(SSL* ssl, void* self) noexcept {
    const auto& staples = static_cast<const Context*>(self)->staples_;
    const auto found = staples.find(SSL_get_certificate(ssl));
    if (found == staples.end()) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    const std::string& response = found->second;
    void* const copy = OPENSSL_memdup(response.data(), response.size());  // OpenSSL frees it
    if (copy == nullptr) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<int>(response.size()));
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace geventd::tls
