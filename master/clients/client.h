// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"
#include "event/deadlines.h"
#include "event/loop.h"

namespace geventd::master {

/// A client served by the master itself, of the control socket or of `metrics`: it sends one
/// request and gets one answer, each within the deadline's time. Nothing blocks, so no client can
/// keep the master busy. Derived classes define the request and what follows the answer.
/// Lives in: master, owned by its server, which destroys it in on_finished().
class Client : public event::Deadline {
  public:
    class Owner {
      public:
        /// Destroys the client.
        virtual void on_finished(Client& client) noexcept = 0;

      protected:
        ~Owner() = default;
    };

    struct Context {
        event::Loop& loop;
        event::DeadlineList& deadlines;
        Owner& owner;
    };

    /// Its time for the request begins.
    Client(const Context& context, std::uint64_t id, UniqueFd fd);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client();

    [[nodiscard]] std::uint64_t id() const { return id_; }

    /// Called when its time is over.
    void on_due() noexcept { finish(); }

  protected:
    /// Bytes can be received, or the client has closed.
    virtual void on_readable() noexcept = 0;

    /// The whole answer has been handed to the kernel.
    virtual void on_written() noexcept { finish(); }

    /// Like recv(). Closes descriptors that a client of a unix socket sends along; none is ever
    /// used.
    ssize_t receive(std::span<char> room) noexcept;

    /// After receive() returned -1: true when it failed for good, false when there is nothing yet.
    static bool has_failed() noexcept;

    /// Sends the answer and starts its deadline. May destroy the client.
    void send(std::string answer) noexcept;

    /// Restarts the deadline.
    void begin_deadline();

    /// Makes the owner destroy this object.
    void finish() noexcept { owner_.on_finished(*this); }

    [[nodiscard]] int fd() const { return fd_.get(); }

    event::Io& io() { return io_; }

  private:
    void on_io(int events) noexcept;
    void write_more() noexcept;

    event::Loop& loop_;
    event::DeadlineList& deadlines_;
    Owner& owner_;
    std::uint64_t id_;
    UniqueFd fd_;
    event::Io io_;
    std::string output_;
    std::size_t sent_ = 0;
};

}  // namespace geventd::master
