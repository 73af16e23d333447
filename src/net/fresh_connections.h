// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

namespace geventd::net {

/// Tells who is at the other end of the connections that a process has opened since this object was
/// made: those whose copies in forked processes would read one another's answers. Meant are streams
/// (TCP, unix, whatever else is connected and keeps an order) that can still bring something. Not
/// meant are
///   - listening sockets and datagrams (UDP, /dev/log);
///   - pairs and connections whose both ends this process holds: it talks to itself;
///   - those that the peer has closed and of which everything was read;
///   - one-way logs, and clients that notice a fork by themselves (kIsolated in the source).
/// Costs a few system calls for each descriptor. Lives in: template, check.
class FreshConnections {
  public:
    /// Takes note of the sockets that there are. Throws ErrnoError.
    FreshConnections();

    /// Each peer once, in the order of descriptors: "127.0.0.1:5432", "/run/redis.sock",
    /// "@abstract", "127.0.0.1:5432 (3 connections)". Throws ErrnoError.
    [[nodiscard]] std::vector<std::string> peers() const;

  private:
    std::set<ino_t> known_;
};

}  // namespace geventd::net
