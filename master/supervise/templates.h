// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/supervise/launch_kit.h"
#include "master/supervise/respawn_policy.h"
#include "master/supervise/template_handle.h"
#include "master/supervise/worker_source.h"

namespace geventd::master {

/// The template of a generation and its spare. The spare is forked by the template as soon as that
/// has loaded, and takes over when the template dies: so workers of this generation can be started
/// even when the files on disk are another version by now. Only when both are gone is a fresh
/// template exec'd, with back-off; serving workers do not notice any of it. One that does not
/// load or answer is killed and counts as gone at once, whatever keeps its process; but while many
/// of those are still there no more are started. Lives in: master, in its generation.
class Templates final : public WorkerSource {
  public:
    Templates(const Surroundings& surroundings, LaunchKit& kit, const config::Limits& limits);

    /// Execs the first template. Throws when it cannot be started.
    void launch();

    /// Looks what is over its time; kills it.
    void check_deadlines(TimePoint now);

    /// Why the first template cannot be used; nullopt while it loads and once it has loaded. To be
    /// asked before maintain(), which loads anew.
    [[nodiscard]] std::optional<std::string> load_failure() const;

    /// Peers of the connections that the application holds once it is loaded, until that template
    /// has gone; "" when there are none.
    [[nodiscard]] std::string connections() const {
        return current_ ? current_->connections() : std::string();
    }

    [[nodiscard]] bool can_start() const override;
    bool has_lost_requests() override;
    std::optional<Started> start(std::uint32_t slot, std::uint32_t worker) override;

    /// Draws the conclusions of what happened: promotes, asks for a spare, execs.
    void maintain(TimePoint now);

    /// Only checks deadlines and removes what is gone, for a generation that ends.
    void bury(TimePoint now);

    /// Starts nothing more, and keeps but the template that has loaded the application.
    void retire();

    /// Has all leave.
    void dismiss();
    void kill(std::string_view reason);

    /// True when the exit was of one of these.
    bool on_exit(const ChildExit& exit);
    void broadcast(const ipc::Message& message);

    [[nodiscard]] bool empty() const { return !current_ && !spare_ && hung_.empty(); }

    /// The log has told that one takes long to load the application.
    [[nodiscard]] bool is_slow() const { return current_ && current_->is_slow(); }

    /// One was replaced, since this was asked last: what it was asked for will not come.
    bool take_replacement() { return std::exchange(replaced_, false); }

    /// Why nothing can be forked, when too many in a row, since one last answered, have hung or
    /// died; nullopt while there is hope. To be asked until workers serve.
    [[nodiscard]] std::optional<std::string> fork_failure() const;

    [[nodiscard]] TimePoint next_deadline() const;

    [[nodiscard]] pid_t pid() const { return current_ ? current_->pid() : 0; }

    [[nodiscard]] pid_t spare_pid() const { return spare_ ? spare_->pid() : 0; }

    [[nodiscard]] const std::string& last_error() const { return last_error_; }

    [[nodiscard]] bool crash_looping(TimePoint now) const { return policy_.crash_looping(now); }

  private:
    using Handle = std::unique_ptr<TemplateHandle>;

    [[nodiscard]] std::vector<TemplateHandle*> all() const;
    [[nodiscard]] TimePoint next_start() const;
    /// `slot`: of the worker that is asked for; none for a spare.
    std::optional<ipc::Channel> ask_for_fork(ipc::Message request,
                                             std::optional<std::uint32_t> slot = {});
    void settle_spare();
    void let_go(Handle& handle);
    void replace_current(TimePoint now);
    void launch_again();
    void request_spare(TimePoint now);

    const Surroundings& surroundings_;
    LaunchKit& kit_;
    Patience patience_;
    Handle current_;
    Handle spare_;
    std::vector<Handle> hung_;  ///< killed, but not gone yet; nothing waits for them
    bool replaced_ = false;
    int hangs_ = 0;   ///< in a row, since one last answered
    int deaths_ = 0;  ///< in a row, without any answer; also of those that have hung
    RespawnPolicy policy_;
    RespawnPolicy spare_policy_;
    TimePoint launch_at_ = TimePoint::max();
    TimePoint spare_at_;
    std::string last_error_;
    std::string last_failure_;  ///< last_error_ with what the application said, such as a traceback
};

}  // namespace geventd::master
