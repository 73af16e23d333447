// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace geventd::py {

/// What ps and /proc/PID/cmdline show of this process. The title overwrites the arguments of the
/// exec, among which the master leaves room. If the kernel does not say where they are, no title is
/// shown.
/// Lives in: template, worker, check. One a process, for the process' life, because the environment
/// may point into it.
class ProcessTitle {
  public:
    ProcessTitle() = default;
    ProcessTitle(const ProcessTitle&) = delete;
    ProcessTitle& operator=(const ProcessTitle&) = delete;
    ~ProcessTitle() = default;

    /// Sets the application's title, which replaces the server's for good. May use the memory of
    /// the environment, too; a longer title is cut. Also sets the process' short name (15 bytes).
    /// False when there is no place for a title.
    bool set(std::string_view title);

    /// Sets the server's title, unless the application has set one. Does not change the short name
    /// or the environment.
    void show(std::string_view title);

    /// Sets what show_in_child() shows.
    void name_children(std::string title) { title_of_children_ = std::move(title); }

    /// In a process that the application forked: shows that it is no worker, unless the application
    /// has set a title. Async-signal-safe.
    void show_in_child() noexcept;

  private:
    /// Addresses; the first is 0 until the place was found.
    struct Place {
        std::uintptr_t arguments = 0;
        std::uintptr_t arguments_end = 0;
        std::uintptr_t environment = 0;
        std::uintptr_t environment_end = 0;
    };

    bool find_place();
    void write(std::string_view title, std::uintptr_t end) const noexcept;
    void move_environment();

    Place place_;
    bool set_by_application_ = false;
    std::string title_of_children_;
    std::vector<std::unique_ptr<std::string>> moved_;  ///< variables of the environment
};

}  // namespace geventd::py
