// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include "tls/openssl.h"

namespace geventd::tls {

/// The encrypted side of a connection: what was received and OpenSSL has not taken, and what it has
/// written and the kernel has not taken. OpenSSL reads and writes here by a BIO, so a record is
/// never half written, and several leave with one system call.
/// Lives in: worker; inside a transport.
class Wire {
  public:
    /// `early`: bytes that were received before.
    explicit Wire(std::string early) : in_(std::move(early)) {}

    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    ~Wire() = default;

    /// A BIO over it, for SSL_set_bio(). Throws std::bad_alloc.
    BioPtr make_bio();

    /// The socket of the calls that follow.
    void use(int fd) { fd_ = fd; }

    /// Sends what is kept. False: some is left; then the kernel has no room, or is_broken().
    bool flush() noexcept;

    [[nodiscard]] std::size_t unsent() const { return out_.size() - sent_; }

    /// Nothing more can be sent.
    [[nodiscard]] bool is_broken() const { return broken_; }

    /// A whole record has been received, so OpenSSL can go on without the socket.
    [[nodiscard]] bool has_record() const;

  private:
    static const BIO_METHOD* method();
    static int on_read(BIO* bio, char* into, int room) noexcept;
    static int on_write(BIO* bio, const char* bytes, int size) noexcept;
    // NOLINTNEXTLINE(google-runtime-int): OpenSSL's interface
    static long on_control(BIO* bio, int command, long number, void* pointer) noexcept;

    int read(BIO* bio, char* into, std::size_t room);
    std::size_t take(char* into, std::size_t room) noexcept;

    int fd_ = -1;
    std::string in_;
    std::size_t taken_ = 0;  ///< of in_
    std::string out_;
    std::size_t sent_ = 0;  ///< of out_
    bool ended_ = false;    ///< the client has shut down its side, or is gone
    bool broken_ = false;
};

}  // namespace geventd::tls
