// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "master/status/status.h"

namespace geventd::master {

/// What can be known of the running server. Every call belongs to the loop's thread and returns at
/// once.
class Views {
  public:
    virtual ~Views() = default;

    /// Without what takes a while to find out: the memory of processes.
    [[nodiscard]] virtual Status status() const = 0;

    /// Like status(), plus the memory of each process (may take milliseconds).
    [[nodiscard]] virtual Status full_status() = 0;

    /// The server's last minutes, a point a second, oldest first.
    [[nodiscard]] virtual const std::deque<HistoryPoint>& history() const = 0;

    /// What occupies the cores of all workers, the oldest first; also of those that are stuck.
    [[nodiscard]] virtual std::vector<RequestStatus> requests() const = 0;

    /// Where the greenlets stand, of all workers, of those with a number, or of one request, as a
    /// JSON document. `done` is called when it is there. Fails when there is nothing of that name.
    using StacksDone = std::function<void(const std::string& document)>;
    virtual Result<void> stacks(const std::string& of, StacksDone done) = 0;
};

}  // namespace geventd::master
