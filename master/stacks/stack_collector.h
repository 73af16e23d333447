// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/deadlines.h"
#include "master/stacks/stack_query.h"

namespace geventd::master {

/// Collects where the greenlets of workers stand, for clients of the control socket. A worker that
/// does not answer in time (C code holds its GIL) is reported as such, with the stack that blocks
/// its hub, if known.
/// Lives in: master.
class StackCollector {
  public:
    /// Called with a JSON document, {"workers": [...]}.
    using Done = std::function<void(const std::string& document)>;

    /// A worker that can be asked.
    struct Target {
        /// Asks the worker; nullptr when it cannot be asked.
        using Ask = std::function<std::unique_ptr<StackQuery>(const StackQuery::Question&,
                                                              StackQuery::Done)>;

        std::uint32_t generation = 0;
        std::uint32_t worker = 0;  ///< its number
        pid_t pid = 0;
        std::string blocked;  ///< the stack that blocks its hub; empty: the hub turns
        Ask ask;              ///< only called during collect()
    };

    StackCollector(event::Loop& loop, event::DeadlineClock& clock);
    StackCollector(const StackCollector&) = delete;
    StackCollector& operator=(const StackCollector&) = delete;
    ~StackCollector();

    /// Calls `done` later, from the loop. Fails when too many clients ask at once.
    Result<void> collect(const std::vector<Target>& workers, const std::string& request, Done done);

  private:
    struct Collection;

    void on_complete(Collection& collection) noexcept;

    event::Loop& loop_;
    event::DeadlineList patience_;
    std::list<std::unique_ptr<Collection>> collections_;
};

}  // namespace geventd::master
