// SPDX-License-Identifier: MIT
#include "generator/web_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "generator/loopback.h"

namespace geventd::bench {

namespace {

constexpr std::string_view kMask = "\x12\x34\x56\x78";
constexpr unsigned kFinal = 0x80, kMasked = 0x80, kText = 1, kClosing = 8, kPing = 9, kPong = 10;

std::string frame_of(unsigned opcode, std::string_view payload) {
    std::string frame(1, static_cast<char>(kFinal | opcode));
    if (payload.size() < 126) {
        frame.push_back(static_cast<char>(kMasked | payload.size()));
    } else {
        frame.push_back(static_cast<char>(kMasked | 126));
        frame.push_back(static_cast<char>(payload.size() >> 8U));
        frame.push_back(static_cast<char>(payload.size() & 0xff));
    }
    frame.append(kMask);
    for (std::size_t at = 0; at < payload.size(); ++at) {
        frame.push_back(static_cast<char>(payload[at] ^ kMask[at % kMask.size()]));
    }
    return frame;
}

}  // namespace

std::string text_frame(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t at = 0; at < size; ++at) {
        text[at] = static_cast<char>('a' + at % 26);
    }
    return frame_of(kText, text);
}

std::size_t WebSocket::Header::size() const {
    const unsigned length = bytes[1] & 0x7fU;
    return 2 + (length == 127 ? 8 : length == 126 ? 2 : 0);
}

std::uint64_t WebSocket::Header::payload() const {
    const unsigned length = bytes[1] & 0x7fU;
    if (length < 126) {
        return length;
    }
    std::uint64_t value = 0;
    for (std::size_t at = 2; at < size(); ++at) {
        value = (value << 8U) | bytes[at];
    }
    return value;
}

WebSocket::~WebSocket() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

bool WebSocket::open(int epoll, int port, const std::string& path) {
    epoll_ = epoll;
    fd_ = connect_to(port);
    const timeval patience{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    epoll_event event{EPOLLIN, {this}};
    return fd_ >= 0 && shake_hands(path) && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event) == 0;
}

bool WebSocket::shake_hands(const std::string& path) const {
    const std::string request = "GET " + path +
                                " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                "Origin: http://127.0.0.1\r\nUser-Agent: bench\r\n\r\n";
    if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        return false;
    }
    std::string head;
    char byte = 0;
    while (head.find("\r\n\r\n") == std::string::npos) {
        // One by one: what follows is a frame.
        if (::recv(fd_, &byte, 1, 0) != 1) {
            return false;
        }
        head.push_back(byte);
    }
    return head.rfind("HTTP/1.1 101", 0) == 0;
}

bool WebSocket::watch_writes(bool wanted) {
    epoll_event event{EPOLLIN | (wanted ? EPOLLOUT : 0U), {this}};
    return ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event) == 0;
}

bool WebSocket::send(std::string_view frame) {
    if (!kept_.empty()) {
        kept_.append(frame);
        return true;
    }
    const ssize_t sent = ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) {
        return false;
    }
    kept_ = frame.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    return kept_.empty() || watch_writes(true);
}

bool WebSocket::on_writable() {
    const std::string rest = std::exchange(kept_, {});
    return send(rest) && (!kept_.empty() || watch_writes(false));
}

int WebSocket::on_readable() {
    std::array<char, 16 << 10> bytes;
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN ? 0 : -1;
    }
    int messages = 0;
    std::string_view input(bytes.data(), static_cast<std::size_t>(got));
    while (!input.empty()) {
        if (in_payload_) {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
            left_ -= count;
            input.remove_prefix(count);
        } else {
            header_.bytes[header_.have++] = static_cast<std::uint8_t>(input.front());
            input.remove_prefix(1);
            in_payload_ = header_.have >= 2 && header_.have == header_.size();
            left_ = in_payload_ ? header_.payload() : 0;
        }
        if (in_payload_ && left_ == 0) {
            if (!end_frame()) {
                return -1;
            }
            messages += (header_.bytes[0] & 0x0fU) < kClosing ? 1 : 0;
        }
    }
    return messages;
}

// Servers ping with an empty payload, or with one that they do not compare.
bool WebSocket::end_frame() {
    in_payload_ = false;
    header_.have = 0;
    const unsigned opcode = header_.bytes[0] & 0x0fU;
    return opcode != kClosing && (opcode != kPing || send(frame_of(kPong, "")));
}

}  // namespace geventd::bench
