// SPDX-License-Identifier: MIT
#include "generator/client.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "generator/loopback.h"

namespace geventd::bench {

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

Client::~Client() {
    close();
}

void Client::close() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

bool Client::open() {
    fd_ = connect_to(port_);
    epoll_event event{EPOLLIN, {this}};
    return fd_ >= 0 && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event) == 0;
}

Client::Progress Client::ask(std::string_view request, Clock::time_point due, bool is_slow) {
    busy_ = true;
    is_slow_ = is_slow;
    due_ = due;
    answer_.clear();
    if (fd_ < 0 && !open()) {
        return end(Progress::Failed);
    }
    const ssize_t sent = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(request.size()) ? Progress::Waiting : end(Progress::Failed);
}

Client::Progress Client::end(Progress progress) {
    busy_ = false;
    if (closes_ || progress == Progress::Failed) {
        close();
    }
    return progress;
}

// Only responses with a Content-Length are requested.
bool Client::whole() const {
    static constexpr std::string_view kName = "content-length:";
    const std::size_t end = answer_.find(kHeadEnd);
    if (end == std::string::npos) {
        return false;
    }
    const auto same = [](char a, char b) { return (a | 0x20) == b || a == b; };
    const auto last = answer_.begin() + static_cast<std::ptrdiff_t>(end);
    const auto found = std::search(answer_.begin(), last, kName.begin(), kName.end(), same);
    std::size_t length = 0;
    if (found != last) {
        const char* digits = &*found + kName.size();
        std::from_chars(digits + (*digits == ' ' ? 1 : 0), &*last, length);
    }
    return answer_.size() >= end + kHeadEnd.size() + length;
}

Client::Progress Client::on_readable() {
    std::array<char, 16 << 10> bytes;
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) {
        answer_.append(bytes.data(), static_cast<std::size_t>(got));
        if (!busy_ || !whole()) {
            return Progress::Waiting;
        }
        const bool fine = answer_.size() > 12 && answer_[9] == '2';
        return end(fine ? Progress::Answered : Progress::Failed);
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return Progress::Waiting;
    }
    if (!busy_) {  // the server has closed an idle connection
        close();
        return Progress::Waiting;
    }
    return end(Progress::Failed);
}

}  // namespace geventd::bench
