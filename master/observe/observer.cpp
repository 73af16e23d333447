// SPDX-License-Identifier: MIT
#include "master/observe/observer.h"

#include <exception>
#include <utility>

#include "log/logger.h"

namespace geventd::master {

Observer::Observer(event::DeadlineClock& clock, const shm::Scoreboard& board, Look look,
                   FullWatch::Waiting waiting)
    : look_(std::move(look)),
      history_(board),
      failures_(board),
      full_(std::move(waiting)),
      timer_(clock) {
    timer_.bind<&Observer::look>(this);
}

void Observer::look() noexcept {
    start();
    try {
        const std::vector<GenerationStatus> generations = look_();
        history_.add(generations, Clock::now(), std::chrono::system_clock::now());
        failures_.look(generations);
        full_.look(generations);
    } catch (const std::exception& error) {
        log::error("a second of the history is missing: {}", error.what());
    }
}

void Observer::complete(Status& status) const {
    history_.complete(status);
    status.failures = failures_.newest();
}

}  // namespace geventd::master
