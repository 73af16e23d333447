// SPDX-License-Identifier: MIT
#include "master/signals/memories.h"

#include <algorithm>
#include <string>

#include "log/logger.h"
#include "shm/signal_migration.h"

namespace geventd::master {

namespace {

// Delay between two renewals: each renewal doubles it, up to the longest. After a quiet time the
// first one is immediate again.
constexpr Duration kFirstDelay = std::chrono::seconds(1);
constexpr Duration kLongestDelay = std::chrono::seconds(30);
constexpr Duration kQuietTime = 4 * kLongestDelay;

}  // namespace

SignalMemories::SignalMemories(const config::Signals& settings, const shm::SignalLoads& loads)
    : settings_(settings), loads_(loads), delay_(kFirstDelay) {
    all_.push_back(std::make_unique<SignalMemory>(settings_, loads_, std::vector<int>()));
    serving_ = all_.front().get();
}

SignalMemory& SignalMemories::of_generation(std::uint32_t generation) const {
    const auto found = of_generation_.find(generation);
    return found == of_generation_.end() ? *all_.back() : *found->second;
}

SignalMemory& SignalMemories::of_slot(std::uint32_t slot) const {
    const auto found = of_slot_.find(slot);
    return found == of_slot_.end() ? *serving_ : *found->second;
}

void SignalMemories::begin(std::uint32_t generation) {
    SignalMemory& memory = of_generation(generation);
    of_generation_[generation] = &memory;
    memory.recovery.begin(generation);
}

void SignalMemories::serve(std::uint32_t generation) {
    serving_ = &of_generation(generation);
    serving_->recovery.serve(generation);
    // Older generations are draining and start no more workers.
    of_generation_.erase(of_generation_.begin(), of_generation_.lower_bound(generation));
}

void SignalMemories::hand_out(std::uint32_t slot, std::uint32_t generation) {
    release(slot);
    SignalMemory& memory = of_generation(generation);
    of_slot_[slot] = &memory;
    ++memory.users;
}

void SignalMemories::release(std::uint32_t slot) {
    if (const auto found = of_slot_.find(slot); found != of_slot_.end()) {
        --found->second->users;
        of_slot_.erase(found);
    }
}

bool SignalMemories::look(TimePoint now) {
    inspect(*serving_, now);
    if (all_.back().get() != serving_) {
        inspect(*all_.back(), now);
    }
    bool moved = false;
    for (const auto& memory : all_) {
        if (memory.get() == serving_) {
            break;  // the later ones belong to generations that do not serve yet
        }
        moved = shm::migrate(memory->recovery.table(), serving_->writer).moved > 0 || moved;
    }
    for (std::size_t index = all_.size(); index-- > 0;) {
        if (!is_used(*all_[index])) {
            let_go(*all_[index]);
            all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(index));
        }
    }
    return moved;
}

void SignalMemories::inspect(SignalMemory& memory, TimePoint now) {
    if (memory.damaged) {
        return;
    }
    const std::string damage = memory.inspection.look();
    if (damage.empty()) {
        return;
    }
    memory.damaged = true;
    if (next_renewal_ == TimePoint::min() || now - next_renewal_ > kQuietTime) {
        delay_ = kFirstDelay;
        next_renewal_ = now;
    }
    log::error(
        "the memory that workers share for signals and locks is damaged ({}): only code of the "
        "application can have written there; all workers are replaced, with a new memory",
        damage);
}

bool SignalMemories::is_used(const SignalMemory& memory) const {
    const auto has_it = [&](const auto& entry) { return entry.second == &memory; };
    return &memory == serving_ || &memory == all_.back().get() || memory.users > 0 ||
           std::any_of(of_generation_.begin(), of_generation_.end(), has_it);
}

void SignalMemories::let_go(const SignalMemory& memory) {
    const std::uint64_t lost = memory.count_left();
    status_.lost += lost;
    if (lost > 0) {
        log::error("{} {} lost with the damaged memory", lost,
                   lost == 1 ? "signal is" : "signals are");
    }
}

void SignalMemories::put_off_renewal(TimePoint now) {
    if (next_renewal_ <= now) {
        next_renewal_ = now + std::exchange(delay_, std::min(2 * delay_, kLongestDelay));
    }
}

void SignalMemories::renew(TimePoint now, std::vector<int> eventfds) {
    if (!serving_->damaged) {
        return;
    }
    next_renewal_ = now + std::exchange(delay_, std::min(2 * delay_, kLongestDelay));
    if (all_.back()->damaged) {
        all_.push_back(std::make_unique<SignalMemory>(settings_, loads_, std::move(eventfds)));
        status_.replaced += 1;
    }
}

}  // namespace geventd::master
