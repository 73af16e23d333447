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

/// Checks whether the hub of one worker turns. The master asks over the worker's channel, and the
/// hub answers in the scoreboard. An idle hub wakes up and answers, a blocked one does not; the
/// time to the answer is the hub's lag.
///
///   Turning ──no answer for limits.blocked-hub──▶ Stuck (its stack is asked for) ──▶ Reported
///      ▲                                                                                │
///      └──────────────────────────────── an answer ────────────────────────────────────┘
///
/// Lives in: master, in the handle of its worker.
class HubWatch {
  public:
    struct Limits {
        Duration blocked{};  ///< limits.blocked-hub; 0: nothing is reported
        Duration kill{};     ///< limits.kill-blocked-hub; 0: never
        Duration drain{};    ///< how long a worker may report that its hub has ended

        static Limits of(const config::Settings& settings) {
            return {settings.limits.blocked_hub, settings.limits.kill_blocked_hub,
                    config::whole_drain(settings.limits) + config::drain_of_sessions(settings)};
        }
    };

    /// What the watch needs of the worker: messages to it, and its name for the log.
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

    /// The worker serves; `stacks` is the file that it writes stacks into.
    void open(UniqueFd&& stacks) { stacks_.open(std::move(stacks)); }

    /// Asks the hub, or checks for its answer. Returns when to call look() again.
    TimePoint look(TimePoint now);

    /// True when the hub has been blocked for limits.kill-blocked-hub, and still is.
    [[nodiscard]] bool is_past_limit() const { return past_limit_ && !answered(); }

    [[nodiscard]] bool is_blocked() const { return state_ != State::Turning; }

    /// In microseconds. A lag reported by the worker is cut to a day.
    static constexpr std::uint64_t kMostLag = 86'400'000'000;

    [[nodiscard]] std::uint64_t lag() const;

    /// How late the hub is: the age of the unanswered question, else the lag of the newest answer.
    [[nodiscard]] Duration lateness(TimePoint now) const;

    /// How often the hub was blocked for longer than limits.blocked-hub.
    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }

    /// How long the hub has been blocked; zero when it is not.
    [[nodiscard]] Duration blocked(TimePoint now) const {
        return is_blocked() ? now - blocked_since_ : Duration::zero();
    }

    /// How long the current question has been unanswered; zero when no answer is awaited.
    [[nodiscard]] Duration silence(TimePoint now) const;

    /// What the worker has written since the last ask_for_stack(); empty when nothing.
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
    bool past_limit_ = false;
    std::int64_t question_ = 0;  ///< written to the slot; the answer repeats it
    std::int64_t former_question_ = 0;
    std::uint64_t blocks_ = 0;
    TimePoint blocked_since_;
    TimePoint asked_;       ///< time of the question, plus time the master stood still
    TimePoint over_until_;  ///< set once the worker has reported that its hub has ended
    TimePoint expected_;    ///< when the next look() is due
    ipc::StackOf stack_of_ = ipc::StackOf::HubThread;
};

}  // namespace geventd::master
