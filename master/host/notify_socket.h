// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/fd.h"

namespace geventd::master {

/// The socket of a service manager, $NOTIFY_SOCKET, as far as it is a unix socket. sd_notify()
/// would wait where nobody reads it, which a master must never do: messages that find no room are
/// kept in their order, the last kMostKept of them, and sent when there is room again.
/// Lives in: master.
class NotifySocket {
  public:
    static constexpr std::size_t kMostKept = 64;

    /// `path` as in the environment: "/run/..." or "@abstract".
    explicit NotifySocket(std::string path);

    /// Whether such a path is for this class; a virtual machine's "vsock:..." is not.
    static bool can_reach(const std::string& path);

    /// Sends `state` ("READY=1", assignments with newlines between them), or keeps it if `keep`.
    /// Returns 0 or the errno of a failure that waiting does not mend.
    int send(const std::string& state, bool keep);

    /// Sends what is kept, as far as there is room.
    void retry();

  private:
    int try_send(const std::string& state);
    void keep_for_later(const std::string& state);
    void tell_that_it_flows();

    std::string path_;
    UniqueFd socket_;
    std::deque<std::string> kept_;
    std::size_t late_ = 0;
    std::size_t dropped_ = 0;
    bool blocked_ = false;  ///< and the log says so
};

}  // namespace geventd::master
