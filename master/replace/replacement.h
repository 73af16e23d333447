// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "master/status/status.h"

namespace geventd::master {

/// The record of one kind of replacement, reloads or upgrades: how the newest one stands, who
/// waits for its end, and whether another one is queued behind it. Knows nothing of how a
/// replacement is done. Callers that wait are answered exactly once.
/// Lives in: master.
class Replacement {
  public:
    using Outcome = ReloadStatus::Outcome;

    /// Called with the outcome of what was asked for; empty when nobody wants to know.
    using Done = ReloadDone;

    /// How many replacements that are over are remembered.
    static constexpr std::size_t kRemembered = 10;

    /// One more is wanted. All who ask before it begins share it.
    void queue(Done done);

    [[nodiscard]] bool is_queued() const { return queued_; }

    /// The queued one begins, or one that nobody has asked for.
    void begin();

    /// One that another process has begun goes on here, as number `count`.
    void join(std::uint32_t count);

    [[nodiscard]] bool is_running() const { return newest_.outcome == Outcome::Running; }

    /// The running one is over: remembers and tells the outcome. Does nothing when none runs.
    void end(Outcome outcome, const std::string& reason);

    /// Nothing of it will be done any more: whoever waits is told that it has failed.
    void refuse(const std::string& reason);

    /// The queued one is not needed any more: whoever waits for it is told this outcome.
    void answer_queued(const ReloadStatus& outcome);

    [[nodiscard]] const ReloadStatus& newest() const { return newest_; }

    /// Those that are over, the newest first.
    [[nodiscard]] const std::deque<ReloadStatus>& past() const { return past_; }

  private:
    void close(Outcome outcome, const std::string& reason);

    ReloadStatus newest_;
    std::deque<ReloadStatus> past_;
    std::vector<Done> waiting_;  ///< for the running one
    std::vector<Done> next_;     ///< for the queued one
    bool queued_ = false;
};

}  // namespace geventd::master
