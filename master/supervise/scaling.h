// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace geventd::master {

/// How much its workers have to do, at one moment.
struct Load {
    int ready = 0;            ///< workers that serve
    int starting = 0;         ///< that will soon
    std::uint64_t cores = 0;  ///< of those that serve
    std::uint64_t busy = 0;
    std::uint64_t queued = 0;   ///< requests that wait for a core
    std::uint64_t backlog = 0;  ///< connections that wait in the kernel
    Duration lag{};             ///< at least half of the hubs are late by so much
};

/// The lag that at least half of the hubs have.
Duration common_lag(std::vector<Duration> lags);

/// Says how many workers there are to be with workers.cheaper: never fewer than that, never more
/// than workers.processes. One that has a request is not busy: what counts are busy cores, waiting
/// requests and connections, and late hubs. Goes up at once when a look confirms the one before,
/// down by one after a long calm in which one worker fewer would have done easily. Whenever a step
/// down turns out to be wrong soon, the calm must be twice as long, so that a load that needs one
/// worker at its edge does not make it come and go.
/// Pure: told of loads with their times.
/// Lives in: master, in a generation that has workers.cheaper.
class Scaling {
  public:
    struct Tuning {
        Duration look_every = std::chrono::milliseconds(500);
        double crowded = 0.75;  ///< part of the cores that are busy
        double full = 0.95;     ///< several workers are started at once
        double roomy = 0.5;     ///< part of the cores that one worker fewer would have
        Duration late = std::chrono::milliseconds(100);  ///< of a hub that has too much to do
        Duration prompt = std::chrono::milliseconds(20);
        Duration calm = std::chrono::seconds(30);
        Duration longest_calm = std::chrono::minutes(10);
    };

    Scaling(int least, int most) : Scaling(least, most, Tuning{}) {}

    Scaling(int least, int most, const Tuning& tuning)
        : tuning_(tuning), least_(least), cheaper_(least), most_(most), calm_(tuning.calm) {}

    /// Another most, by an operator; the least is not above it. A look is due then.
    void set_most(int most);

    [[nodiscard]] int most() const { return most_; }

    /// Whether it is time for a look.
    [[nodiscard]] bool is_due(TimePoint now) const { return now >= next_look_; }

    [[nodiscard]] TimePoint next_look() const { return next_look_; }

    /// The number of workers that there are to be from now on, when there were to be `wanted`.
    int look(int wanted, const Load& load, TimePoint now);

    /// Why the newest look changed the number, as a phrase.
    [[nodiscard]] const std::string& reason() const { return reason_; }

  private:
    [[nodiscard]] std::string pressure(const Load& load) const;
    [[nodiscard]] bool has_room(int wanted, const Load& load) const;
    int grow(int wanted, const Load& load, TimePoint now);
    int shrink(int wanted, TimePoint now);

    Tuning tuning_;
    int least_;
    int cheaper_;
    int most_;
    Duration calm_;  ///< that a step down needs, at present
    TimePoint next_look_;
    TimePoint calm_since_ = TimePoint::max();
    TimePoint last_up_ = TimePoint::min();
    TimePoint last_down_ = TimePoint::min();
    bool pressed_ = false;
    std::string reason_;
};

}  // namespace geventd::master
