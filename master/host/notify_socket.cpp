// SPDX-License-Identifier: MIT
#include "master/host/notify_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

NotifySocket::NotifySocket(std::string path)
    : path_(std::move(path)),
      socket_(UniqueFd::adopt(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0))) {}

bool NotifySocket::can_reach(const std::string& path) {
    return path.size() > 1 && path.size() < sizeof(sockaddr_un::sun_path) &&
           (path[0] == '/' || path[0] == '@');
}

int NotifySocket::try_send(const std::string& state) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), address.sun_path);
    if (path_[0] == '@') {
        address.sun_path[0] = '\0';
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    ssize_t sent = -1;
    do {
        sent = ::sendto(socket_.get(), state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address), length);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

int NotifySocket::send(const std::string& state, bool keep) {
    retry();
    const int result = kept_.empty() ? try_send(state) : EAGAIN;
    if (result != EAGAIN) {
        tell_that_it_flows();
        return result;
    }
    if (!std::exchange(blocked_, true)) {
        log::warning("nobody reads the notify socket of the service manager: messages wait");
    }
    if (keep) {
        keep_for_later(state);
    } else {
        ++dropped_;
    }
    return 0;
}

void NotifySocket::keep_for_later(const std::string& state) {
    if (kept_.size() == kMostKept) {
        kept_.pop_front();
        ++dropped_;
    }
    kept_.push_back(state);
}

void NotifySocket::retry() {
    bool sent = false;
    while (!kept_.empty() && try_send(kept_.front()) != EAGAIN) {
        kept_.pop_front();
        ++late_;
        sent = true;
    }
    if (sent && kept_.empty()) {
        tell_that_it_flows();
    }
}

void NotifySocket::tell_that_it_flows() {
    if (std::exchange(blocked_, false)) {
        log::info(
            "the notify socket of the service manager is read again: {} of its messages "
            "came late, {} were dropped",
            std::exchange(late_, 0), std::exchange(dropped_, 0));
    }
}

}  // namespace geventd::master
