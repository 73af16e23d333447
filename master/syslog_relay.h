// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "event/loop.h"
#include "event/timer.h"
#include "master/host/syslog_socket.h"

namespace geventd::master {

/// Hands on to syslog what the server's processes write to a pipe, their standard output and error,
/// line by line. So what an application prints gets there too. When syslog has no room, lines wait,
/// for a second at most; then those that it does not take at once are lost, until it takes one.
/// Lives in: master, as long as there may be a process that writes to the pipe.
class SyslogRelay {
  public:
    /// Throws ErrnoError.
    SyslogRelay(event::Loop& loop, event::DeadlineClock& clock,
                const std::string& path = kSyslogSocket);
    SyslogRelay(const SyslogRelay&) = delete;
    SyslogRelay& operator=(const SyslogRelay&) = delete;

    /// Hands on what is in the pipe.
    ~SyslogRelay();

    /// The end of the pipe that is written to; in blocking mode, as programs expect it.
    [[nodiscard]] int writer() const { return writer_.get(); }

  private:
    void on_lines(int events) noexcept;
    void on_room(int events) noexcept;
    void on_patience() noexcept;
    bool take_some() noexcept;
    void hand_on();
    void wait();
    void go_on() noexcept;

    SyslogSocket socket_;
    UniqueFd reader_;
    UniqueFd writer_;
    std::string unsent_;  ///< read, and not handed on
    event::Io io_;
    event::Io room_;  ///< of syslog, while lines wait
    event::Timer patience_;
    bool stuck_ = false;  ///< syslog has taken nothing for that long
};

}  // namespace geventd::master
