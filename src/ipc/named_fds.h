// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace geventd::ipc {

/// Descriptors under names, in the order in which they were added. Several may have one name. So a
/// message can carry one thing more without that anybody counts positions.
class NamedFds {
  public:
    NamedFds() = default;

    /// As they came in a message: its descriptors, and names() of who sent them. Throws
    /// std::runtime_error when these are not as many as named.
    NamedFds(std::string_view names, std::vector<UniqueFd> fds);

    void add(std::string_view name, UniqueFd fd);
    void add_all(std::string_view name, std::vector<UniqueFd> fds);

    /// The only one of that name. Throws std::runtime_error when there is none, or another.
    UniqueFd take(std::string_view name);

    /// All of that name, in order.
    std::vector<UniqueFd> take_all(std::string_view name);

    /// Throws std::runtime_error when there is one left that nobody has taken.
    void expect_none() const;

    /// "config scoreboard listener*2": for who receives them.
    [[nodiscard]] std::string names() const;

    /// All of them, for a message.
    std::vector<UniqueFd> release();

  private:
    struct Group {
        std::string name;
        std::vector<UniqueFd> fds;
    };

    std::vector<Group> groups_;
};

}  // namespace geventd::ipc
