// SPDX-License-Identifier: MIT
#include "tls/wire.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/uninterrupted.h"

namespace geventd::tls {

namespace {

// The largest record, with its header and what encryption adds.
constexpr std::size_t kRecord = 5 + 16384 + 256;

constexpr std::size_t kHeader = 5;

// So much may stand before what is unsent: a client that always leaves some makes it no longer.
constexpr std::size_t kMostSent = 65536;

Wire& wire_of(BIO* bio) {
    return *static_cast<Wire*>(BIO_get_data(bio));
}

}  // namespace

const BIO_METHOD* Wire::method() {
    static const BIO_METHOD* const kMethod = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "geventd");
        if (made == nullptr) {
            throw std::bad_alloc();
        }
        BIO_meth_set_read(made, &Wire::on_read);
        BIO_meth_set_write(made, &Wire::on_write);
        BIO_meth_set_ctrl(made, &Wire::on_control);
        return made;
    }();
    return kMethod;
}

BioPtr Wire::make_bio() {
    BioPtr bio(BIO_new(method()));
    if (!bio) {
        throw std::bad_alloc();
    }
    BIO_set_data(bio.get(), this);
    BIO_set_init(bio.get(), 1);
    return bio;
}

bool Wire::has_record() const {
    const std::size_t there = in_.size() - taken_;
    if (there < kHeader) {
        return false;
    }
    const auto* header = reinterpret_cast<const unsigned char*>(in_.data()) + taken_;
    return there >= kHeader + (static_cast<std::size_t>(header[3]) << 8 | header[4]);
}

bool Wire::flush() noexcept {
    while (unsent() > 0 && !broken_) {
        const ssize_t count = uninterrupted([this] {
            return ::send(fd_, out_.data() + sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
        });
        if (count >= 0) {
            sent_ += static_cast<std::size_t>(count);
            continue;
        }
        broken_ = errno != EAGAIN && errno != EWOULDBLOCK;
        if (sent_ >= kMostSent) {
            out_.erase(0, sent_);
            sent_ = 0;
        }
        return false;
    }
    if (!broken_) {
        std::string().swap(out_);  // an idle connection holds no memory for it
        sent_ = 0;
    }
    return !broken_;
}

int Wire::on_read(BIO* bio, char* into, int room) noexcept {
    BIO_clear_retry_flags(bio);
    try {
        return wire_of(bio).read(bio, into, static_cast<std::size_t>(std::max(room, 0)));
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

int Wire::read(BIO* bio, char* into, std::size_t room) {
    if (const std::size_t count = take(into, room); count > 0) {
        return static_cast<int>(count);
    }
    std::array<char, kRecord> buffer;  // NOLINT(*-member-init): only the filled part is used
    const bool direct = room >= buffer.size();
    char* const target = direct ? into : buffer.data();
    const ssize_t count = uninterrupted(
        [&] { return ::recv(fd_, target, direct ? room : buffer.size(), MSG_DONTWAIT); });
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (count <= 0) {
        ended_ = true;
        return 0;
    }
    const auto got = static_cast<std::size_t>(count);
    if (direct || got <= room) {
        if (!direct) {
            std::memcpy(into, buffer.data(), got);
        }
        return static_cast<int>(got);
    }
    in_.assign(buffer.data() + room, got - room);
    std::memcpy(into, buffer.data(), room);
    return static_cast<int>(room);
}

std::size_t Wire::take(char* into, std::size_t room) noexcept {
    const std::size_t count = std::min(room, in_.size() - taken_);
    std::memcpy(into, in_.data() + taken_, count);
    taken_ += count;
    if (taken_ == in_.size() && !in_.empty()) {
        std::string().swap(in_);
        taken_ = 0;
    }
    return count;
}

int Wire::on_write(BIO* bio, const char* bytes, int size) noexcept {
    BIO_clear_retry_flags(bio);
    try {
        wire_of(bio).out_.append(bytes, static_cast<std::size_t>(std::max(size, 0)));
        return size;
    } catch (const std::bad_alloc&) {
        return -1;
    }
}

// NOLINTNEXTLINE(google-runtime-int): OpenSSL's interface
long Wire::on_control(BIO* bio, int command, long, void*) noexcept {
    if (command == BIO_CTRL_FLUSH) {
        return 1;  // the transport flushes at the end of each call
    }
    return command == BIO_CTRL_EOF && wire_of(bio).ended_ ? 1 : 0;
}

}  // namespace geventd::tls
