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

/// A client of the master itself, of the control socket or of `metrics`: it sends one request and
/// gets one answer. Each of the two takes a deadline's time at most, and nothing blocks, so that no
/// client can hold the master. What the request is, and what comes behind the answer, is the
/// business of a class derived from this.
/// Lives in: master, owned by its server, which destroys it when it is told so.
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

    /// The request is awaited from now on.
    Client(const Context& context, std::uint64_t id, UniqueFd fd);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client();

    [[nodiscard]] std::uint64_t id() const { return id_; }

    /// Its time is over.
    void on_due() noexcept { finish(); }

  protected:
    /// There is something to receive, or the client has left.
    virtual void on_readable() noexcept = 0;

    /// The whole answer has been handed to the kernel.
    virtual void on_written() noexcept { finish(); }

    /// As recv(). Descriptors that a client of a unix socket sends along are closed: nobody wants
    /// them.
    ssize_t receive(std::span<char> room) noexcept;

    /// Whether the last receive() has failed for good; else there is nothing to receive yet.
    static bool has_failed() noexcept;

    /// Sends the answer: its deadline begins. May destroy the client.
    void send(std::string answer) noexcept;

    /// Starts the deadline again.
    void begin_deadline();

    /// Has the owner destroy this.
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
