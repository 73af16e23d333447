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

/// One client of the control socket: Reading (one line) → Waiting (for the answer) → Writing →
/// gone. Reading and Writing end at the deadline; Waiting may last, since a reload is answered
/// when it is over. Never blocks.
/// Lives in: master, owned by the ControlServer, which destroys it when it is told so.
class ControlConnection : public event::Deadline {
  public:
    /// Told of what happens. Either call may destroy the connection.
    class Owner {
      public:
        virtual void on_request(ControlConnection& connection,
                                const std::string& line) noexcept = 0;
        virtual void on_finished(ControlConnection& connection) noexcept = 0;

      protected:
        ~Owner() = default;
    };

    struct Context {
        event::Loop& loop;
        event::DeadlineList& deadlines;
        Owner& owner;
    };

    ControlConnection(const Context& context, std::uint64_t id, UniqueFd fd);
    ControlConnection(const ControlConnection&) = delete;
    ControlConnection& operator=(const ControlConnection&) = delete;
    ~ControlConnection();

    [[nodiscard]] std::uint64_t id() const { return id_; }

    /// Sends the answer, then finishes. Only the first one counts.
    void answer(std::string text) noexcept;

    /// Its time is over.
    void on_due() noexcept;

  private:
    void on_io(int events) noexcept;
    ssize_t receive(std::span<char> room);
    void read_more() noexcept;
    void look_whether_gone() noexcept;
    void write_more() noexcept;

    Context context_;
    std::uint64_t id_;
    UniqueFd fd_;
    event::Io io_;
    enum class State { Reading, Waiting, Writing } state_ = State::Reading;
    std::string input_;
    std::string output_;
    std::size_t sent_ = 0;
};

}  // namespace geventd::master
