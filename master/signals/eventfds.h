// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/fd.h"
#include "shm/signal_wake.h"

namespace geventd::master {

/// The eventfds by which processes wake each other, one for each process index. They are made
/// when first asked for and live as long as the server: a slot's next worker takes its
/// predecessor's over, and those who know it need not be told.
/// Lives in: master.
class Eventfds {
  public:
    explicit Eventfds(shm::SignalWaker& waker) : waker_(waker) {}

    /// Throws ErrnoError.
    int of(unsigned process);

  private:
    shm::SignalWaker& waker_;
    std::vector<UniqueFd> fds_;
};

}  // namespace geventd::master
