// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "worker/requests/greenlet.h"

namespace geventd::worker {

class Request;

/// The greenlet that waits for the connection, if there is one. Lives in the Request.
struct Waiter {
    Greenlet* greenlet = nullptr;

    explicit operator bool() const { return greenlet != nullptr; }
};

/// What is thrown into a greenlet that takes too long: RequestTimeout or GreenletExit.
enum class Interruption : std::uint8_t { Timeout, Exit };

/// What the loop side asks of the Python side. Every call comes from the hub's greenlet, inside
/// Worker::turn(), with the GIL held, and may switch greenlets: the caller's objects may have
/// changed, or be closed, when it returns.
/// Lives in: worker; implemented by the Python side.
class Application {
  public:
    Application() = default;
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;
    virtual ~Application() = default;

    /// Runs the request at once in a fresh greenlet. Returns when the greenlet has ended or waits.
    virtual void start(Request& request) noexcept = 0;

    /// Ends the request's greenlet soon, because its client has left.
    virtual void cancel(Request& request) noexcept = 0;

    /// Throws into a greenlet that waits. Returns when it has ended or waits again.
    virtual void interrupt(Greenlet* greenlet, Interruption interruption) noexcept = 0;

    /// The stack trace of a greenlet that waits. Does not switch.
    virtual std::string stack_of(Greenlet* greenlet) noexcept = 0;

    /// Switches to the waiting greenlet.
    virtual void resume(Waiter& waiter) noexcept = 0;
};

}  // namespace geventd::worker
