// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "ipc/stack_signal.h"
#include "master/stacks/stack_file.h"

namespace geventd::master {

/// Watches a process that has one thing to do before it can be used: load the application, get
/// ready, or answer. When that takes long, logs it with the Python stack of the process, and again
/// each time the duration has doubled; when it takes too long, tells the owner.
///
///   Idle ──begin()──▶ Waiting ──time to tell, or the limit──▶ Asked (for its stack) ──▶ Waiting
///     ▲                  │                                                       └──limit──▶ Over
///     └──────end()───────┘ (of any)
///
/// Lives in: master, in the handle of the process.
class Standstill {
  public:
    struct Limits {
        Duration tell{};        ///< time until it is logged as slow; 0: never
        Duration limit{};       ///< time until it is over; 0: no limit
        std::string_view name;  ///< the limit's name for the log
    };

    class Process {
      public:
        virtual void ask_for_stack(ipc::StackOf which) = 0;

        /// The state letter of /proc/PID/stat; 0 when unknown.
        [[nodiscard]] virtual char process_state() const = 0;

        /// For the log: "the template (pid 42)".
        [[nodiscard]] virtual std::string subject() const = 0;

      protected:
        ~Process() = default;
    };

    explicit Standstill(Process& process) : process_(process) {}

    /// The process starts to do it; `task` reads "loading the application".
    void begin(TimePoint now, std::string_view task, Limits limits);
    void end();

    /// `stacks` is the file into which the process writes its stack.
    void open(UniqueFd&& stacks) { stacks_.open(std::move(stacks)); }

    UniqueFd release_stacks() { return stacks_.release(); }

    void look(TimePoint now);

    [[nodiscard]] TimePoint next_look() const { return next_look_; }

    /// True when it has been logged as slow.
    [[nodiscard]] bool is_told() const { return told_; }

    /// True when the limit has passed and, if possible, the stack was collected.
    [[nodiscard]] bool is_over() const { return state_ == State::Over; }

    [[nodiscard]] std::string_view limit_name() const { return limits_.name; }

    /// Where the process stands, as a phrase: "it stands at:\n  File ...".
    [[nodiscard]] const std::string& place() const { return place_; }

    /// "12.3 s"
    [[nodiscard]] std::string duration(TimePoint now) const;

  private:
    enum class State { Idle, Waiting, Asked, Over };

    void ask(TimePoint now);
    void conclude(TimePoint now, std::string place);
    void wait();

    Process& process_;
    StackFile stacks_;
    State state_ = State::Idle;
    std::string_view task_;
    Limits limits_;
    TimePoint begun_;
    TimePoint next_look_ = TimePoint::max();
    TimePoint tell_at_ = TimePoint::max();
    TimePoint limit_at_ = TimePoint::max();
    bool told_ = false;
    std::string place_;
};

}  // namespace geventd::master
