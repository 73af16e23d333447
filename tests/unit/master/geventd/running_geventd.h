// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"

namespace geventd::testing {

/// Runs the real geventd with fake workers, in a folder of its own. Every wait is for a line of
/// its log and fails the test at the timeout. A process that is left at the end fails the test,
/// too.
class RunningGeventd {
  public:
    /// `settings` are the lines of the configuration except `control` and `log`.
    explicit RunningGeventd(const std::string& settings,
                            const std::vector<std::string>& arguments = {});
    RunningGeventd(const RunningGeventd&) = delete;
    RunningGeventd& operator=(const RunningGeventd&) = delete;
    ~RunningGeventd();

    /// Rewrites the configuration for the next reload.
    void configure(const std::string& settings) const;

    /// Waits for the next line that contains `text`; skips the lines before it.
    std::string await(const std::string& text);

    /// Waits until the named process ("worker 1", "spare template") has entered the state once more
    /// since the last call; returns its pid. Does not consume lines for await().
    pid_t await_state(const std::string& process, const std::string& state);

    void signal(int number) const;

    /// The exit code; -1 if it was killed.
    int await_exit();

    /// Everything logged so far.
    [[nodiscard]] const std::string& log() const { return log_; }

    [[nodiscard]] const std::string& folder() const { return folder_; }

  private:
    bool read_more();
    std::string await_from(std::size_t& position, const std::string& text);
    void learn_pids(const std::string& line);

    std::string folder_;
    pid_t pid_ = 0;
    UniqueFd output_;
    std::string log_;
    std::size_t passed_ = 0;
    std::map<std::string, std::size_t> states_seen_;
    std::set<pid_t> pids_;
};

/// The port in a ready line, of its first or a later address.
int port_in(const std::string& ready_line, int which = 0);

/// What the server on the port sends until it closes; "" if the connection was refused or reset.
std::string ask(int port);

bool wait_until_gone(pid_t pid);

}  // namespace geventd::testing
