// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace geventd::master {

inline constexpr const char* kSyslogSocket = "/dev/log";

/// The message for syslog about a line, whose severity a beginning such as "<4>" tells.
std::string syslog_message(std::string_view line, std::time_t now);

/// The socket of the host's syslog. syslog(3) would wait for a daemon that does not read.
/// Lives in: master.
class SyslogSocket {
  public:
    /// Throws ErrnoError when nobody listens there.
    explicit SyslogSocket(std::string path = kSyslogSocket);

    /// Sends the line, connecting again to a daemon that was started anew. A line that cannot be
    /// sent is lost, and the next one that can tells how many were. False: the daemon has no room
    /// for it now.
    bool send(std::string_view line) noexcept;

    /// Counts a line that is given up.
    void lose() noexcept { ++lost_; }

    /// Writable when the daemon has room again.
    [[nodiscard]] int fd() const { return socket_.get(); }

  private:
    enum class Fate { Sent, NoRoom, Failed };

    void connect();
    Fate put(std::string_view line);

    std::string path_;
    UniqueFd socket_;
    std::uint64_t lost_ = 0;
};

}  // namespace geventd::master
