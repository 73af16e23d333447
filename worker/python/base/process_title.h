// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace geventd::py {

/// What ps and /proc/PID/cmdline show of this process. It stands where the kernel put the arguments
/// at the exec; the master leaves room among them. Where the kernel does not say where that is,
/// nothing is shown.
/// Lives in: template, worker, check. One a process, for as long as that: the environment may point
/// into it.
class ProcessTitle {
  public:
    ProcessTitle() = default;
    ProcessTitle(const ProcessTitle&) = delete;
    ProcessTitle& operator=(const ProcessTitle&) = delete;
    ~ProcessTitle() = default;

    /// The application's title, which replaces the server's for good. It may take the place of the
    /// environment, too; a longer one is cut. The process' short name (15 bytes) changes with it.
    /// False when there is no place for a title.
    bool set(std::string_view title);

    /// The server's title; does nothing once the application has set one. The short name and the
    /// environment's place stay.
    void show(std::string_view title);

    /// What show_in_child() shows.
    void name_children(std::string title) { title_of_children_ = std::move(title); }

    /// In a process that the application forked: it does not pass for a worker, unless the
    /// application has set a title. Async-signal-safe.
    void show_in_child() noexcept;

  private:
    /// Addresses; the first one is 0 until the place was found.
    struct Place {
        std::uintptr_t arguments = 0;
        std::uintptr_t arguments_end = 0;
        std::uintptr_t environment = 0;
        std::uintptr_t environment_end = 0;
    };

    bool find_place();
    void write(std::string_view title, std::uintptr_t end) noexcept;
    void move_environment();

    Place place_;
    bool set_by_application_ = false;
    std::string title_of_children_;
    std::vector<std::unique_ptr<std::string>> moved_;  ///< variables of the environment
};

}  // namespace geventd::py
