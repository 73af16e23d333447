// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include <map>
#include <optional>
#include <vector>

#include "worker/python/base/ref.h"

namespace geventd::py {

/// The application's locks in a process that loads it for all workers. No other process loads it at
/// the same time, so they only keep the greenlets of this one apart.
/// Lives in: template, check; in their main thread.
class LoadingLocks {
  public:
    /// Takes the lock for the calling greenlet and returns whether it got it; waits at most
    /// `timeout` seconds (none: for ever). May switch. nullopt with a Python exception set.
    std::optional<bool> await_acquire(unsigned lock, std::optional<double> timeout);

    /// False with a RuntimeError when it is not held.
    bool release(unsigned lock);

    /// Frees all. A greenlet that still waits for one may get it later, so they stay.
    void release_all();

    [[nodiscard]] bool holds(unsigned lock) const;

    [[nodiscard]] std::vector<unsigned> held() const;

  private:
    struct Lock {
        Ref semaphore;  ///< of gevent
        Ref owner;      ///< the greenlet that took it; empty: it is free
    };

    std::map<unsigned, Lock> locks_;  ///< those that were used
};

}  // namespace geventd::py
