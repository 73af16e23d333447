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

/// The template of a generation and its spare. The template forks the spare as soon as it has
/// loaded, and the spare takes over when the template dies. So workers of this generation can be
/// started even when the files on disk have changed. Only when both are gone is a new template
/// executed, after a delay; serving workers do not notice. A template that does not load or answer
/// is killed and counts as gone at once, even if its process stays; when several such processes
/// are left, no more are started.
/// Lives in: master, in its generation.
class Templates final : public WorkerSource {
  public:
    Templates(const Services& services, LaunchKit& kit, const config::Limits& limits);

    /// Executes the first template. Throws when it cannot be started.
    void launch();

    /// Kills processes that are past their time limit.
    void check_deadlines(TimePoint now);

    /// Why the first template cannot be used; nullopt while it loads and once it has loaded. Ask
    /// before maintain(), which starts another.
    [[nodiscard]] std::optional<std::string> load_failure() const;

    /// Peers of the connections that the application holds after loading; empty when there are
    /// none, and after that template has gone.
    [[nodiscard]] std::string connections() const {
        return current_ ? current_->connections() : std::string();
    }

    [[nodiscard]] bool can_start() const override;
    bool has_lost_requests() override;
    std::optional<Started> start(std::uint32_t slot, std::uint32_t worker) override;

    /// Processes what happened: promotes the spare, asks for a spare, executes a template.
    /// Without `may_load` it does not load the application again, which may be another by now.
    void maintain(TimePoint now, bool may_load = true);

    /// For a generation that ends: only checks deadlines and removes processes that are gone.
    void clean_up(TimePoint now);

    /// Starts nothing more; only a loaded template stays, without the listening sockets.
    void retire();

    /// True until all of them have closed the listening sockets or have ended.
    [[nodiscard]] bool hold_sockets() const;

    /// Makes all of them exit.
    void dismiss();
    void kill(std::string_view reason);

    /// True when the exited process is one of these.
    bool on_exit(const ChildExit& exit);
    void broadcast(const ipc::Message& message);

    [[nodiscard]] bool empty() const { return !current_ && !spare_ && hung_.empty(); }

    /// True when loading the application has been logged as slow.
    [[nodiscard]] bool is_slow() const { return current_ && current_->is_slow(); }

    /// True once after a template was replaced: its unanswered requests are lost.
    bool take_replacement() { return std::exchange(replaced_, false); }

    /// Why nothing can be forked: too many templates in a row have hung or died without an answer.
    /// nullopt while it may succeed. Meaningful until workers serve.
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
    /// `slot`: of the worker to fork; nullopt for a spare.
    std::optional<ipc::Channel> ask_for_fork(ipc::Message request,
                                             std::optional<std::uint32_t> slot = {});
    void settle_spare();
    void let_go(Handle& handle);
    void replace_current(TimePoint now);
    void launch_again();
    void request_spare(TimePoint now);

    const Services& services_;
    LaunchKit& kit_;
    Patience patience_;
    Handle current_;
    Handle spare_;
    std::vector<Handle> hung_;  ///< killed, but not gone yet
    bool replaced_ = false;
    bool may_load_ = true;
    int hangs_ = 0;   ///< in a row, since the last answer
    int deaths_ = 0;  ///< in a row without an answer; includes hangs_
    RespawnPolicy policy_;
    RespawnPolicy spare_policy_;
    TimePoint launch_at_ = TimePoint::max();
    TimePoint spare_at_;
    std::string last_error_;
    std::string last_failure_;  ///< last_error_ plus the application's traceback, if any
};

}  // namespace geventd::master
