// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/fd.h"

namespace geventd::master {

/// The service manager's socket, $NOTIFY_SOCKET, a unix socket. sd_notify() would block
/// when nobody reads the socket, which the master must never do: here, messages without room are
/// kept, the last kMostKept in order, and sent when there is room again.
/// Lives in: master.
class NotifySocket {
  public:
    static constexpr std::size_t kMostKept = 64;

    /// `path` as in the environment: "/run/..." or "@abstract".
    explicit NotifySocket(std::string path);

    /// True when this class can reach the path: not a virtual machine's "vsock:...".
    static bool can_reach(const std::string& path);

    /// Sends `state` ("READY=1": assignments separated by newlines). Without room, keeps it if
    /// `keep`. Returns 0, or the errno of a failure that waiting will not cure.
    int send(const std::string& state, bool keep);

    /// Sends kept messages as far as there is room.
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
    bool blocked_ = false;  ///< it was logged that there is no room
};

}  // namespace geventd::master
