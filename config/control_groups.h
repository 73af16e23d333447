// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace geventd::config {

/// The limits of this process' control groups, its own and those above it, of version 1 and 2 and
/// of systems with both. In a container the hierarchy may be mounted with the container's group at
/// its top while /proc tells the path that the host sees: then the top is this process' group.
class ControlGroups {
  public:
    /// `root`: a folder with proc and sys that stands for /.
    explicit ControlGroups(std::string root = "");

    /// The whole CPUs that the smallest quota grants, at least 1; 0: there is none.
    [[nodiscard]] int cpus() const;

    /// The bytes that the smallest limit grants; 0: there is none.
    [[nodiscard]] std::uint64_t memory() const;

  private:
    struct Mount {
        std::string top;    ///< the path of the group that is mounted
        std::string point;  ///< where it is mounted
    };

    /// Calls `action` with each folder of a group of this process that can be seen.
    template <typename Action>
    void for_each_folder(std::string_view controller, Action action) const;

    [[nodiscard]] std::vector<Mount> mounts_of(std::string_view controller) const;
    [[nodiscard]] std::string group_of(std::string_view controller) const;
    [[nodiscard]] std::string first_line(const std::string& path) const;

    std::string root_;
};

}  // namespace geventd::config
