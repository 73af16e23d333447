// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>

#include "base/clock.h"
#include "config/settings.h"
#include "master/supervise/launch_kit.h"
#include "master/supervise/pool.h"
#include "master/supervise/scaling.h"
#include "master/supervise/services.h"

namespace geventd::master {

/// How many workers a generation has: by its settings and by orders, by the load with
/// workers.cheaper, and fewer while another generation takes its place.
/// Lives in: master, in a generation.
class Strength {
  public:
    /// `former_workers`: those of the generation that is replaced.
    Strength(const Services& services, Pool& workers, const config::Workers& settings,
             int former_workers);

    /// Asks for the first workers.
    void boot();

    /// Changes the number of workers of a serving generation; with workers.cheaper, the maximum.
    void resize(int count);

    /// The maximum with workers.cheaper, else the number of workers; those of before while it is
    /// reduced.
    [[nodiscard]] int most() const;

    /// The number of workers, or what it was before it was reduced.
    [[nodiscard]] int normal() const { return full_ != 0 ? static_cast<int>(full_) : count(); }

    /// With workers.cheaper, when a look is due: adapts the number to the load.
    void scale(const LaunchKit& kit, TimePoint now);

    /// When to call scale() again.
    [[nodiscard]] TimePoint next_look() const;

    /// Drains one worker for each ready worker of the successor, but keeps one.
    void make_room(int successors);

    /// Drains all workers. Their source stays.
    void step_aside();

    /// After make_room() or step_aside(): returns to the full number. False when it has that.
    bool restore();

    [[nodiscard]] bool is_aside() const { return full_ != 0 && workers_.size() == 0; }

  private:
    [[nodiscard]] int count() const { return static_cast<int>(workers_.size()); }

    [[nodiscard]] bool may_scale() const { return scaling_ && full_ == 0; }

    void remember();

    const Services& services_;
    Pool& workers_;
    std::optional<Scaling> scaling_;  ///< workers.cheaper
    int first_;
    std::size_t full_ = 0;  ///< workers before make_room() or step_aside(); 0: all are there
};

}  // namespace geventd::master
