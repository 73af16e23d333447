// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace geventd::worker {

/// What an exchange carries after Exchange::upgrade(), instead of an answer. The loop tells it of
/// the client, and not a greenlet of the request. Belongs to the request.
/// Lives in: worker, loop side.
class Upgraded {
  public:
    Upgraded() = default;
    Upgraded(const Upgraded&) = delete;
    Upgraded& operator=(const Upgraded&) = delete;
    virtual ~Upgraded() = default;

    /// Exchange::read_body() has bytes, or the end. False: nothing is wanted before
    /// await_readable() is called again.
    virtual bool on_readable() noexcept = 0;

    /// All bytes given to send_bytes() have left, or nothing more can be sent (broken()).
    virtual void on_writable() noexcept = 0;

    /// The request's greenlet has ended; `complete`: without a failure. Ends the exchange, now or
    /// when the client has been told.
    virtual void application_ended(bool complete) noexcept = 0;

    /// The exchange has been upgraded: nothing of an HTTP answer may be sent.
    [[nodiscard]] virtual bool has_begun() const = 0;

    /// Nothing can be sent any more: one side has said good-bye, or is gone.
    [[nodiscard]] virtual bool is_closed() const = 0;
};

}  // namespace geventd::worker
