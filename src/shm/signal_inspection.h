// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/lock_table.h"
#include "shm/signal_recovery.h"

namespace geventd::shm {

/// Looks for values in the memory of signals and locks that no process of geventd can have written:
/// the work of a stray pointer in the application, or of malice. Readers ignore such values, so
/// they crash nobody, but a signal, a lock or a worker's slot may be lost for good.
///
/// Damage is: a worker's slot, a row of registrations or the serving generation other than the
/// master has set; registrations and handlers that are impossible, or that the worker they belong
/// to does not find any more; a queue's head that moves backwards or too far, or skips slots that
/// were written; an undefined state; a signal or lock held by a process that does not exist; a
/// waiting signal with an impossible target, or a payload outside its area; a ticket for a lock
/// that cannot have been drawn. Counters, times and the contents of payloads may have any value:
/// damage there cannot be detected, and readers cope with it. Lives in: master.
class SignalInspection {
  public:
    SignalInspection(const SignalRecovery& recovery, const LockTable& locks)
        : recovery_(recovery),
          table_(recovery.table()),
          registry_(table_),
          locks_(locks),
          heads_(table_.processes()) {}

    /// Describes the damage as a phrase; "" if none is seen. Examines some queues each time, in
    /// turn.
    std::string look();

  private:
    [[nodiscard]] std::string look_at_header() const;
    [[nodiscard]] std::string look_at_places() const;
    std::string look_at_heads();
    std::string look_at_locks();
    [[nodiscard]] std::string look_at_lock(unsigned lock) const;
    [[nodiscard]] std::string look_at_queue(unsigned index) const;
    [[nodiscard]] bool is_there(unsigned process, std::uint16_t incarnation) const;

    const SignalRecovery& recovery_;
    SignalTable table_;
    SignalRegistry registry_;
    LockTable locks_;
    std::vector<std::uint64_t> heads_;  ///< by process: the greatest head that was seen
    unsigned lock_users_ = 0;           ///< the greatest in_use of the locks that was seen
    unsigned turn_ = 0;
};

}  // namespace geventd::shm
