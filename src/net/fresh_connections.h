// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace geventd::net {

/// Finds the peers of connections that a process has opened since this object was made, and that
/// would get mixed up if forked processes shared them: streams (TCP, unix and other connected,
/// ordered sockets) and pipes from which something can still be read. Not counted are
///   - listening sockets and datagrams (UDP, /dev/log);
///   - pairs, pipes and connections with both ends in this process, pipes that are only written to;
///   - connections that the peer has closed and that were read to the end;
///   - one-way logs, and clients that notice a fork themselves (kIsolated in the source).
/// Costs a few system calls for each descriptor. Lives in: template, check.
class FreshConnections {
  public:
    /// Remembers the sockets and pipes that exist now. Throws ErrnoError.
    FreshConnections();

    /// Each peer once, in order of descriptors: "127.0.0.1:5432", "/run/redis.sock",
    /// "@abstract", "127.0.0.1:5432 (3 connections)"; then "a pipe from another process". `silent`:
    /// descriptors of pipes in which nothing is ever written. Throws ErrnoError.
    [[nodiscard]] std::vector<std::string> peers(const std::set<int>& silent = {}) const;

  private:
    std::set<ino_t> known_;
};

}  // namespace geventd::net
