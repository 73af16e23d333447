// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "event/loop.h"
#include "master/host/syslog_socket.h"

namespace geventd::master {

/// Hands on to syslog what the server's processes write to a pipe, their standard output and error,
/// line by line. So what an application prints gets there too.
/// Lives in: master, as long as there may be a process that writes to the pipe.
class SyslogRelay {
  public:
    /// Throws ErrnoError.
    explicit SyslogRelay(event::Loop& loop, const std::string& path = kSyslogSocket);
    SyslogRelay(const SyslogRelay&) = delete;
    SyslogRelay& operator=(const SyslogRelay&) = delete;

    /// Hands on what is in the pipe.
    ~SyslogRelay();

    /// The end of the pipe that is written to; in blocking mode, as programs expect it.
    [[nodiscard]] int writer() const { return writer_.get(); }

  private:
    void on_lines(int events) noexcept;
    bool take_some() noexcept;
    void hand_on(std::string_view text);

    SyslogSocket socket_;
    UniqueFd reader_;
    UniqueFd writer_;
    std::string begun_;  ///< a line without its end
    event::Io io_;
};

}  // namespace geventd::master
