// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "worker/requests/request.h"
#include "worker/sticky/mark.h"
#include "worker/sticky/rule.h"

namespace geventd::worker {

/// What a worker knows of sticky sessions: its own mark, and where requests have the id of theirs.
/// Lives in: worker, loop side.
struct Sticky {
    Mark own;
    Rule rule;

    /// The worker in which the request's session lives; nullopt: this one, or nobody is named.
    [[nodiscard]] std::optional<Mark> other_owner(const Request& request) const {
        const std::optional<Mark> owner = Mark::of(rule.id_of(request));
        return owner == own ? std::nullopt : owner;
    }
};

}  // namespace geventd::worker
