// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "master/replace/replacement.h"

namespace geventd::master {

/// Decides when the server may replace itself: one replacement at a time, with at most one reload
/// and one upgrade queued behind it; the upgrade goes first. A queued one supersedes the running
/// one if that is still loading and has been logged as slow: the newer code or settings may be the
/// cure.
/// Knows no process: the kinds report their state, and do the work when it is their turn.
/// Lives in: master.
class Turns {
  public:
    /// Phrases for the log about a kind of replacement.
    struct Words {
        const char* started;  ///< what it starts: "a generation"
        const char* newest;   ///< the one under way: "the generation"
        const char* queued;   ///< what happens later: "another reload follows"
        const char* newer;    ///< what supersedes another: "a newer reload"
    };

    /// One kind of replacement: reloads or upgrades.
    class Kind {
      public:
        [[nodiscard]] virtual const Words& words() const = 0;
        virtual Replacement& record() = 0;

        /// True while something that it started is under way, even if nobody asked for it.
        [[nodiscard]] virtual bool is_busy() const = 0;

        /// True when that is still loading and has been logged as slow, so that a newer one may
        /// supersede it.
        [[nodiscard]] virtual bool is_slow() const = 0;

        /// True when the queued one may supersede. If not, its callers have been answered with its
        /// failure.
        virtual bool is_sound() = 0;

        /// Begins the queued one. At its end call Turns::next().
        virtual void begin() = 0;

        /// Makes what is under way fail with this reason, now or soon.
        virtual void give_up(const std::string& why) = 0;

      protected:
        ~Kind() = default;
    };

    /// Adds a kind, before anything is asked for. Kinds added first go first.
    void add(Kind& kind) { kinds_.push_back(&kind); }

    enum class Asked { Begun, Queued, Answered };

    /// Begins a replacement or queues it; answers at once when the server can no longer be
    /// replaced.
    Asked ask(Kind& kind, Replacement::Done done);

    /// Call when a replacement is over: begins the queued one. False when there is none.
    bool next();

    /// Gives up the running one if it is slow and a sound one is queued.
    void supersede();

    [[nodiscard]] bool is_busy() const { return running() != nullptr; }

    [[nodiscard]] bool is_anything_queued() const { return queued() != nullptr; }

    /// The server stops: all replacements that are asked for, now or later, fail with this reason.
    void close(const std::string& reason);

    [[nodiscard]] bool is_closed() const { return closed_.has_value(); }

    /// Another master leads, which is newer than anything asked for: answers all callers, now and
    /// later, with `outcome`, that of the upgrade.
    void hand_over(const ReloadStatus& outcome);

  private:
    [[nodiscard]] Kind* running() const;
    [[nodiscard]] Kind* queued() const;

    std::vector<Kind*> kinds_;
    std::optional<std::string> closed_;
    std::optional<ReloadStatus> handed_over_;
};

}  // namespace geventd::master
