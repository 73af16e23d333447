// SPDX-License-Identifier: MIT
#include "worker/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/errno_error.h"
#include "log/logger.h"
#include "worker/worker.h"

namespace geventd::worker {

namespace {

// Small batches leave the rest of a burst to the other workers.
constexpr int kBatch = 8;

}  // namespace

Acceptor::Acceptor(Worker& worker, Listening listening)
    : worker_(worker), listening_(std::move(listening)), io_(worker.loop()) {
    io_.bind<Acceptor, &Acceptor::on_readable>(this);
}

void Acceptor::resume() {
    if (listening_.fd) {
        io_.watch(listening_.fd.get(), event::Io::kRead);
    }
}

void Acceptor::pause() {
    io_.stop();
}

void Acceptor::close() {
    io_.forget();
    listening_.fd.reset();
}

void Acceptor::on_readable(int) noexcept {
    for (int accepted = 0; accepted < kBatch && io_.active(); ++accepted) {
        if (worker_.leaves_next()) {
            return;
        }
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        const int fd = ::accept4(listening_.fd.get(), reinterpret_cast<sockaddr*>(&address),
                                 &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            worker_.welcome(UniqueFd::adopt(fd), Peer::from(address), listening_);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            worker_.out_of_descriptors(errno);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            worker_.accepted_all();  // EAGAIN: the queue is empty, or another worker was quicker
            return;
        }
    }
}

}  // namespace geventd::worker
