// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/lock_table.h"
#include "shm/signal_recovery.h"

namespace geventd::shm {

/// Looks for what no process of ours can have written into the memory of signals and locks: an
/// application's stray pointer, or its malice. Readers pass such words over, so they harm nobody,
/// but a signal, a lock or a worker's place may be lost by them for good.
///
/// Damage is: a place, a row or the serving generation that are not what the master has said;
/// registrations and handlers that nobody can have, or that the worker they are of does not find
/// any more; a queue's head that goes back or too far, or leaves out slots that were written; a
/// state that does not exist; a signal or a lock held by a process that is not there; a waiting
/// signal with an impossible target, or a payload outside of its area; a ticket in the row of a
/// lock that nobody can have drawn. Counters, times and the contents of payloads may have any
/// value: what is wrong with these cannot be told, and readers bear it.
/// Lives in: master.
class SignalInspection {
  public:
    SignalInspection(const SignalRecovery& recovery, const LockTable& locks)
        : recovery_(recovery),
          table_(recovery.table()),
          registry_(table_),
          locks_(locks),
          heads_(table_.processes()) {}

    /// What is damaged, as a phrase; "" when nothing is seen. Queues are looked at by turns, some
    /// each time.
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
    std::vector<std::uint64_t> heads_;  ///< by process: the greatest that was seen
    unsigned lock_users_ = 0;           ///< the most that were seen
    unsigned turn_ = 0;
};

}  // namespace geventd::shm
