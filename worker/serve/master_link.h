// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/fd.h"
#include "event/loop.h"
#include "ipc/channel.h"

namespace geventd::worker {

class Overtime;
class Worker;

/// A serving worker's end of the channel to the master: carries out what the master asks and drains
/// when the master is gone. A SIGTERM sent to the worker itself drains it too.
///
/// When the application closes the channel, another copy takes its place
/// (worker/process/overtime.h), and the worker is replaced. Lives in: worker, loop side.
class MasterLink {
  public:
    MasterLink(Worker& worker, ipc::Channel& channel, Overtime& overtime);
    ~MasterLink();
    MasterLink(const MasterLink&) = delete;
    MasterLink& operator=(const MasterLink&) = delete;

    /// Also handles messages already queued, so that a pause sent before Ready applies to the first
    /// connection. `observer` is the master's end of the observer's channel.
    void say_ready(UniqueFd observer);

    /// The application has closed every copy of the channel.
    [[nodiscard]] bool is_cut_off() const { return channel_.fd() < 0; }

    /// Asks for a successor of this worker.
    void ask_for_successor(ipc::Due due) noexcept;

  private:
    void on_message(int events) noexcept;
    void receive();
    bool has_channel();
    int replace_channel();
    void tell_lost();
    void on_terminate(int events) noexcept;
    void handle(ipc::Message& message);
    void drain(ipc::DrainReason reason);
    void renew_certificates(const ipc::Message& message);

    Worker& worker_;
    Overtime& overtime_;
    ipc::Channel& channel_;
    int lost_ = -1;      ///< the former number of the channel or its copy; -1: none is lost
    bool told_ = false;  ///< the loss has been logged
    event::Io io_;
    UniqueFd terminate_fd_;
    event::Io terminate_io_;
};

}  // namespace geventd::worker
