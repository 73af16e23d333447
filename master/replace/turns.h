// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "master/replace/replacement.h"

namespace geventd::master {

/// The rule by which a server replaces itself: one replacement at a time, one queued. A reload and
/// an upgrade never run side by side; of each kind one more may be queued behind what runs, and the
/// upgrade goes first. What is queued may take the place of what runs when that is still loading
/// after so long that the log has told of it: the newer one may be what mends it.
/// Knows no process: the kinds say how they stand, and do the work when it is their turn.
/// Lives in: master.
class Turns {
  public:
    /// How the log speaks of a kind of replacement.
    struct Words {
        const char* started;  ///< what it starts: "a generation"
        const char* newest;   ///< the same as the one that is under way: "the generation"
        const char* queued;   ///< what happens later: "another reload follows"
        const char* newer;    ///< what takes another one's place: "a newer reload"
    };

    /// One kind of replacement: reloads or upgrades.
    class Kind {
      public:
        [[nodiscard]] virtual const Words& words() const = 0;
        virtual Replacement& record() = 0;

        /// What it starts is under way, also when nobody has asked for it.
        [[nodiscard]] virtual bool is_busy() const = 0;

        /// That is still loading, for so long that something newer may take its place.
        [[nodiscard]] virtual bool is_slow() const = 0;

        /// The queued one is worth that. When it is not, its waiters have been told so.
        virtual bool is_sound() = 0;

        /// Begins the queued one. Its end calls Turns::next().
        virtual void begin() = 0;

        /// What is under way fails for this reason, now or soon.
        virtual void give_up(const std::string& why) = 0;

      protected:
        ~Kind() = default;
    };

    /// Adds a kind, before anything is asked for; those that are added first go first.
    void add(Kind& kind) { kinds_.push_back(&kind); }

    enum class Asked { Begun, Queued, Answered };

    /// A replacement is wanted: begins it, queues it, or answers at once when there is no server
    /// any more that could be replaced.
    Asked ask(Kind& kind, Replacement::Done done);

    /// A replacement is over: begins the one that is queued. False when there is none.
    bool next();

    /// Gives up what runs when it is slow and something sound is queued.
    void supersede();

    [[nodiscard]] bool is_busy() const { return running() != nullptr; }

    [[nodiscard]] bool is_anything_queued() const { return queued() != nullptr; }

    /// The server stops: all that was asked for, and will be, fails for this reason.
    void close(const std::string& reason);

    [[nodiscard]] bool is_closed() const { return closed_.has_value(); }

    /// Another master leads from now on, so whoever wants something newer has it: they are told
    /// `outcome`, that of the upgrade.
    void hand_over(const ReloadStatus& outcome);

  private:
    [[nodiscard]] Kind* running() const;
    [[nodiscard]] Kind* queued() const;

    std::vector<Kind*> kinds_;
    std::optional<std::string> closed_;
    std::optional<ReloadStatus> handed_over_;
};

}  // namespace geventd::master
