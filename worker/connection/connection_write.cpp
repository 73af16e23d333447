// SPDX-License-Identifier: MIT
// Connection: writing. Sends at once what the kernel takes; the loop sends the rest without Python
// and resumes the greenlet when all is sent.
#include <utility>

#include "worker/connection/connection.h"
#include "worker/connection/context.h"

namespace geventd::worker {

namespace {

// Drops the first `sent` bytes of the parts.
void advance(std::vector<iovec>& parts, std::size_t sent) {
    std::size_t done = 0;
    while (done < parts.size() && sent >= parts[done].iov_len) {
        sent -= parts[done].iov_len;
        ++done;
    }
    parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(done));
    if (!parts.empty() && sent > 0) {
        parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + sent;
        parts.front().iov_len -= sent;
    }
}

std::size_t total(std::span<const iovec> parts) {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
        bytes += part.iov_len;
    }
    return bytes;
}

}  // namespace

Connection::IoState Connection::write(std::span<const iovec> parts) {
    if (broken_ || state_ != State::Running) {
        return IoState::Failed;
    }
    const auto [state, sent] = stream_.send(parts);
    if (state == net::Stream::State::Failed) {
        broken_ = true;
        return IoState::Failed;
    }
    if (sent == total(parts)) {
        return IoState::Done;
    }
    try {
        unsent_.assign(parts.begin(), parts.end());
    } catch (const std::bad_alloc&) {
        broken_ = true;
        return IoState::Failed;
    }
    advance(unsent_, sent);
    const IoState rest = send_unsent();
    if (rest == IoState::Wait) {
        await_writable();
    }
    return rest;
}

Connection::IoState Connection::send_unsent() {
    while (!unsent_.empty()) {
        const auto [state, sent] = stream_.send(unsent_);
        if (state == net::Stream::State::Wait) {
            return IoState::Wait;
        }
        if (state == net::Stream::State::Failed) {
            broken_ = true;
            unsent_.clear();
            return IoState::Failed;
        }
        advance(unsent_, sent);
    }
    return IoState::Done;
}

void Connection::on_writable() {
    if (state_ != State::Running) {
        return;
    }
    if (is_sending() && send_unsent() == IoState::Wait) {
        context_.limits.write.start(*this);
        return;
    }
    abandon_write();
    if (request_->writer) {
        context_.admission.application().resume(request_->writer);
    }
}

void Connection::await_writable() {
    watch(event::Io::kWrite | wanted_);
    context_.limits.write.start(*this);
}

void Connection::abandon_write() noexcept {
    if (is_sending()) {
        broken_ = true;
        unsent_.clear();
    }
    cancel();
    if (request_->reader && !request_->body.is_stream()) {
        context_.limits.body.start(*this);
    }
    watch(wanted_ & event::Io::kRead);
}

}  // namespace geventd::worker
