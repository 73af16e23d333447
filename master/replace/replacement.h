// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// The record of one kind of replacement, reloads or upgrades: the state of the latest one, who
/// waits for its end, and whether another is queued. Does not know how a replacement is done. Each
/// waiting caller is answered exactly once.
/// Lives in: master.
class Replacement {
  public:
    using Outcome = ReloadStatus::Outcome;

    /// Called with the outcome; empty when nobody waits for it.
    using Done = ReloadDone;

    /// How many finished replacements are remembered.
    static constexpr std::size_t kRemembered = 10;

    /// Queues one more. All callers before it begins share it.
    void queue(Done done);

    [[nodiscard]] bool is_queued() const { return queued_; }

    /// Begins the queued one, or one that nobody has asked for.
    void begin();

    /// Continues a replacement that another process has begun, as number `count`.
    void join(std::uint32_t count);

    [[nodiscard]] bool is_running() const { return newest_.outcome == Outcome::Running; }

    /// Ends the running one: records the outcome and answers its callers. Does nothing when none
    /// runs. `goes_on`: after a failure, what ran before serves on.
    void end(Outcome outcome, const std::string& reason, bool goes_on = true);

    /// There will be no more replacements: answers all waiting callers that theirs has failed.
    void refuse(const std::string& reason);

    /// The queued one is not needed any more: answers its callers with this outcome.
    void answer_queued(const ReloadStatus& outcome);

    [[nodiscard]] const ReloadStatus& newest() const { return newest_; }

    /// The finished ones, newest first.
    [[nodiscard]] const std::deque<ReloadStatus>& past() const { return past_; }

  private:
    void close(Outcome outcome, const std::string& reason);

    ReloadStatus newest_;
    std::deque<ReloadStatus> past_;
    std::vector<Done> waiting_;  ///< callers of the running one
    std::vector<Done> next_;     ///< callers of the queued one
    bool queued_ = false;
};

}  // namespace geventd::master
