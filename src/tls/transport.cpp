// SPDX-License-Identifier: MIT
#include "tls/transport.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <new>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

namespace geventd::tls {

namespace {

using State = net::Stream::State;

// The most that one record carries.
constexpr std::size_t kRecord = 16384;

// So much is encrypted before it is sent.
constexpr std::size_t kBatch = 4 * kRecord;

// What OpenSSL answers by itself, as to attempts to renegotiate, waits for room. More of it than
// that has only a client that does not read.
constexpr std::size_t kMostOwed = 4 * kBatch;

/// The bytes of several parts one after the other, in pieces that fill a record if they can.
class Pieces {
  public:
    Pieces(std::span<const iovec> parts, std::size_t skipped) : parts_(parts) { advance(skipped); }

    /// The next piece, which ends with the next call; "": none is left.
    std::string_view next() {
        if (!parts_.empty() && rest().size() >= kRecord) {
            return rest().substr(0, kRecord);
        }
        std::size_t size = 0;
        std::size_t offset = offset_;
        for (const iovec& part : parts_) {
            const std::size_t count = std::min(part.iov_len - offset, kRecord - size);
            if (count > 0) {
                std::memcpy(joined_.data() + size, static_cast<const char*>(part.iov_base) + offset,
                            count);
            }
            size += count;
            offset = 0;
        }
        return {joined_.data(), size};
    }

    void advance(std::size_t count) {
        while (!parts_.empty() && count >= parts_.front().iov_len - offset_) {
            count -= parts_.front().iov_len - offset_;
            offset_ = 0;
            parts_ = parts_.subspan(1);
        }
        offset_ += count;
    }

  private:
    [[nodiscard]] std::string_view rest() const {
        const iovec& part = parts_.front();
        return std::string_view(static_cast<const char*>(part.iov_base), part.iov_len)
            .substr(offset_);
    }

    std::span<const iovec> parts_;
    std::size_t offset_ = 0;  ///< in the first part
    std::array<char, kRecord> joined_;
};

std::string text_or_empty(const char* text) {
    return text == nullptr ? "" : text;
}

// "/CN=alice/O=Example"
std::string oneline_of(const X509_NAME* name) {
    char* const text = X509_NAME_oneline(name, nullptr, 0);
    if (text == nullptr) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<char, OpensslFreer> owned(text);
    return text;
}

std::string der_of(const X509* certificate) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(certificate, &bytes);
    if (size < 0) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<unsigned char, OpensslFreer> owned(bytes);
    return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

}  // namespace

Transport::Transport(std::shared_ptr<const Context> context, Handshakes& handshakes,
                     std::string early, std::string client)
    : context_(std::move(context)),
      handshakes_(handshakes),
      client_(std::move(client)),
      wire_(std::move(early)),
      ssl_(context_->make_connection()) {
    BIO* const bio = wire_.make_bio().release();
    SSL_set_bio(ssl_.get(), bio, bio);
}

Transport::~Transport() {
    if (!is_up_ && !failed_) {
        handshakes_.failed(Failure::Left, client_, "it was not completed");
    }
}

net::Stream::Result Transport::receive(int fd, std::span<char> into) noexcept {
    wire_.use(fd);
    if (failed_ || ended_) {
        return {State::Ended};
    }
    if (!is_up_) {
        if (const State state = shake_hands(); state != State::Done) {
            return {state};
        }
    }
    ERR_clear_error();
    const int room = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
    const int count = SSL_read(ssl_.get(), into.data(), room);
    wire_.flush();
    if (wire_.unsent() > kMostOwed) {
        failed_ = true;
        return {State::Ended};
    }
    if (count > 0) {
        return {State::Done, static_cast<std::size_t>(count)};
    }
    return {state_after(count)};
}

// Done: the connection is up.
State Transport::shake_hands() noexcept {
    if (!handshakes_.may_begin_step()) {
        return State::Wait;
    }
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    handshakes_.end_step();
    wire_.flush();
    if (result == 1) {
        is_up_ = true;
        handshakes_.succeeded(SSL_session_reused(ssl_.get()) == 1);
        return State::Done;
    }
    return state_after(result);
}

// After a call that has not succeeded.
State Transport::state_after(int result) noexcept {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return wire_.is_broken() ? State::Ended : State::Wait;
        case SSL_ERROR_ZERO_RETURN:
            if (is_up_) {
                ended_ = true;
                return State::Ended;
            }
            break;
        default:
            break;
    }
    failed_ = true;
    if (!is_up_) {
        tell_of_failure();
    }
    ERR_clear_error();
    return State::Ended;
}

void Transport::tell_of_failure() noexcept {
    const Failure failure = failure_of(ERR_peek_last_error());
    try {
        handshakes_.failed(failure, client_, reason());
    } catch (const std::bad_alloc&) {
        handshakes_.failed(failure, client_, "out of memory");
    }
}

// Why the handshake has failed.
std::string Transport::reason() const {
    const auto code = ERR_peek_last_error();
    if (code == 0) {
        return "the client has left";
    }
    const char* said = ERR_reason_error_string(code);
    std::string text = said == nullptr ? "OpenSSL gives no reason" : said;
    if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        text += ": ";
        text += X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
    }
    return text;
}

net::Stream::Result Transport::send(int fd, std::span<const iovec> parts) noexcept {
    wire_.use(fd);
    if (failed_) {
        return {State::Failed};
    }
    if (!is_up_ || !wire_.flush()) {
        return {wire_.is_broken() ? State::Failed : State::Wait};
    }
    std::size_t count = is_ahead_ ? 1 : 0;
    is_ahead_ = false;
    if (!write_all(parts, count) || wire_.is_broken()) {
        return {State::Failed};
    }
    if (wire_.unsent() > 0) {
        is_ahead_ = true;
        --count;
        return {count == 0 ? State::Wait : State::Done, count};
    }
    return {State::Done, count};
}

// Encrypts until the kernel takes no more. Adds to `count`, which are the bytes to skip.
bool Transport::write_all(std::span<const iovec> parts, std::size_t& count) noexcept {
    Pieces pieces(parts, count);
    for (;;) {
        const std::string_view piece = pieces.next();
        if (piece.empty()) {
            wire_.flush();
            return true;
        }
        std::size_t written = 0;
        if (!write(piece, written)) {
            return false;
        }
        pieces.advance(written);
        count += written;
        if (wire_.unsent() >= kBatch && !wire_.flush()) {
            return true;
        }
    }
}

bool Transport::write(std::string_view bytes, std::size_t& count) noexcept {
    ERR_clear_error();
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count) == 1) {
        return true;
    }
    failed_ = true;
    ERR_clear_error();
    return false;
}

void Transport::offer(int fd, std::string_view bytes) noexcept {
    wire_.use(fd);
    std::size_t written = 0;
    while (!bytes.empty() && is_up_ && !failed_ && wire_.flush() && write(bytes, written)) {
        bytes.remove_prefix(written);
    }
    wire_.flush();
}

State Transport::peek(int fd) noexcept {
    wire_.use(fd);
    if (failed_ || ended_) {
        return State::Ended;
    }
    if (!is_up_) {
        return wire_.has_record() ? State::Done : State::Wait;
    }
    ERR_clear_error();
    char byte = 0;
    const int count = SSL_peek(ssl_.get(), &byte, 1);
    wire_.flush();
    const State state = count > 0 ? State::Done : state_after(count);
    return state == State::Wait && has_bytes() ? State::Done : state;  // behind a record of keys
}

void Transport::end_sending(int fd) noexcept {
    wire_.use(fd);
    if (is_up_ && !failed_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    wire_.flush();
}

bool Transport::has_bytes() const noexcept {
    return !failed_ && !ended_ && (SSL_pending(ssl_.get()) > 0 || wire_.has_record());
}

net::Transport::Need Transport::receive_needs() const noexcept {
    return !is_up_ && wire_.unsent() > 0 ? Need::Room : Need::Bytes;
}

net::Transport::Need Transport::send_needs() const noexcept {
    return is_up_ ? Need::Room : Need::Bytes;
}

// As Apache's mod_ssl names them.
std::vector<net::Transport::Variable> Transport::variables() const {
    const SSL* ssl = ssl_.get();
    std::vector<Variable> variables{
        {"HTTPS", "on"},
        {"SSL_PROTOCOL", text_or_empty(SSL_get_version(ssl))},
        {"SSL_CIPHER", text_or_empty(SSL_get_cipher_name(ssl))},
        {"SSL_SESSION_RESUMED", SSL_session_reused(ssl) == 1 ? "Resumed" : "Initial"},
    };
    if (const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
        variables.push_back({"SSL_TLS_SNI", host});
    }
    if (context_->asks_for_certificates()) {
        add_client_certificate(variables);
    }
    return variables;
}

// A certificate that cannot be verified ends the handshake, so one that is there is good.
void Transport::add_client_certificate(std::vector<Variable>& variables) const {
    const X509Ptr certificate(SSL_get1_peer_certificate(ssl_.get()));
    variables.push_back({"SSL_CLIENT_VERIFY", certificate ? "SUCCESS" : "NONE"});
    if (!certificate) {
        return;
    }
    const BioPtr memory(BIO_new(BIO_s_mem()));
    if (!memory || PEM_write_bio_X509(memory.get(), certificate.get()) != 1) {
        throw std::bad_alloc();
    }
    variables.push_back({"SSL_CLIENT_S_DN", text_of(X509_get_subject_name(certificate.get()))});
    variables.push_back({"SSL_CLIENT_I_DN", text_of(X509_get_issuer_name(certificate.get()))});
    variables.push_back({"SSL_CLIENT_CERT", text_of(memory.get())});
    // As uWSGI names and writes them.
    variables.push_back({"HTTPS_DN", oneline_of(X509_get_subject_name(certificate.get()))});
    variables.push_back({"HTTPS_CC", text_of(memory.get())});
    variables.push_back({"HTTPS_CLIENT_CERTIFICATE", der_of(certificate.get())});
}

}  // namespace geventd::tls
