// SPDX-License-Identifier: MIT
// Connection: the rest of an answer whose request has ended. A thread sends that of a file.
#include <memory>
#include <new>

#include "worker/connection/connection.h"
#include "worker/connection/context.h"

namespace geventd::worker {

void Connection::send_rest() noexcept {
    if (!lend_file()) {
        watch(event::Io::kWrite);
        limit_writing();
    }
}

// Only when nothing else is to be sent before it, and no transport has to change its bytes.
bool Connection::can_lend_file() const {
    return context_.files != nullptr && context_.files->transfers().can_begin() &&
           unsent_.file() >= 0 && unsent_.parts().empty() && !stream_.has_transport();
}

bool Connection::lend_file() noexcept {
    if (!can_lend_file()) {
        return false;
    }
    const ConnectionLimits& limits = context_.limits;
    writing_.end(context_.loop.now());
    std::unique_ptr<Transfer> transfer;
    try {
        transfer = std::make_unique<Transfer>(Transfer{
            .owner = *this,
            .stream = stream_,
            .file = unsent_.file(),
            .offset = unsent_.offset(),
            .left = request_->answer.room(),
            .terms = {.pause = limits.write_time, .rate = limits.write_rate},
            .pace = writing_,
        });
    } catch (const std::bad_alloc&) {
        return false;
    }
    cancel();
    watch(0);
    state_ = context_.files->transfers().begin(transfer) ? State::Lent : State::Sending;
    return state_ == State::Lent;
}

void Connection::on_transferred(const Transfer& transfer) noexcept {
    state_ = State::Sending;
    request_->answer.count(transfer.sent);
    request_->sent.body = request_->answer.body_bytes();
    broken_ = broken_ || transfer.failed;
    tell_if_unreadable(transfer.error);
    context_.files->close(unsent_.take_copy());
    unsent_.clear();
    conclude();
}

}  // namespace geventd::worker
