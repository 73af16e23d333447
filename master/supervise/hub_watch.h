// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "config/drain_time.h"
#include "config/settings.h"
#include "ipc/stack_signal.h"
#include "master/stacks/stack_file.h"
#include "shm/scoreboard.h"

namespace geventd::master {

/// Whether the hub of one worker turns. It is asked now and then, over the worker's channel, and
/// answers in the scoreboard: one that is idle wakes up and answers, one that something blocks does
/// not, and how long an answer takes is the hub's lag.
///
///   Turning ──no answer for limits.blocked-hub──▶ Stuck (its stack is asked for) ──▶ Reported
///      ▲                                                                                │
///      └──────────────────────────────── an answer ────────────────────────────────────┘
///
/// Lives in: master, in the handle of its worker.
class HubWatch {
  public:
    struct Limits {
        Duration blocked{};  ///< 0: nothing is reported
        Duration kill{};     ///< 0: never
        Duration drain{};    ///< for so long a worker may say that its hub is over

        static Limits of(const config::Limits& settings) {
            return {settings.blocked_hub, settings.kill_blocked_hub, config::whole_drain(settings)};
        }
    };

    /// What it does to the worker, and how it speaks of it.
    class Worker {
      public:
        virtual void ask_for_pulse() = 0;
        virtual void ask_for_stack(ipc::StackOf which) = 0;
        [[nodiscard]] virtual std::string title() const = 0;

      protected:
        ~Worker() = default;
    };

    HubWatch(Worker& worker, shm::WorkerSlot& slot) : worker_(worker), slot_(slot) {}

    void set_limits(Limits limits) { limits_ = limits; }

    /// The worker serves; it writes stacks into this file.
    void open(UniqueFd&& stacks) { stacks_.open(std::move(stacks)); }

    /// Asks and draws conclusions. Returns when it wants to look again.
    TimePoint look(TimePoint now);

    /// It is blocked for limits.kill-blocked-hub.
    [[nodiscard]] bool is_hopeless() const { return hopeless_; }

    [[nodiscard]] bool is_blocked() const { return state_ != State::Turning; }

    /// Microseconds, as the worker says; a day at most.
    static constexpr std::uint64_t kMostLag = 86'400'000'000;

    [[nodiscard]] std::uint64_t lag() const;

    /// How late the hub is: as long as it owes an answer, or as its newest answer took.
    [[nodiscard]] Duration lateness(TimePoint now) const;

    /// How often limits.blocked-hub was passed.
    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }

    /// For how long it is blocked; zero: it is not.
    [[nodiscard]] Duration blocked(TimePoint now) const {
        return is_blocked() ? now - blocked_since_ : Duration::zero();
    }

    /// For how long no answer has come; zero when none is awaited.
    [[nodiscard]] Duration silence(TimePoint now) const;

    /// What the worker has written since the last ask_for_stack(); "" when nothing.
    [[nodiscard]] std::string stack() const { return stacks_.text(); }

  private:
    enum class State : std::uint8_t { Turning, Stuck, Reported };

    [[nodiscard]] bool answered() const;
    [[nodiscard]] Duration pause() const;
    TimePoint over_until(TimePoint now);
    void ask(TimePoint now);
    TimePoint go_on_waiting(TimePoint now);
    void heal();
    void get_stuck(TimePoint now);
    void ask_for_stack(TimePoint now, ipc::StackOf which);
    void look_for_stack(TimePoint now);
    void report(TimePoint now, const std::string& text);
    void recover(TimePoint now);

    Worker& worker_;
    shm::WorkerSlot& slot_;
    Limits limits_;
    StackFile stacks_;
    State state_ = State::Turning;
    bool hopeless_ = false;
    std::int64_t question_ = 0;  ///< what the answer must be; the slot shows it to the worker
    std::int64_t former_question_ = 0;
    std::uint64_t blocks_ = 0;
    TimePoint blocked_since_;
    TimePoint asked_;       ///< moved on by the time that the master itself stood still
    TimePoint over_until_;  ///< once the worker has said that its hub is over
    TimePoint expected_;    ///< when look() should have been called
    ipc::StackOf stack_of_ = ipc::StackOf::HubThread;
};

}  // namespace geventd::master
