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

/// Gathers where the greenlets of workers stand, for those who ask over the control socket. Workers
/// that do not answer in time (C code keeps their GIL) are told of as such, with the stack that
/// blocks their hub if that is known.
/// Lives in: master.
class StackDesk {
  public:
    /// Given a JSON document, {"workers": [...]}.
    using Done = std::function<void(const std::string& document)>;

    /// A worker that can be asked.
    struct Witness {
        /// Asks; null when that cannot be done.
        using Ask = std::function<std::unique_ptr<StackQuery>(const StackQuery::Question&,
                                                              StackQuery::Done)>;

        std::uint32_t generation = 0;
        std::uint32_t worker = 0;  ///< its number
        pid_t pid = 0;
        std::string blocked;  ///< the stack that blocks its hub; "": the hub turns
        Ask ask;              ///< only called during collect()
    };

    StackDesk(event::Loop& loop, event::DeadlineClock& clock);
    StackDesk(const StackDesk&) = delete;
    StackDesk& operator=(const StackDesk&) = delete;
    ~StackDesk();

    /// `done` is called later, from the loop. Fails when too many ask at once.
    Result<void> collect(const std::vector<Witness>& workers, const std::string& request,
                         Done done);

  private:
    struct Collection;

    void on_complete(Collection& collection) noexcept;

    event::Loop& loop_;
    event::DeadlineList patience_;
    std::list<std::unique_ptr<Collection>> collections_;
};

}  // namespace geventd::master
