// SPDX-License-Identifier: MIT
#pragma once

#include <Python.h>

#include "worker/python/base/ref.h"

namespace geventd::py {

/// How long a call on a socket waits, in seconds, as socket.settimeout() has it.
class TimeLimit {
  public:
    static constexpr double kNone = -1;

    explicit TimeLimit(double seconds = kNone) : seconds_(seconds) {}

    /// Nothing waits.
    [[nodiscard]] bool is_zero() const { return seconds_ == 0; }

    /// For poll(2).
    [[nodiscard]] int milliseconds() const;

    [[nodiscard]] Ref object() const;

    /// From None, or a number that is not negative. False with an exception.
    bool set(PyObject* value);

    /// Raises socket.timeout. Returns false.
    static bool raise();

  private:
    friend class TimeLimitOfGreenlet;

    double seconds_;
};

/// Throws socket.timeout into the running greenlet of the hub's thread when the time is over, as
/// long as this lives. GIL held.
class TimeLimitOfGreenlet {
  public:
    explicit TimeLimitOfGreenlet(TimeLimit limit);
    TimeLimitOfGreenlet(const TimeLimitOfGreenlet&) = delete;
    TimeLimitOfGreenlet& operator=(const TimeLimitOfGreenlet&) = delete;
    ~TimeLimitOfGreenlet();

    /// False with an exception: it cannot be.
    [[nodiscard]] bool has_begun() const { return begun_; }

  private:
    Ref timeout_;  ///< gevent's
    bool begun_ = false;
};

}  // namespace geventd::py
