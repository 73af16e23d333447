// SPDX-License-Identifier: MIT
#pragma once

#include "event/loop.h"
#include "worker/listening.h"

namespace geventd::worker {

class Worker;

/// Takes connections from one listening socket while the worker has room for them.
/// Lives in: worker, loop side. Owns the worker's copy of the socket; closing it leaves the
/// kernel's queue to the master and the other workers.
class Acceptor {
  public:
    Acceptor(Worker& worker, Listening listening);

    void resume();
    void pause();

    /// Never accepts again.
    void close();

    [[nodiscard]] const Listening& listening() const { return listening_; }

  private:
    void on_readable(int events) noexcept;

    Worker& worker_;
    Listening listening_;
    event::Io io_;
};

}  // namespace geventd::worker
