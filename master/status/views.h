// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "master/status/status.h"

namespace geventd::master {

/// Everything that can be read from the running server. All calls are made in the loop's thread
/// and return at once.
class Views {
  public:
    virtual ~Views() = default;

    /// Without the memory of processes, which takes longer to measure.
    [[nodiscard]] virtual Status status() const = 0;

    /// Like status(), plus the memory of each process (may take milliseconds).
    [[nodiscard]] virtual Status full_status() = 0;

    /// The last minutes of the server, one point a second, oldest first.
    [[nodiscard]] virtual const std::deque<HistoryPoint>& history() const = 0;

    /// The requests that occupy the cores of all workers, oldest first; works for stuck workers,
    /// too.
    [[nodiscard]] virtual std::vector<RequestStatus> requests() const = 0;

    /// The open WebSockets of all workers, oldest first; of stuck workers, too.
    [[nodiscard]] virtual std::vector<WebSocketStatus> websockets() const = 0;

    /// Where greenlets stand, as a JSON document: of all workers, of those with a number, or of
    /// one request. `done` is called later with it. Fails when nothing has that name.
    using StacksDone = std::function<void(const std::string& document)>;
    virtual Result<void> stacks(const std::string& of, StacksDone done) = 0;
};

}  // namespace geventd::master
