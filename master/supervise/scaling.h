// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace geventd::master {

/// How busy a pool of workers is at one moment.
struct Load {
    int ready = 0;            ///< workers that serve
    int starting = 0;         ///< workers that will serve soon
    std::uint64_t cores = 0;  ///< cores of the workers that serve
    std::uint64_t busy = 0;
    std::uint64_t queued = 0;   ///< requests that wait for a core
    std::uint64_t backlog = 0;  ///< connections that wait in the kernel
    Duration lag{};             ///< lag that at least half of the hubs have reached
};

/// The lag that at least half of the hubs have reached.
Duration common_lag(std::vector<Duration> lags);

/// Decides the number of workers with workers.cheaper, between that setting and workers.processes.
/// What counts is busy cores, waiting requests and connections, and late hubs: a worker with a
/// single request is not busy. Grows as soon as two looks in a row see pressure; shrinks by one
/// after a long calm in which one worker fewer would easily have been enough. When the load needs
/// that worker back soon, the next calm must be twice as long, so that a load at the edge of one
/// worker does not start and stop it all the time.
/// Pure: told of loads with their times.
/// Lives in: master, in a generation that has workers.cheaper.
class Scaling {
  public:
    struct Tuning {
        Duration look_every = std::chrono::milliseconds(500);
        double crowded = 0.75;  ///< share of busy cores that adds a worker
        double full = 0.95;     ///< share of busy cores that adds several at once
        double roomy = 0.5;     ///< highest share of busy cores if one worker left
        Duration late = std::chrono::milliseconds(100);  ///< hub lag that adds a worker
        Duration prompt = std::chrono::milliseconds(20);
        Duration calm = std::chrono::seconds(30);
        Duration longest_calm = std::chrono::minutes(10);
    };

    Scaling(int least, int most) : Scaling(least, most, Tuning{}) {}

    Scaling(int least, int most, const Tuning& tuning)
        : tuning_(tuning), least_(least), cheaper_(least), most_(most), calm_(tuning.calm) {}

    /// Changes the maximum (geventctl workers); lowers the minimum if needed and re-evaluates at
    /// once.
    void set_most(int most);

    [[nodiscard]] int most() const { return most_; }

    [[nodiscard]] bool is_due(TimePoint now) const { return now >= next_look_; }

    [[nodiscard]] TimePoint next_look() const { return next_look_; }

    /// Returns the new number of workers; `wanted` is the number so far.
    int look(int wanted, const Load& load, TimePoint now);

    /// Why the latest look() changed the number, as a phrase.
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
    Duration calm_;  ///< how long the calm before the next step down must be
    TimePoint next_look_;
    TimePoint calm_since_ = TimePoint::max();
    TimePoint last_up_ = TimePoint::min();
    TimePoint last_down_ = TimePoint::min();
    bool pressed_ = false;
    std::string reason_;
};

}  // namespace geventd::master
