// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "ipc/channel.h"
#include "master/stacks/stack_collector.h"
#include "master/stacks/stack_query.h"
#include "master/status/status.h"
#include "master/supervise/hub_watch.h"
#include "master/supervise/services.h"
#include "shm/region.h"
#include "shm/request_table.h"
#include "shm/web_socket_table.h"

namespace geventd::master {

/// What the master sees of a worker that serves requests: whether its hub turns, which requests
/// occupy its cores, and where its greenlets stand. It sees all of that even while the worker is
/// stuck. A process without cores has no insight.
/// Lives in: master, in the handle of its worker.
class WorkerInsight final : private HubWatch::Worker {
  public:
    class Process {
      public:
        [[nodiscard]] virtual pid_t pid() const = 0;
        [[nodiscard]] virtual std::string title() const = 0;

        /// True when it was ready and has not been told to drain.
        [[nodiscard]] virtual bool serves() const = 0;
        [[nodiscard]] virtual bool drains() const = 0;
        virtual bool send(const ipc::Message& message) = 0;
        virtual void drain(ipc::DrainReason reason, Duration mercy) = 0;
        virtual void kill(std::string_view reason) = 0;

      protected:
        ~Process() = default;
    };

    /// What a worker has places for, as configured.
    struct Room {
        std::uint32_t cores = 0;
        std::uint32_t websockets = 0;
    };

    /// `slot`: the worker's in the scoreboard; outlives this object.
    WorkerInsight(const Services& services, Process& process, const SlotLease& slot, Room room);
    WorkerInsight(const WorkerInsight&) = delete;
    WorkerInsight& operator=(const WorkerInsight&) = delete;
    ~WorkerInsight() = default;

    /// The worker is ready: takes over the descriptors that it has sent (its tables of requests and
    /// WebSockets, and the line to its observer thread) and the file into which it writes stacks.
    void open(std::vector<UniqueFd>& fds, UniqueFd stacks);

    [[nodiscard]] std::uint32_t core_count() const { return room_.cores; }

    HubWatch& hub() { return hub_; }

    [[nodiscard]] const HubWatch& hub() const { return hub_; }

    /// While the worker serves or drains: checks its hub. Returns when to call again.
    TimePoint look_at_hub(TimePoint now);

    /// The successor of a worker with a blocked hub is ready: kills the worker and logs which
    /// requests are lost. First asks where those stand; if the hub turns again meanwhile, drains
    /// it instead.
    void replace_blocked(TimePoint now, Duration mercy);

    /// Asks where its greenlets stand; nullptr when the worker cannot be asked.
    std::unique_ptr<StackQuery> look(const StackQuery::Question& question, StackQuery::Done done);

    /// What the stack collector needs to ask it; `number` is the worker's in its generation.
    StackCollector::Target stack_target(std::uint32_t generation, std::uint32_t number);

    /// The requests that occupy its cores.
    [[nodiscard]] std::vector<shm::RequestTable::Entry> requests() const;
    [[nodiscard]] CoresStatus cores() const;

    /// Its open WebSockets.
    [[nodiscard]] std::vector<shm::WebSocketTable::Entry> websockets() const;

    /// A request of that name is in flight, or has become an open WebSocket.
    [[nodiscard]] bool runs(const std::string& name) const;

    void check_deadline(TimePoint now);

    [[nodiscard]] TimePoint deadline() const { return last_look_until_; }

    /// Overwrites counters reported by the worker where the master itself knows the true value.
    void correct(WorkerCounters& counters, TimePoint now) const;

  private:
    void ask_for_pulse() override;
    void ask_for_stack(ipc::StackOf which) override;

    [[nodiscard]] std::string title() const override { return process_.title(); }

    void end_blocked(const std::string& stacks);

    const Services& services_;
    Process& process_;
    const SlotLease& slot_;
    Room room_;
    HubWatch hub_;
    std::optional<shm::Region> requests_region_;
    std::optional<shm::RequestTable> requests_;
    std::optional<shm::Region> websockets_region_;
    std::optional<shm::WebSocketTable> websockets_;
    std::optional<ipc::Channel> observer_;
    std::unique_ptr<StackQuery> last_look_;
    TimePoint last_look_until_ = TimePoint::max();
    Duration mercy_{};
};

}  // namespace geventd::master
