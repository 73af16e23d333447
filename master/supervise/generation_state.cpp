// SPDX-License-Identifier: MIT
// Generation: its states and their order.
#include "master/supervise/generation.h"

namespace geventd::master {

std::string_view name(Generation::State state) {
    using State = Generation::State;
    switch (state) {
        case State::Loading:
            return "loading";
        case State::Booting:
            return "booting";
        case State::Serving:
            return "serving";
        case State::Draining:
            return "draining";
        case State::Done:
            return "done";
        case State::Failed:
            return "failed";
    }
    return "";
}

bool can_follow(Generation::State from, Generation::State to) {
    using State = Generation::State;
    switch (to) {
        case State::Loading:
            return false;
        case State::Booting:
            return from == State::Loading;
        case State::Serving:
            return from == State::Booting;
        case State::Draining:
            return from <= State::Serving;
        case State::Done:
            return from == State::Draining;
        case State::Failed:
            return from == State::Loading || from == State::Booting;
    }
    return false;
}

}  // namespace geventd::master
