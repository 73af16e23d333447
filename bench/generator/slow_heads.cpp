// SPDX-License-Identifier: MIT
#include "generator/slow_heads.h"

#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

#include "generator/loopback.h"

namespace geventd::bench {

SlowHeads::SlowHeads(int port, int count) : due_(Clock::now()) {
    constexpr std::string_view kBegin = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ";
    for (int i = 0; i < count; ++i) {
        const int fd = connect_to(port);
        if (fd >= 0 && ::send(fd, kBegin.data(), kBegin.size(), MSG_NOSIGNAL) > 0) {
            sockets_.push_back(fd);
        } else if (fd >= 0) {
            ::close(fd);
        }
    }
}

SlowHeads::~SlowHeads() {
    for (const int fd : sockets_) {
        ::close(fd);
    }
}

void SlowHeads::turn(Clock::time_point now) {
    const auto pause = std::chrono::nanoseconds(std::chrono::seconds(1)) / (sockets_.size() + 1);
    while (!sockets_.empty() && due_ <= now) {
        // Errors are ignored: the server may have closed the connection.
        static_cast<void>(::send(sockets_[next_], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
        next_ = (next_ + 1) % sockets_.size();
        due_ += pause;
    }
}

}  // namespace geventd::bench
