// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "ipc/stack_signal.h"
#include "master/stacks/stack_file.h"

namespace geventd::master {

/// Watches a process that is to get one thing done before it can be of use: load the application,
/// get ready, answer. When that takes long the log says so, with the Python stack where the process
/// stands, and again each time after twice as long; when it takes too long, the owner is told.
///
///   Idle ──begin()──▶ Waiting ──time to tell, or the limit──▶ Asked (for its stack) ──▶ Waiting
///     ▲                  │                                                       └──limit──▶ Over
///     └──────end()───────┘ (of any)
///
/// Lives in: master, in the handle of the process.
class Standstill {
  public:
    struct Limits {
        Duration tell{};        ///< 0: never
        Duration limit{};       ///< 0: none
        std::string_view name;  ///< of the limit, for the log
    };

    class Process {
      public:
        virtual void ask_for_stack(ipc::StackOf which) = 0;

        /// As in /proc/PID/stat; 0 when it is not known.
        [[nodiscard]] virtual char process_state() const = 0;

        /// For the log: "the template (pid 42)".
        [[nodiscard]] virtual std::string subject() const = 0;

      protected:
        ~Process() = default;
    };

    explicit Standstill(Process& process) : process_(process) {}

    /// The process is about to do it; `deed` reads "loading the application".
    void begin(TimePoint now, std::string_view deed, Limits limits);
    void end();

    /// The process writes its stack there.
    void open(UniqueFd&& stacks) { stacks_.open(std::move(stacks)); }

    UniqueFd release_stacks() { return stacks_.release(); }

    void look(TimePoint now);

    [[nodiscard]] TimePoint next_look() const { return next_look_; }

    /// The log has told of it.
    [[nodiscard]] bool is_told() const { return told_; }

    /// It has taken longer than the limit; where it stands is known as well as it can be.
    [[nodiscard]] bool is_over() const { return state_ == State::Over; }

    [[nodiscard]] std::string_view limit_name() const { return limits_.name; }

    /// A phrase: "it stands at:\n  File ...".
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
    std::string_view deed_;
    Limits limits_;
    TimePoint begun_;
    TimePoint next_look_ = TimePoint::max();
    TimePoint tell_at_ = TimePoint::max();
    TimePoint limit_at_ = TimePoint::max();
    bool told_ = false;
    std::string place_;
};

}  // namespace geventd::master
