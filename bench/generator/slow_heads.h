// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <vector>

#include "generator/client.h"

namespace geventd::bench {

/// Clients that begin a request but never finish it: each sends another byte of its head once a
/// second. They take turns, so that the bytes are spread evenly over the second.
class SlowHeads {
  public:
    SlowHeads(int port, int count);
    SlowHeads(const SlowHeads&) = delete;
    SlowHeads& operator=(const SlowHeads&) = delete;
    ~SlowHeads();

    /// Sends the bytes that are due.
    void turn(Clock::time_point now);

  private:
    std::vector<int> sockets_;
    std::size_t next_ = 0;
    Clock::time_point due_;
};

}  // namespace geventd::bench
